//! A temporary folder that is full or missing.

use std::fs;

use crate::harness::{Caption, answer, caption, clip};
use crate::skipped_tests::not_applicable;
use support::stand_in::StandIn;

/// Runs it with a temporary folder of 64 kB, after a command that may fill it. `None` if the system
/// does not allow to mount one.
fn with_small_temp_folder(run: Caption, first: &str) -> Option<Caption> {
    let mount = "mount -t tmpfs -o size=64k none";
    let can = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", &format!("{mount} /mnt")])
        .status();
    if !can.is_ok_and(|status| status.success()) {
        not_applicable("this system does not allow to mount a folder");
        return None;
    }
    let folder = run.folder().join("small");
    fs::create_dir(&folder).unwrap();
    let inner = format!("{mount} small && {first}; exec \"$@\"");
    Some(
        run.env("TMPDIR", &folder).in_shell(&format!("exec unshare -rm sh -c '{inner}' sh \"$@\"")),
    )
}

#[test]
fn a_full_temporary_folder_is_reported_with_its_name() {
    let long = support::audio::wav(16_000, 1, 16, &vec![0.1; 16_000 * 10]);
    for args in [
        &["--convert", "always", "long.wav"][..],
        &["--window", "5s", "long.wav"],
        &["-"],
        &["--convert", "always", "-"],
        &["--inline", "URL"],
    ] {
        let files = StandIn::always({
            let long = long.clone();
            move || support::stand_in::Reply::status(200).body("audio/wav", long.clone())
        });
        let stand_in = StandIn::always(|| answer("Rain."));
        let args = args.iter().map(|arg| match *arg {
            "URL" => files.url("long.wav"),
            arg => arg.to_owned(),
        });
        let run = caption(&stand_in).file("long.wav", &long).stdin(long.clone());
        let run = run.args(args.collect::<Vec<_>>());
        let Some(run) = with_small_temp_folder(run, "true") else { return };
        let small = run.folder().join("small").display().to_string();
        let ended = run.run();
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert_eq!(stand_in.requests().len(), 0, "{}", ended.stderr);
        for words in [&small, "space", "TMPDIR"] {
            assert!(ended.stderr.contains(words), "{words} is not in: {}", ended.stderr);
        }
    }
}

#[test]
fn a_full_temporary_folder_without_a_manifest_costs_no_caption() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 6).args(["-j1", "--convert", "never", "x"]);
    let fill = "head -c 65536 /dev/zero > small/full";
    let Some(run) = with_small_temp_folder(run, fill) else { return };
    let small = run.folder().join("small").display().to_string();
    let ended = run.run();
    assert_eq!(ended.stdout.matches("Rain.").count(), 6, "{}", ended.stderr);
    assert!(!ended.stderr.contains("manifest"), "there is none: {}", ended.stderr);
    assert!(ended.stderr.contains(&small), "{}", ended.stderr);
}

#[test]
fn a_run_without_temporary_files_needs_no_temporary_folder() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).file("a.wav", clip(0)).env("TMPDIR", "nowhere");
    let run = run.args(["-q", "--convert", "never", "--manifest", "m.jsonl", "a.wav"]);
    assert_eq!(run.run().captioned(), "Rain.\n");
}
