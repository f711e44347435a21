//! Rules on captions and audio, and the exit code.

use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, data_path, finish};
use support::audio::{samples, sine, wav};
use support::stand_in::{Reply, StandIn};

/// Runs the program on a clip that gets this caption.
fn captioned(text: &'static str, arguments: &[&str]) -> crate::harness::Run {
    let stand_in = StandIn::scripted([answer(text)]);
    caption(&stand_in).data_file("tone.wav").arg("tone.wav").args(arguments).run()
}

const RAIN: &str = "Rain falls on a roof. A low Voice is heard at 3.5 s. Then it stops.";

#[test]
fn a_denied_pattern_is_a_violation_with_the_matching_sentence() {
    let run = captioned(RAIN, &["--deny", "speech|voice"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, format!("{RAIN}\n").as_str()));
    let words = [
        "violation: says \"Voice\" (deny speech|voice): tone.wav; ",
        "\"A low Voice is heard at 3.5 s.\"",
    ];
    assert_says(&run.stderr, &words);
}

#[test]
fn a_caption_without_violations_is_printed_as_usual() {
    let run = captioned(RAIN, &["--deny", "music", "--require", "RAIN", "--require", r"\broof\b"]);
    assert_eq!(run.captioned(), format!("{RAIN}\n"));
}

#[test]
fn a_missing_required_pattern_is_a_violation() {
    let run = captioned(RAIN, &["--require", "thunder"]);
    assert_eq!(run.code, 1);
    assert_says(&run.stderr, &["violation: does not say thunder (require thunder): tone.wav"]);
}

#[test]
fn patterns_ignore_case_by_default() {
    assert_eq!(captioned(RAIN, &["--deny", "(?-i)voice"]).code, 0);
    assert_eq!(captioned(RAIN, &["--deny", "(?-i)Voice"]).code, 1);
}

#[test]
fn an_invalid_pattern_or_check_is_wrong_usage() {
    let stand_in = StandIn::start();
    for pattern in ["(", "a{1000}{1000}{1000}"] {
        let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--deny", pattern]);
        assert_says(&run.run().failed(2), &["not a usable regular expression", pattern]);
    }
    let run =
        caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--check", "silence,colour"]);
    assert_says(&run.run().failed(2), &["one or more of silence, clipping", "or all"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_repetitive_caption_is_a_warning() {
    let run = captioned(
        "A bell rings and rings and rings and rings and rings and rings and rings and rings and \
         rings and rings and rings and rings and rings and rings and rings and rings and rings.",
        &[],
    );
    assert_eq!(run.code, 0);
    assert_says(&run.stderr, &["warning: repeats itself", "(looping): tone.wav"]);
    assert_eq!(captioned("Rain falls on a roof, now and then there is thunder.", &[]).stderr, "");
}

#[test]
fn findings_are_in_the_record_but_not_in_the_manifest() {
    let stand_in = StandIn::scripted([answer(RAIN)]);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |arguments: &[&str]| {
        let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "-f", "jsonl"]);
        run.arg("--manifest").arg(&manifest).args(arguments).run()
    };
    let first = run(&["--deny", "voice"]);
    assert_eq!(first.code, 1);
    let expected = json!([{ "rule": "deny voice", "severity": "error", "message": "says \"Voice\"",
        "matched": "Voice", "sentence": "A low Voice is heard at 3.5 s." }]);
    assert_eq!(first.records()[0]["findings"], expected);
    assert!(!std::fs::read_to_string(&manifest).unwrap().contains("findings"));
    // New rules apply to a cached caption, without key or network.
    let again = run(&["--offline", "--require", "rain"]);
    assert_eq!((again.code, again.records()[0].get("findings")), (0, None));
    assert_eq!(run(&["--offline", "--deny", "roof"]).code, 1);
}

#[test]
fn a_batch_lists_and_counts_violations_at_the_end() {
    let stand_in = StandIn::always(|| answer(RAIN));
    let run = caption(&stand_in).clips("x", 3).args(["-j", "1", "x", "--deny", "voice"]).run();
    assert_eq!(run.code, 1);
    assert_eq!(run.stderr.matches("violation: says").count(), 3);
    assert_says(&run.stderr, &["x/000.wav", "x/002.wav", "3 captioned · 3 violations"]);
    assert_eq!(run.stdout.matches("==> ").count(), 3);
}

#[test]
fn exit_code_4_overrides_3_and_3_overrides_1() {
    let run = |last: Reply| {
        let stand_in = StandIn::scripted([answer(RAIN), last]);
        let run = caption(&stand_in).clips("x", 2).args(["-j", "1", "--max-retries", "0"]);
        run.args(["x", "--deny", "voice"]).run().code
    };
    assert_eq!(run(answer("Wind.")), 1);
    assert_eq!(run(Reply::status(500)), 3);
    assert_eq!(run(Reply::status(401)), 4);
}

/// Asserts that a check blocks the audio: it is reported, and nothing is sent.
#[track_caller]
fn assert_blocked(content: &[u8], check: &str, words: &[&str]) {
    let stand_in = StandIn::start();
    let run = |check: &str| -> Caption {
        caption(&stand_in).file("a.wav", content).args(["a.wav", "--check", check])
    };
    let stderr = run(check).run().failed(1);
    assert_says(&stderr, &[&["violation: "], words, &["a.wav"]].concat());
    assert_eq!(stand_in.connections(), 0, "what breaks a rule is not sent");
    let record = run(check).args(["-f", "jsonl"]).run().records()[0].clone();
    assert_eq!(record["findings"][0]["rule"], check.split(',').next().unwrap());
    assert_eq!((record.get("caption"), record["sound"].is_object()), (None, true), "{record}");
}

/// Audio that passes every check with the default arguments.
fn passing_audio(rate: u32, channels: u16, seconds: f64, level: f64) -> Vec<u8> {
    let tone = sine(440.0);
    wav(rate, channels, 16, &samples(rate, seconds, |t| level * tone(t)))
}

#[test]
fn audio_that_passes_every_check_is_captioned() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.wav", passing_audio(44_100, 2, 2.0, 0.1));
    let run = run.args(["a.wav", "--check", "all", "-f", "jsonl"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    // The measurements for the checks are reported.
    assert_eq!(run.records()[0]["sound"]["clipped_samples"], 0);
}

#[test]
fn mostly_silent_audio_is_blocked() {
    let signal = samples(16_000, 4.0, |t| if t < 0.2 { 0.2 * sine(440.0)(t) } else { 0.0 });
    assert_blocked(&wav(16_000, 1, 16, &signal), "silence", &["95 % is silence (maximum 90 %)"]);
}

#[test]
fn clipped_audio_is_blocked() {
    let signal = samples(16_000, 1.0, |t| (2.0 * sine(440.0)(t)).clamp(-1.0, 1.0));
    assert_blocked(&wav(16_000, 1, 16, &signal), "clipping", &["clipped samples (maximum 0)"]);
}

#[test]
fn audio_of_the_wrong_length_is_blocked() {
    assert_blocked(&passing_audio(16_000, 1, 31.0, 0.1), "duration", &["31 s (maximum 30 s)"]);
    assert_blocked(&passing_audio(16_000, 1, 0.05, 0.1), "duration", &["0.05 s (minimum 0.1 s)"]);
}

#[test]
fn audio_with_many_channels_is_blocked() {
    assert_blocked(
        &passing_audio(16_000, 3, 1.0, 0.1),
        "channels",
        &["3 channels (allowed: 1 or 2)"],
    );
}

#[test]
fn audio_with_a_low_sample_rate_is_blocked() {
    assert_blocked(&passing_audio(8_000, 1, 1.0, 0.1), "rate", &["8000 Hz (minimum 16000 Hz)"]);
}

#[test]
fn audio_of_the_wrong_loudness_is_blocked() {
    assert_blocked(&passing_audio(44_100, 2, 1.0, 0.9), "loudness", &["LUFS (maximum -9 LUFS)"]);
    assert_blocked(&passing_audio(44_100, 2, 1.0, 0.001), "loudness", &["LUFS (minimum -40 LUFS)"]);
}

#[test]
fn audio_that_cannot_be_decoded_is_blocked() {
    assert_blocked(
        &std::fs::read(data_path("multichannel.amr")).unwrap(),
        "decodes",
        &["cannot be decoded here"],
    );
}

#[test]
fn violations_of_several_checks_are_reported_together() {
    let signal = passing_audio(8_000, 3, 0.05, 0.1);
    assert_blocked(&signal, "duration,channels,rate", &["0.05 s", "3 channels", "8000 Hz"]);
}

#[test]
fn audio_rules_apply_to_cached_captions() {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |arguments: &[&str]| {
        let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--manifest"]);
        run.arg(&manifest).args(arguments).run()
    };
    run(&[]).captioned();
    assert_says(&run(&["--offline", "--check", "rate"]).failed(1), &["8000 Hz"]);
    run(&["--offline", "--check", "channels"]).captioned();
}

#[test]
fn rules_check_the_joined_caption_of_all_windows() {
    let stand_in = StandIn::scripted([answer("Rain."), answer("A voice.")]);
    let run = caption(&stand_in).file("a.wav", passing_audio(8_000, 1, 8.0, 0.1));
    let run =
        run.args(["a.wav", "-j", "1", "--window", "5s", "--deny", "voice", "-f", "jsonl"]).run();
    assert_eq!(run.code, 1);
    assert_eq!(run.records()[0]["findings"][0]["sentence"], Value::from("A voice."));
}

#[test]
fn an_unmeasurable_property_is_a_violation() {
    let amr = std::fs::read(data_path("multichannel.amr")).unwrap();
    assert_blocked(&amr, "clipping", &["cannot be decoded here; the rule cannot be checked"]);
    assert_blocked(
        &wav(16_000, 1, 16, &vec![0.0; 4_000]),
        "loudness",
        &["next to silent (minimum -40 LUFS)"],
    );
}

#[test]
fn the_duration_rule_uses_the_decoded_length() {
    let mp3 = std::fs::read(data_path("tones/layer3.mp3")).unwrap().repeat(200);
    assert_blocked(&mp3, "duration", &["(maximum 30 s)"]);
}

#[test]
fn inputs_skipped_for_a_sidecar_are_not_audited() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").file("tone.txt", "a voice");
    let run = run.args(["tone.wav", "--sidecar", "--deny", "voice"]).run();
    assert_eq!((run.code, stand_in.connections()), (0, 0));
    assert_says(&run.stderr, &["inputs with an existing sidecar were not audited", "--overwrite"]);
}

#[test]
fn quotes_are_shortened() {
    let stand_in = StandIn::always(|| answer(&"rain and wind ".repeat(2000)));
    let run = caption(&stand_in)
        .data_file("tone.wav")
        .args(["tone.wav", "-f", "jsonl", "--deny", "(?s).*"]);
    let finding = run.run().records()[0]["findings"][1].clone();
    assert!(finding.is_object() && finding.to_string().len() < 1500, "{finding}");
}

#[test]
fn a_dry_run_reports_blocked_inputs_and_audits_cached_captions() {
    let stand_in = StandIn::scripted([answer("A low voice.")]);
    let silent = wav(16_000, 1, 16, &vec![0.0; 16_000]);
    let run = caption(&stand_in).clips("a", 1).args(["a", "--manifest", "m.jsonl"]);
    let mut run = run.file("silent.wav", silent);
    finish(run.spawn()).ended(0);
    let run = run.args(["silent.wav", "--dry-run", "--check", "silence", "--deny", "voice"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_says(&run.stdout, &["cached      a/000.wav", "blocked     silent.wav"]);
    let words = ["says \"voice\"", "a/000.wav", "100 % is silence", "0 requests"];
    assert_says(&run.stderr, &words);
    assert_eq!(stand_in.requests().len(), 1);
}
