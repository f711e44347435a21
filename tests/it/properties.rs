//! Random cases: properties of globs and windows.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caption::{Clip, FolderSearch, Input, UploadOptions};
use regex::Regex;
use support::random::Rng;

use support::audio::wav;
use support::random::{cases, one_of};

#[test]
fn windows_cover_any_audio_without_gap_or_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    cases(|random| {
        let rate = *[8_000, 16_000, 22_050].get(random.usize(..3)).unwrap();
        let frames = random.usize(1..rate as usize * 12);
        let loud = |random: &mut Rng| if random.u8(..4) == 0 { 0.0 } else { 0.5 };
        let mut samples = Vec::new();
        while samples.len() < frames {
            let level = loud(random);
            let len = random.usize(1..rate as usize).min(frames - samples.len());
            samples.extend((0..len).map(|n| if n % 7 < 3 { level } else { -level }));
        }
        fs::write(&path, wav(rate, 1, 8, &samples)).unwrap();
        let mut upload = UploadOptions::default();
        let length = Duration::from_millis(random.u64(1_000..6_000));
        upload.window = Some(length);
        let clip = Clip::open(&path).unwrap();
        let (mut end, mut sent) = (0.0, 0);
        for window in upload.windows(&clip).unwrap() {
            let (window, part) = window.unwrap();
            assert!((window.start - end).abs() < 1e-9, "{} after {end}", window.start);
            assert!(window.end > window.start);
            let reach = Duration::from_secs(2).min(length / 2).as_secs_f64();
            // A rest under a second joins the last window.
            let longest = length.as_secs_f64() + 2.0 * reach + 1.0;
            assert!(window.end - window.start <= longest + 1e-9, "{length:?}: {window:?}");
            sent += (part.len() - 44) / 2;
            end = window.end;
        }
        let (seconds, whole) = (frames as f64 / f64::from(rate), sent as f64 / 16_000.0);
        assert!((end - whole).abs() < 1e-9, "{end} s of windows, {whole} s sent");
        assert!((whole - seconds).abs() < 0.002, "{whole} s of {seconds} s");
    });
}

#[test]
fn globs_match_like_their_regular_expression() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "a.wav",
        "b.wav",
        "ab.wav",
        "a/b.wav",
        "a/a/a.wav",
        "b/a/ab.wav",
        "ab/c.wav",
        "b/b/b/b.wav",
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    let all = found(&FolderSearch::default(), folder.path()).unwrap();
    assert_eq!(all.len(), 8);
    cases(|random| {
        let tokens = ["a", "b", "*", "?", "**/", "/", "[ab]", "[!a]", "{a,b}", ".wav", "*.wav"];
        let parts: Vec<_> = (0..random.usize(1..6)).map(|_| one_of(random, &tokens)).collect();
        let glob = parts.concat();
        let is_plain = !glob.contains(['*', '?', '[', '{']);
        if is_plain
            || glob.contains("//")
            || glob.starts_with('/')
            || glob.ends_with('/')
            || glob.contains("***")
            || is_glued(&parts)
        {
            return;
        }
        let pattern = folder.path().join(&glob);
        let Ok(matched) = found(&FolderSearch::default(), &pattern) else { return };
        let regex = Regex::new(&format!(
            "^{}$",
            parts.iter().map(|part| as_regex(part)).collect::<String>()
        ))
        .unwrap();
        let is_match = |path: &Path| {
            let path = path.strip_prefix(folder.path()).unwrap();
            path.ancestors().any(|path| regex.is_match(&path.to_string_lossy()))
        };
        let expected: BTreeSet<_> = all.iter().filter(|path| is_match(path)).cloned().collect();
        assert_eq!(matched, expected, "{glob}");
    });
}

/// True if parts join to something else: `**` means folders only as a whole part of a path.
fn is_glued(parts: &[&str]) -> bool {
    parts.windows(2).any(|pair| match pair[1] {
        "**/" => !pair[0].ends_with('/'),
        other => other.starts_with('*') && pair[0].ends_with('*'),
    })
}

fn as_regex(part: &str) -> String {
    match part {
        "*" => "[^/]*".to_owned(),
        "*.wav" => "[^/]*\\.wav".to_owned(),
        "?" => "[^/]".to_owned(),
        "**/" => "(?:.*/)?".to_owned(),
        // In globset it matches a separator too.
        "[!a]" => "[^a]".to_owned(),
        "{a,b}" => "(?:a|b)".to_owned(),
        "[ab]" => part.to_owned(),
        part => regex::escape(part),
    }
}

fn found(search: &FolderSearch, pattern: &Path) -> Result<BTreeSet<PathBuf>, caption::Error> {
    let input = Input::parse(OsStr::new(pattern))?;
    Ok(search
        .expand(input)?
        .filter_map(Result::ok)
        .map(|input| PathBuf::from(input.name))
        // A glob without a `*` that matches nothing is a missing file.
        .filter(|path| path.exists())
        .collect())
}
