//! An option that is given twice or has no effect is refused or a warning.

use std::fs;

use crate::harness::{Caption, Run, answer, assert_says, caption, finish, unconfigured};
use support::stand_in::StandIn;

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

/// A run beside two clips.
fn clips(stand_in: &StandIn) -> Caption {
    caption(stand_in).data_file("tone.wav").data_file("tone.mp3")
}

/// Refused as wrong usage before anything was sent.
#[track_caller]
fn refused(stand_in: &StandIn, run: Caption, words: &[&str]) {
    let said = run.run().failed(2);
    assert_says(&said, words);
    assert_eq!(stand_in.connections(), 0, "{said}");
}

/// Captioned, and a warning says which option had no effect beside which.
#[track_caller]
fn warned(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 0, "{}", run.stderr);
    let warnings: Vec<_> = run.stderr.lines().filter(|line| line.contains("warning: ")).collect();
    let [warning] = warnings[..] else { panic!("one warning: {}", run.stderr) };
    assert_says(warning, words);
}

#[test]
fn an_option_with_one_value_is_refused_if_given_twice() {
    let stand_in = rain();
    for (option, one, two) in [
        ("--manifest", "a.jsonl", "b.jsonl"),
        ("--output", "a.txt", "b.txt"),
        ("--output-dir", "a", "b"),
        ("--sidecar", "{stem}.a", "{stem}.b"),
        ("--files-from", "a.list", "b.list"),
        ("--config", "a.toml", "b.toml"),
        ("--api-key-file", "a.key", "b.key"),
        ("--cacert", "a.pem", "b.pem"),
        ("--shard", "1/2", "2/2"),
        ("--max-spend", "5", "500"),
    ] {
        let run = clips(&stand_in).file("a.list", "tone.wav\n").file("b.list", "tone.mp3\n");
        let run = run.private_file("a.key", "one").private_file("b.key", "two");
        let run = run.file("a.toml", "").file("b.toml", "");
        let run = run.args([format!("{option}={one}"), format!("{option}={two}")]);
        let folder = run.folder().to_owned();
        let mut run = run.arg("tone.wav");
        let said = finish(run.spawn()).failed(2);
        assert_says(&said, &[option, "twice"]);
        assert!(!folder.join("a.jsonl").exists() && !folder.join("b.jsonl").exists());
    }
    refused(
        &stand_in,
        clips(&stand_in).args(["-o", "a.txt", "-o", "b.txt", "tone.wav"]),
        &["--output", "twice"],
    );
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn the_last_value_of_a_tuning_option_counts() {
    let stand_in = rain();
    let run = clips(&stand_in).args(["-m", "one", "-m", "two", "-j", "1", "-j", "2"]);
    let run =
        run.args(["--timeout", "1s", "--timeout", "60s", "--prepend", "a ", "--prepend", "b "]);
    assert_eq!(run.arg("tone.wav").run().captioned(), "b Rain.\n");
    assert_eq!(stand_in.request().json()["model"], "two");
    // As do those that are made to be given again.
    let run =
        clips(&stand_in).args(["--deny", "x", "--deny", "y", "--exclude", "a", "--exclude", "b"]);
    run.args(["--report", "junit=a.xml", "--report", "sarif=b.sarif", "-q", "."]).run().captioned();
}

#[test]
fn an_option_replaces_the_setting_of_a_file_without_a_warning() {
    let stand_in = rain();
    let run = clips(&stand_in).file("caption.toml", "manifest = 'a.jsonl'\nprepend = 'a '\n");
    let mut run = run.args(["--manifest", "b.jsonl", "tone.wav"]);
    assert_eq!(finish(run.spawn()).captioned(), "a Rain.\n");
    assert!(run.folder().join("b.jsonl").exists() && !run.folder().join("a.jsonl").exists());
}

#[test]
fn a_repeated_report_is_a_warning_and_two_files_of_one_kind_are_written() {
    let stand_in = rain();
    for report in ["junit", "github", "sarif=x.sarif"] {
        let run = clips(&stand_in).args(["--report", report, "--report", report, "tone.wav"]);
        warned(&run.run(), &["--report", report, "twice"]);
    }
    let run = clips(&stand_in).args(["--report", "junit=a.xml", "--report", "junit=b.xml"]);
    let mut run = run.args(["--deny", "rain", "tone.wav"]);
    assert_eq!(finish(run.spawn()).code, 1);
    let read = |name: &str| fs::read_to_string(run.folder().join(name)).unwrap();
    assert_eq!(read("a.xml"), read("b.xml"));
    // One file under two names.
    let run = clips(&stand_in).args(["--report", "junit=a.xml", "--report", "junit=./a.xml"]);
    assert_says(&run.arg("tone.wav").run().failed(2), &["a.xml"]);
}

#[test]
fn prepend_and_append_with_json_are_a_warning() {
    let stand_in = rain();
    for option in ["--prepend", "--append"] {
        for json in [&["--json"][..], &["-f", "json"], &["-f", "json", "--sidecar"]] {
            let run = clips(&stand_in).args([option, "trigger, "]).args(json).arg("tone.wav").run();
            warned(&run, &[option, "no effect", "json"]);
        }
        // It is in one of the formats.
        let run = clips(&stand_in).args([option, "trigger, ", "-f", "json", "-f", "text"]);
        run.args(["--sidecar", "tone.wav"]).run().captioned();
    }
}

#[test]
fn a_stream_that_is_not_shown_is_a_warning() {
    let stand_in = rain();
    for (args, words) in [
        (&["tone.wav", "tone.mp3"][..], "several"),
        (&["."], "several"),
        (&["-f", "jsonl", "tone.wav"], "jsonl"),
        (&["-f", "csv", "tone.wav"], "csv"),
        (&["-f", "srt", "tone.wav"], "srt"),
        (&["--sidecar", "tone.wav"], "--sidecar"),
        (&["--output-dir", "out", "tone.wav"], "--output-dir"),
        (&["-o", "out.txt", "tone.wav"], "--output"),
        (&["--window", "5s", "tone.wav"], "--window"),
        (&["--sentences", "1", "tone.wav"], "--sentences"),
    ] {
        warned(
            &clips(&stand_in).arg("--stream").args(args).run(),
            &["--stream", "no effect", words],
        );
    }
    clips(&stand_in).args(["--stream", "tone.wav"]).run().captioned();
    clips(&stand_in).args(["--stream", "--no-stream", "-q", "."]).run().captioned();
}

#[test]
fn search_options_with_named_files_are_a_warning() {
    let stand_in = rain();
    for (option, args) in [
        ("--exclude", &["--exclude", "*.mp3"][..]),
        ("--hidden", &["--hidden"]),
        ("--no-ignore", &["--no-ignore"]),
    ] {
        let run = clips(&stand_in).args(args).args(["tone.wav", "tone.mp3"]).run();
        assert_eq!(run.stdout.matches("Rain.").count(), 2);
        warned(&run, &[option, "no effect"]);
        clips(&stand_in).args(["-q"]).args(args).arg(".").run().captioned();
    }
}

#[test]
fn force_without_kept_captions_is_a_warning() {
    let stand_in = rain();
    warned(&clips(&stand_in).args(["--force", "tone.wav"]).run(), &["--force", "no effect"]);
    clips(&stand_in).args(["--force", "--manifest", "m.jsonl", "tone.wav"]).run().captioned();
    clips(&stand_in).args(["--force", "--sidecar", "tone.wav"]).run().captioned();
}

#[test]
fn an_output_file_in_a_dry_run_is_a_warning() {
    let stand_in = StandIn::start();
    let run = clips(&stand_in).file("out.txt", "old").args(["--dry-run", "-o", "out.txt"]);
    let mut run = run.arg("tone.wav");
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 0);
    assert_says(&ended.stderr, &["--output", "dry run"]);
    assert_eq!(fs::read_to_string(run.folder().join("out.txt")).unwrap(), "old");
}

#[test]
fn options_without_effect_in_a_dry_run_are_a_warning() {
    let stand_in = StandIn::start();
    for args in [
        &["--prepend", "a "][..],
        &["--append", " b"],
        &["--stream"],
        &["--format", "jsonl"],
        &["--json"],
    ] {
        let run = clips(&stand_in).arg("--dry-run").args(args).arg("tone.wav").run();
        warned(&run, &[args[0], "has no effect with a dry run"]);
    }
    // The format decides which sidecars exist, and the manifest what is sent.
    for args in [&["-f", "jsonl", "--sidecar"][..], &["--force", "--manifest", "m"], &["-j", "2"]] {
        let run = clips(&stand_in).arg("--dry-run").args(args).arg("tone.wav").run();
        assert!(run.code == 0 && !run.stderr.contains("no effect"), "{}", run.stderr);
    }
}

#[test]
fn a_report_with_the_name_of_its_default_file_is_a_repeated_report() {
    let stand_in = rain();
    for (one, two) in [
        ("junit", "junit=caption-report.xml"),
        ("sarif=caption-report.sarif", "sarif"),
        ("html", "html=caption-report.html"),
    ] {
        let run = clips(&stand_in).args(["--report", one, "--report", two, "tone.wav"]);
        warned(&run.run(), &["--report", two, "twice"]);
    }
}

#[test]
fn an_error_of_usage_does_not_depend_on_the_environment() {
    for args in [&["--offline", "a.wav"][..], &["--json", "-f", "csv"], &["--jobz", "4"], &["-0"]] {
        let without = unconfigured().args(args).run().failed(2);
        let run = unconfigured().env("CAPTION_MODEL", "any").args(args);
        let said = run.env("AIMLAPI_BASE_URL", "http://127.0.0.1:1").run().failed(2);
        assert_eq!(said, without);
    }
}

#[test]
fn an_ineffective_setting_of_a_file_is_no_warning() {
    let stand_in = rain();
    let toml = "prepend = 'a '\nstream = true\nexclude = ['*.tmp']\n";
    let run = |args: &[&str]| clips(&stand_in).file("caption.toml", toml).args(args).run();
    run(&["--json", "--no-stream", "tone.wav"]).captioned();
    run(&["-q", "."]).captioned();
    let ended = run(&["tone.wav", "tone.mp3"]);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn quiet_suppresses_warnings_but_no_refusals() {
    let stand_in = rain();
    clips(&stand_in).args(["-q", "--prepend", "x", "--json", "tone.wav"]).run().captioned();
    let run = clips(&stand_in).args(["-q", "--manifest", "a", "--manifest", "b", "tone.wav"]);
    assert_says(&run.run().failed(2), &["--manifest", "twice"]);
}

#[test]
fn a_sidecar_pattern_after_a_space_is_refused() {
    let stand_in = rain();
    for pattern in ["{stem}.caption", "{name}.{ext}", "captions/{stem}.txt", "{stem}"] {
        let words = ["--sidecar=", pattern];
        for args in [
            &["--sidecar", pattern, "tone.wav"][..],
            &["tone.wav", "--sidecar", pattern],
            &["--sidecar", pattern, "."],
            &["--sidecar", pattern],
            &["--output-dir", "out", "--sidecar", pattern, "tone.wav"],
        ] {
            refused(&stand_in, clips(&stand_in).args(args), &words);
        }
    }
}

#[test]
fn a_file_or_folder_with_braces_in_its_name_is_not_a_pattern() {
    let stand_in = rain();
    let sound = || crate::harness::clip(0);
    for name in ["{stem}.wav", "{stem}/a.wav"] {
        let run = caption(&stand_in).file(name, sound());
        let operand = name.split('/').next().unwrap();
        run.args(["-q", "--sidecar", operand]).run().captioned();
    }
    let run = caption(&stand_in).file("x/a.wav", sound());
    run.args(["-q", "--sidecar", "x"]).run().captioned();
}
