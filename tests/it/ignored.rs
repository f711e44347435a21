//! Audio that a folder search leaves out is counted and reported.

use std::fs;

use crate::harness::{Caption, Run, assert_says, caption, clip};
use support::stand_in::StandIn;

/// A run in a folder with these files, each a tone of its own.
fn tree(stand_in: &StandIn, names: &[&str]) -> Caption {
    let clips = names.iter().enumerate();
    clips.fold(caption(stand_in), |run, (number, name)| run.file(name, clip(number)))
}

/// Makes a folder of the run a repository.
fn repository(run: Caption, folder: &str) -> Caption {
    run.file(&format!("{folder}/.git/HEAD"), "ref: refs/heads/main\n")
}

/// The inputs of a run that went well, in their order.
#[track_caller]
fn names(run: &Run) -> Vec<String> {
    assert_eq!(run.code, 0, "{}", run.stderr);
    let name = |record: &serde_json::Value| record["input"].as_str().unwrap().to_owned();
    run.records().iter().map(name).collect()
}

#[test]
fn audio_ignored_by_gitignore_is_counted_and_reported() {
    let stand_in = StandIn::start();
    let mut clips = vec!["a.wav".to_owned()];
    clips.extend((0..12).map(|number| format!("out/deep/{number}.wav")));
    let clips: Vec<_> = clips.iter().map(String::as_str).collect();
    let run = || {
        let run = repository(tree(&stand_in, &clips), ".").file(".gitignore", "out/\n");
        run.file("out/notes.txt", "no sound").args(["-f", "jsonl"])
    };
    let reported = run().arg(".").run();
    assert_eq!(names(&reported), ["a.wav"]);
    let texts = ["12 audio files ignored by .gitignore", "--no-ignore includes them"];
    assert_says(&reported.stderr, &texts);
    assert_eq!(reported.stderr.matches("ignored by").count(), 1, "{}", reported.stderr);
    let all = run().args(["--no-ignore", "."]).run();
    assert_eq!(names(&all).len(), 13);
    assert!(!all.stderr.contains("ignored by"), "{}", all.stderr);
    assert!(!run().args(["-q", "."]).run().stderr.contains("ignored"));
}

#[test]
fn audio_ignored_by_an_ignore_file_is_counted_under_its_name() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["a.wav", "b.wav", "x/c.wav", "x/d.mp3"]);
    let run = run.file(".ignore", "b.wav\n").file("x/.gitignore", "*\n").args(["-f", "jsonl"]);
    let run = run.arg(".").run();
    assert_eq!(names(&run), ["a.wav"]);
    for note in ["1 audio file ignored by .ignore", "2 audio files ignored by .gitignore"] {
        assert_says(&run.stderr, &[note, "--no-ignore"]);
    }
}

#[test]
fn audio_excluded_by_the_repository_is_counted() {
    let stand_in = StandIn::start();
    let run = repository(tree(&stand_in, &["a.wav", "b.wav"]), ".");
    let run = run.file(".git/info/exclude", "b.wav\n").args(["-f", "jsonl", "."]).run();
    assert_eq!(names(&run), ["a.wav"]);
    assert_says(&run.stderr, &["1 audio file ignored by", "--no-ignore includes"]);
}

#[test]
fn hidden_and_excluded_audio_is_not_counted_as_ignored() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["a.wav", "out/b.wav", "out/.hidden.wav", "out/c.wav"]);
    let run = run.file(".gitignore", "out/\n").args(["-f", "jsonl", "--exclude", "c.wav", "."]);
    assert_says(&run.run().stderr, &["1 audio file ignored by .gitignore"]);
}

#[test]
fn the_hint_of_a_run_without_audio_names_what_was_ignored() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["x/a.wav", "x/b.wav"]).file("x/.gitignore", "*.wav\n");
    let said = run.arg("x").run().failed(2);
    let texts = ["nothing to caption", "2 audio files ignored by .gitignore", "--no-ignore"];
    assert_says(&said, &texts);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn the_error_of_an_ignored_folder_names_what_was_ignored() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["a.wav", "x/b.wav"]).file("x/.gitignore", "*.wav\n");
    let run = run.args(["a.wav", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["1 audio file ignored by .gitignore", "--no-ignore"]);
}

#[test]
fn a_dry_run_reports_what_was_ignored() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["a.wav", "b.wav"]).file(".gitignore", "b.wav\n");
    let run = run.args(["--dry-run", "."]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["1 audio file ignored by .gitignore", "--no-ignore"]);
}

#[test]
fn a_gitignore_above_the_folder_counts_only_inside_its_own_repository() {
    let stand_in = StandIn::start();
    // Of no repository: somebody's home.
    let run = tree(&stand_in, &["project/x/a.wav"]).file(".gitignore", "*\n");
    let run = run.file("project/.gitignore", "*.wav\n").args(["-f", "jsonl", "project/x"]).run();
    assert_eq!(names(&run), ["project/x/a.wav"]);
    assert!(!run.stderr.contains("ignored"), "{}", run.stderr);
    // Of a repository around another.
    let run = repository(tree(&stand_in, &["inner/x/a.wav"]), ".").file(".gitignore", "*.wav\n");
    let run = repository(run, "inner").args(["-f", "jsonl", "inner/x"]).run();
    assert_eq!(names(&run), ["inner/x/a.wav"]);
    // Of its own.
    let run = repository(tree(&stand_in, &["x/a.wav", "x/b.wav"]), ".");
    let run = run.file(".gitignore", "/x/b.wav\n").args(["-f", "jsonl", "x"]).run();
    assert_eq!(names(&run), ["x/a.wav"]);
    assert_says(&run.stderr, &["1 audio file ignored by .gitignore"]);
}

#[test]
fn a_gitignore_above_the_working_folder_counts_only_inside_its_own_repository() {
    let stand_in = StandIn::start();
    let mut run = tree(&stand_in, &["project/a.wav"]).file(".gitignore", "*\n");
    let inside = run.folder().join("project");
    run.command().current_dir(inside);
    assert_eq!(names(&run.args(["-q", "-f", "jsonl", "."]).run()), ["a.wav"]);
}

#[test]
fn a_gitignore_in_the_named_folder_counts_without_a_repository() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["x/a.wav", "x/b.wav", "x/deep/c.wav", "x/deep/d.wav"]);
    let run = run.file("x/.gitignore", "b.wav\n").file("x/deep/.gitignore", "d.wav\n");
    let run = run.args(["-f", "jsonl", "x"]).run();
    assert_eq!(names(&run), ["x/a.wav", "x/deep/c.wav"]);
    assert_says(&run.stderr, &["2 audio files ignored by .gitignore"]);
}

#[test]
fn the_global_ignore_file_of_git_counts_only_in_repositories() {
    let stand_in = StandIn::start();
    let run = |is_repository: bool| {
        let run = tree(&stand_in, &["x/a.wav", "x/b.wav"]).file(".config/git/ignore", "b.wav\n");
        let run = if is_repository { repository(run, "x") } else { run };
        names(&run.args(["-q", "-f", "jsonl", "x"]).run())
    };
    assert_eq!(run(false), ["x/a.wav", "x/b.wav"]);
    assert_eq!(run(true), ["x/a.wav"]);
}

#[test]
fn audio_with_another_extension_is_counted_and_reported() {
    let stand_in = StandIn::start();
    let video = fs::read(crate::harness::data_path("tones/video.mp4")).unwrap();
    let run = |names: &[&str]| {
        let run = tree(&stand_in, names).file("x/film.mp4", &video).file("x/take.dat", clip(7));
        run.file("x/voice", clip(8)).file("x/notes.txt", "no sound").file("x/a.json", "{}")
    };
    let reported = run(&["x/a.wav"]).args(["-f", "jsonl", "x"]).run();
    assert_eq!(names(&reported), ["x/a.wav"]);
    assert_says(&reported.stderr, &["3 ", "not searched for", "name them"]);
    // A glob names them.
    let all = run(&["x/a.wav"]).args(["-f", "jsonl", "x/*.{wav,dat,mp4}"]).run();
    assert_eq!(names(&all).len(), 3);
    assert!(!all.stderr.contains("not searched for"), "{}", all.stderr);
    // Where nothing else is there, the hint says so.
    let said = run(&[]).arg("x").run().failed(2);
    assert_says(&said, &["nothing to caption", "3 ", "not searched for"]);
}

#[test]
fn a_folder_without_other_audio_has_no_notes() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in, &["x/a.wav", "x/b.wav"]).file("x/.gitignore", "*.txt\n");
    let run = run.file("x/notes.txt", "no sound").file("x/cover.png", b"\x89PNG\r\n\x1a\n");
    let run = run.args(["-f", "jsonl", "x"]).run();
    assert_eq!(names(&run).len(), 2);
    assert_eq!(run.stderr.lines().count(), 1, "the summary alone: {}", run.stderr);
}
