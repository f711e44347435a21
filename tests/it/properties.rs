//! Random cases: properties of manifests, globs and windows.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caption::audio::{Clip, UploadOptions};
use caption::input::{Input, Search};
use caption::manifest::Manifest;
use caption::manifest::entry::ManifestEntry;
use regex::Regex;
use support::random::Rng;

use support::audio::wav;
use support::random::{cases, one_of, soup};

/// Returns a line of a manifest with a hash made of its number.
fn line(number: usize, caption: &str) -> String {
    let record = serde_json::json!({
        "input": "x", "sha256": format!("{number:064x}"), "caption": caption, "model": "m",
    });
    format!("{record}\n")
}

fn knows(manifest: &Manifest, number: usize) -> Option<String> {
    let record: ManifestEntry = serde_json::from_str(&line(number, "")).unwrap();
    let found = manifest.get(&record.cache_key().unwrap())?;
    Some(found.into_answer().unwrap().caption)
}

#[test]
fn a_manifest_torn_anywhere_keeps_all_other_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    cases(|random| {
        let count = random.usize(1..6);
        let captions: Vec<String> = (0..count)
            .map(|_| {
                String::from_utf8_lossy(&soup(random, 5, &["Rain", "\n", "é", "\u{2028}", "}"]))
                    .into_owned()
                    + "x"
            })
            .collect();
        let lines: Vec<String> =
            captions.iter().enumerate().map(|(n, caption)| line(n, caption)).collect();
        let mut bytes = lines.concat().into_bytes();
        let torn = random.usize(..=bytes.len());
        bytes.truncate(torn);
        fs::write(&path, &bytes).unwrap();
        let added: ManifestEntry = serde_json::from_str(&line(99, "after")).unwrap();
        Manifest::open(&path).unwrap().append(&added).unwrap();
        let manifest = Manifest::open(&path).unwrap();
        let mut end = 0;
        for (number, caption) in captions.iter().enumerate() {
            // Only the line end may be missing.
            end += lines[number].len();
            let expected = (torn >= end - 1).then(|| caption.clone());
            assert_eq!(knows(&manifest, number), expected, "torn at {torn}");
        }
        assert_eq!(knows(&manifest, 99).as_deref(), Some("after"));
        assert!(manifest.unreadable_lines() <= 1);
    });
}

#[test]
fn junk_between_lines_loses_no_caption() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    cases(|random| {
        let mut bytes = Vec::new();
        let count = random.usize(1..5);
        for number in 0..count {
            let junk = soup(random, 6, &["{", "\"sha256\":", "\n", "\r\n", "null", "[", "{}"]);
            bytes.extend(junk);
            bytes.extend(b"\n");
            bytes.extend(line(number, "Rain.").bytes());
        }
        fs::write(&path, &bytes).unwrap();
        let manifest = Manifest::open(&path).unwrap();
        for number in 0..count {
            assert_eq!(knows(&manifest, number).as_deref(), Some("Rain."), "{bytes:?}");
        }
    });
}

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
        let mut splitter = upload.splitter(&Clip::open(&path).unwrap()).unwrap();
        let (mut end, mut sent) = (0.0, 0);
        while let Some(window) = splitter.next_window().unwrap() {
            assert!((window.start - end).abs() < 1e-9, "{} after {end}", window.start);
            assert!(window.end > window.start);
            let reach = Duration::from_secs(2).min(length / 2).as_secs_f64();
            // A rest under a second joins the last window.
            let longest = length.as_secs_f64() + 2.0 * reach + 1.0;
            assert!(window.end - window.start <= longest + 1e-9, "{length:?}: {window:?}");
            sent += (window.clip.len() - 44) / 2;
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
    let all = found(&Search::default(), folder.path()).unwrap();
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
        let Ok(matched) = found(&Search::default(), &pattern) else { return };
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

fn found(search: &Search, pattern: &Path) -> Result<BTreeSet<PathBuf>, caption::error::Error> {
    let input = Input::parse(OsStr::new(pattern))?;
    Ok(search
        .expand(input)?
        .filter_map(Result::ok)
        .map(|input| PathBuf::from(input.name))
        .collect())
}
