//! Named files that are missing, and folders and globs without audio, are errors.

use crate::harness::{Caption, Run, assert_says, caption, clip};
use support::stand_in::StandIn;

/// Names of missing files with the characters of a glob.
const ODD_NAMES: [&str; 6] = [
    "gone [dQw4w9].mp3",
    "gone {live}.mp3",
    "gone?.mp3",
    "[gone].mp3",
    "gone [.mp3",
    "folder [2019]/gone.mp3",
];

/// Prepares a run in a folder with one clip.
fn with_good_file(stand_in: &StandIn) -> Caption {
    caption(stand_in).file("good.wav", clip(1)).args(["-f", "jsonl"])
}

/// Asserts that the good file is captioned, and that the other operand fails with exit code 3.
#[track_caller]
fn assert_fails_alone(run: &Run, name: &str) {
    assert_eq!(run.code, 3, "{name}: stdout: {} stderr: {}", run.stdout, run.stderr);
    let records = run.records();
    let is_good = |record: &serde_json::Value| record["input"] == "good.wav";
    assert!(records.iter().any(|record| is_good(record) && record["caption"].is_string()));
    let failed: Vec<_> = records.iter().filter(|record| !is_good(record)).collect();
    assert_eq!(failed.len(), 1, "{name}: {}", run.stdout);
    assert_eq!((&failed[0]["input"], &failed[0]["error"]["kind"]), (&name.into(), &"input".into()));
    assert_says(&run.stderr, &[name, "1 captioned", "1 failed"]);
}

#[test]
fn a_missing_file_is_an_error_even_if_its_name_looks_like_a_glob() {
    let stand_in = StandIn::start();
    for name in ODD_NAMES.into_iter().chain(["gone.mp3"]) {
        for names in [[name, "good.wav"], ["good.wav", name]] {
            assert_fails_alone(&with_good_file(&stand_in).args(names).run(), name);
        }
    }
}

#[test]
fn a_missing_file_is_an_error_without_other_inputs() {
    let stand_in = StandIn::start();
    for name in ODD_NAMES.into_iter().chain(["gone.mp3"]) {
        let stderr = caption(&stand_in).arg(name).run().failed(3);
        assert_says(&stderr, &["no such file", name]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn allow_empty_does_not_accept_a_missing_file() {
    let stand_in = StandIn::start();
    for name in ["gone.mp3", "gone [dQw4w9].mp3"] {
        let run = with_good_file(&stand_in).args(["--allow-empty", name, "good.wav"]).run();
        assert_fails_alone(&run, name);
    }
}

#[test]
fn a_dry_run_reports_a_missing_file() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("good.wav", clip(1)).args(["--dry-run", "good.wav"]);
    let run = run.arg("gone [dQw4w9].mp3").run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["no such file", "gone [dQw4w9].mp3"]);
    // The only request is that for the price.
    assert!(stand_in.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_missing_file_is_reported_with_sidecars() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("good.wav", clip(1)).args(["--sidecar", "good.wav"]);
    let run = run.arg("gone [dQw4w9].mp3").run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["gone [dQw4w9].mp3", "1 captioned", "1 failed"]);
}

#[test]
fn a_glob_without_matches_is_an_error_beside_other_inputs() {
    let stand_in = StandIn::start();
    for glob in ["*.mp3", "none/**/*.wav", "**/*.{mp3,flac}", "../none/*.wav"] {
        assert_fails_alone(&with_good_file(&stand_in).args([glob, "good.wav"]).run(), glob);
    }
}

#[test]
fn a_folder_without_audio_is_an_error_beside_other_inputs() {
    let stand_in = StandIn::start();
    let run = || with_good_file(&stand_in).file("notes/read.txt", "no sound");
    assert_fails_alone(&run().args(["notes", "good.wav"]).run(), "notes");
    assert_fails_alone(&run().args(["good.wav", "notes"]).run(), "notes");
    // Excluded files do not count.
    let run = run().file("old/a.wav", clip(2)).args(["--exclude", "*.wav", "old", "good.wav"]);
    assert_fails_alone(&run.run(), "old");
}

#[test]
fn a_folder_without_audio_in_a_list_is_an_error() {
    let stand_in = StandIn::start();
    let run = with_good_file(&stand_in).file("notes/read.txt", "no sound");
    let run = run.file("list", "notes\ngood.wav\n").args(["--files-from", "list"]);
    assert_fails_alone(&run.run(), "notes");
}

#[test]
fn a_run_without_inputs_names_its_operands_and_sends_nothing() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a/read.txt", "no").file("b/read.txt", "no");
    let stderr = run.args(["a", "b", "*.flac"]).run().failed(2);
    assert_says(&stderr, &["nothing to caption", "a", "b", "*.flac", "--allow-empty"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_error_names_at_most_five_operands() {
    let stand_in = StandIn::start();
    let globs = (0..40).map(|number| format!("*{number}.wav"));
    let stderr = caption(&stand_in).args(globs).run().failed(2);
    assert_says(&stderr, &["no audio in *0.wav, ", "*4.wav, and 35 more; name a file"]);
}

#[test]
fn allow_empty_accepts_globs_and_folders_without_audio() {
    let stand_in = StandIn::start();
    let run = with_good_file(&stand_in).file("notes/read.txt", "no sound");
    let run = run.args(["--allow-empty", "-q", "*.mp3", "notes", "good.wav"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.records().len(), 1);
}

#[test]
fn a_folder_of_duplicates_is_not_empty() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("x/a.wav", clip(1));
    run.args(["-q", "x/a.wav", "x", "x/*.wav"]).run().captioned();
}

#[test]
fn a_folder_of_another_shard_is_not_empty() {
    let stand_in = StandIn::start();
    let shards = ["1/2", "2/2"].map(|shard| {
        let run = caption(&stand_in).file("x/a.wav", clip(1)).file("y/b.wav", clip(2));
        run.args(["-q", "--shard", shard, "x", "y"]).run()
    });
    assert!(shards.iter().all(|run| run.code == 0), "{shards:?}");
    assert_eq!(stand_in.requests().len(), 2);
}

#[cfg(unix)]
#[test]
fn a_folder_whose_name_looks_like_a_glob_is_that_folder() {
    let stand_in = StandIn::start();
    for folder in ["[x]", "{a,b}", "what?", "Album [2019] {live}"] {
        // As a glob, the name would match the other files.
        let run = || {
            let run = caption(&stand_in).file(&format!("{folder}/a.wav"), clip(1));
            run.file("x/wrong.wav", clip(2))
                .file("a/wrong.wav", clip(3))
                .args(["-f", "jsonl", "-q"])
        };
        let found = format!("{folder}/a.wav");
        for operand in [folder.to_owned(), format!("{folder}/"), format!("{folder}/*.wav")] {
            let run = run().arg(&operand).run();
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{operand}");
            assert_eq!(run.records().len(), 1, "{operand}: {}", run.stdout);
            assert_eq!(run.records()[0]["input"], found.as_str(), "{operand}");
        }
        let listed = run().file("list", folder).args(["--files-from", "list"]).run();
        assert_eq!(listed.records()[0]["input"], found.as_str());
    }
}
