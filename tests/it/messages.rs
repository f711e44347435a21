//! Messages: what happened, to which input, and what to do next.

use serde_json::json;

use crate::harness::{Caption, answer, assert_says, caption, json_reply, unconfigured};
use support::containers::mp4_box;
use support::stand_in::StandIn;

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

fn tone(stand_in: &StandIn, args: &[&str]) -> Caption {
    caption(stand_in).data_file("tone.wav").arg("tone.wav").args(args)
}

#[test]
fn a_sidecar_that_is_kept_is_told_for_one_file() {
    let run = tone(&rain(), &["--sidecar"]).file("tone.txt", "old").run();
    assert_eq!(run.code, 0);
    assert_says(&run.stderr, &["note: its sidecar exists and is kept: tone.wav; --force"]);
}

#[test]
fn the_place_of_a_report_is_told() {
    let stderr = tone(&rain(), &["--report", "html=audit.html", "--report", "junit"]).run().stderr;
    let told: Vec<_> = stderr.lines().filter_map(|line| line.split_once("written to ")).collect();
    assert_eq!(
        told.iter().map(|(_, file)| *file).collect::<Vec<_>>(),
        ["audit.html", "caption-report.xml"]
    );
}

#[test]
fn a_dry_run_tells_what_a_spending_limit_would_mean() {
    let told = |stand_in: &StandIn, limit| {
        tone(stand_in, &["--dry-run", "--max-spend", limit]).run().stderr
    };
    let priced = StandIn::start();
    assert_says(&told(&priced, "5"), &["about $", "--max-spend $5.00 is enough for"]);
    assert_says(
        &told(&priced, "0.0001"),
        &["--max-spend $0.000100 would stop the run after about"],
    );
    let unpriced = told(&rain(), "1");
    assert_says(&unpriced, &["no price known", "--max-spend $1.00", "first response"]);
}

#[test]
fn an_input_that_does_not_fit_the_spending_limit_counts_as_not_tried() {
    let reply = json!({
        "choices": [{ "message": { "content": "Rain." }, "finish_reason": "stop" }],
        "meta": { "usage": { "usd_spent": 0.002 } },
    });
    let stand_in = StandIn::always(move || json_reply(200, &reply));
    let run = caption(&stand_in).clips("x", 4).args(["-j", "1", "--max-spend", "0.002", "x"]).run();
    assert_eq!(run.code, 5);
    // The same number of digits for both amounts.
    assert_says(&run.stderr, &["$0.002000 of $0.002000 is spent", "1 captioned · 3 not tried"]);
}

#[test]
fn a_repeated_file_is_a_duplicate_and_a_warning_is_counted() {
    let stand_in = StandIn::always(|| answer(&"A bell rings. ".repeat(60)));
    let tone = std::fs::read(support::audio::data_path("tone.wav")).unwrap();
    let run =
        caption(&stand_in).file("x/a.wav", &tone).file("x/b.wav", &tone).args(["-v", "x"]).run();
    assert_says(&run.stderr, &["duplicate: x/", "1 captioned · 1 duplicate · 2 warnings"]);
    assert!(!run.stderr.contains("cached") && !run.stderr.contains("known"), "{}", run.stderr);
}

#[test]
fn wrong_values_are_told_without_names_of_rust() {
    for (toml, words) in [
        ("[[rule]]\nsilence = 'x'\n", "rule 1: silence takes a number, not text \"x\""),
        ("[[rule]]\nclipping = -1\n", "rule 1: clipping takes a whole number, not -1"),
        ("[[rule]]\nchannels = 2\n", "rule 1: channels takes a list, not 2"),
        ("[[rule]]\ndecodes = 1\n", "rule 1: decodes takes true or false, not 1"),
        ("jobs = 2020-01-01\n", "jobs cannot be a date"),
    ] {
        let run = unconfigured().file("caption.toml", toml).arg("a.wav").run().failed(2);
        assert_says(&run, &["caption.toml", words]);
    }
    for (option, words) in [
        ("--sentences=0", "at least 1"),
        ("--sentences=x", "not a whole number"),
        ("--max-tokens=99999999999", "not at least 1"),
        ("--max-retries=x", "not a whole number"),
    ] {
        let error = unconfigured().args([option, "a.wav"]).run().failed(2);
        assert!(!error.contains("type") && !error.contains("digit"), "{error}");
        assert_says(&error, &["invalid value", if option.contains("999") { "" } else { words }]);
    }
}

#[test]
fn only_a_name_that_resembles_an_option_is_suggested() {
    for (option, words) in
        [("--fromat", "did you mean --format?"), ("--output_dir=x", "did you mean --output-dir?")]
    {
        assert_says(&unconfigured().args([option, "a.wav"]).run().failed(2), &[words]);
    }
    for option in ["--title", "--bitrate", "--speaker", "--translate"] {
        let error = unconfigured().args([option, "a.wav"]).run().failed(2);
        assert_says(&error, &[option, "see --help"]);
    }
    let toml = unconfigured().file("caption.toml", "speaker = 1\n").arg("a.wav").run().failed(2);
    assert!(!toml.contains("did you mean"), "{toml}");
}

#[test]
fn a_glob_that_excludes_nothing_is_a_note() {
    let stand_in = rain();
    let run = |args: &[&str]| caption(&stand_in).clips("x", 2).args(args).arg("x").run().stderr;
    let stderr = run(&["--exclude", "old/**", "--exclude", "*1.wav"]);
    assert_says(&stderr, &["note: --exclude old/** matches nothing", "1 captioned"]);
    assert!(!stderr.contains("*1.wav matches"), "{stderr}");
    // That of a project may be about files that come later.
    let project = caption(&stand_in).clips("x", 1).file("caption.toml", "exclude = ['old/**']\n");
    assert!(!project.arg("x").run().stderr.contains("matches nothing"));
}

#[test]
fn a_damaged_file_is_told_without_the_words_of_a_decoder() {
    let stand_in = rain();
    let content = [mp4_box(b"ftyp", b"M4A \0\0\0\0"), mp4_box(b"mdat", &[1; 5000])].concat();
    let error = caption(&stand_in).file("a.m4a", content).arg("a.m4a").run().failed(3);
    assert_says(
        &error,
        &["a damaged", "index of its samples (moov)", "a.m4a; check whether it plays"],
    );
    assert!(
        !error.contains("isomp4") && !error.contains("atom") && !error.contains("stream"),
        "{error}"
    );
}

#[test]
fn a_rule_without_inputs_is_told_with_its_paths() {
    let toml = "[[rule]]\nname = 'quiet'\ndeny = 'x'\npaths = ['amb/**']\n";
    let run = tone(&rain(), &[]).file("caption.toml", toml).run();
    assert_says(&run.stderr, &["no input matches the paths of the rule quiet: amb/**"]);
}
