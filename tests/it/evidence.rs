//! Rules on audio check the audio itself: no forged record and no unknown value passes a clip.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, data_path, finish, unconfigured};
use support::audio::{samples, sine, wav};
use support::stand_in::StandIn;

/// A sound and a manifest that knows it, with a record that somebody rewrote.
struct Forged {
    _folder: tempfile::TempDir,
    manifest: PathBuf,
    sound: Vec<u8>,
}

impl Forged {
    /// The record says of the sound whatever is in `forged_values`: `seconds`, and what belongs to `sound`.
    fn new(sound: Vec<u8>, forged_values: &Value) -> Self {
        Self::with_args(sound, forged_values, &[])
    }

    /// Captions the sound with more arguments.
    fn with_args(sound: Vec<u8>, forged_values: &Value, args: &[&str]) -> Self {
        let stand_in = StandIn::scripted([answer("A tone.")]);
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("m.jsonl");
        let run = caption(&stand_in).file("a.wav", &sound).args(args);
        let run = run.args(["-v", "a.wav", "--manifest"]);
        let mut run = run.arg(&manifest);
        finish(run.spawn()).ended(0);
        let mut record: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
        for (name, forged_value) in forged_values.as_object().unwrap() {
            let place = if name == "seconds" { &mut record } else { &mut record["sound"] };
            place[name] = forged_value.clone();
        }
        fs::write(&manifest, format!("{record}\n")).unwrap();
        Self { _folder: folder, manifest, sound }
    }

    /// A run without key or network.
    fn offline(&self) -> Caption {
        let run =
            unconfigured().file("a.wav", &self.sound).args(["--offline", "a.wav", "--manifest"]);
        run.arg(&self.manifest)
    }

    /// The same with one rule of severity warning.
    fn warned(&self, rule: &str) -> Caption {
        let toml = format!("[[rule]]\nname = 'checked'\nseverity = 'warning'\n{rule}\n");
        self.offline().file("caption.toml", toml)
    }
}

fn tone(rate: u32, channels: u16, seconds: f64, level: f64) -> Vec<u8> {
    let tone = sine(440.0);
    wav(rate, channels, 16, &samples(rate, seconds, |t| (level * tone(t)).clamp(-1.0, 1.0)))
}

/// Nothing of it is as it should be: half silent, the rest clipped.
fn bad_levels() -> Vec<u8> {
    let tone = sine(440.0);
    let sound = |t: f64| if t < 0.1 { (3.0 * tone(t)).clamp(-1.0, 1.0) } else { 0.0 };
    wav(16_000, 1, 16, &samples(16_000, 4.0, sound))
}

/// A sound of which nothing but its container is known here.
fn of_unknown_codec() -> Vec<u8> {
    let sound = (0..12_500u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes());
    b"#!AMR_MC1.0\n".iter().copied().chain(sound).collect()
}

/// What a sound with good levels has.
fn good_levels() -> Value {
    json!({
        "peak_dbfs": -6.0, "rms_dbfs": -20.0, "loudness_lufs": -20.0, "leading_silence": 0.0,
        "trailing_silence": 0.0, "silence": 0.0, "clipped_samples": 0, "damaged_packets": 0
    })
}

#[test]
fn a_record_with_a_forged_format_passes_no_clip() {
    for (sound, forged_values, check, words) in [
        (tone(8_000, 1, 1.0, 0.1), json!({ "sample_rate": 48_000 }), "rate", "8000 Hz"),
        (tone(16_000, 3, 1.0, 0.1), json!({ "channels": 2 }), "channels", "3 channels"),
        (tone(16_000, 1, 31.0, 0.1), json!({ "seconds": 5.0 }), "duration", "31 s"),
        (tone(16_000, 1, 0.05, 0.1), json!({ "seconds": 5.0 }), "duration", "0.05 s"),
        // Within the tolerance of two lengths.
        (tone(16_000, 1, 0.06, 0.1), json!({ "seconds": 0.11 }), "duration", "0.06 s"),
        (tone(16_000, 1, 30.04, 0.1), json!({ "seconds": 30.0 }), "duration", "30.04 s"),
    ] {
        let forged = Forged::new(sound, &forged_values);
        for option in ["-q", "--dry-run"] {
            let run = forged.offline().args(["--check", check, option]).run();
            assert_eq!(run.code, 1, "{check} {option}: {}", run.stderr);
            assert_says(&run.stderr, &[words, check, "a.wav"]);
        }
    }
}

#[test]
fn a_record_with_forged_levels_passes_no_clip() {
    let forged = Forged::new(bad_levels(), &good_levels());
    for (check, words) in [("silence", "silence"), ("clipping", "clipped samples")] {
        let run = forged.offline().args(["--check", check]).run();
        assert_eq!(run.code, 1, "{check}: {}", run.stderr);
        assert_says(&run.stderr, &[words, "a.wav"]);
    }
    let quiet = Forged::new(tone(44_100, 2, 1.0, 0.001), &good_levels());
    assert_eq!(quiet.offline().args(["--check", "loudness"]).run().code, 1);
    let rule = "[[rule]]\nname = 'strict'\nclipping = 0\n";
    let run = forged.offline().file("caption.toml", rule).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn a_record_that_hides_damage_passes_no_clip() {
    let mut sound = fs::read(data_path("tones/native.flac")).unwrap();
    let middle = sound.len() / 2;
    sound[middle..middle + 40].fill(0x55);
    let forged = Forged::new(sound, &good_levels());
    let run = forged.offline().args(["--check", "decodes"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn a_record_of_audio_that_cannot_be_decoded_passes_no_clip() {
    let mut forged_values = good_levels();
    forged_values["codec"] = "pcm_s16le".into();
    (forged_values["sample_rate"], forged_values["channels"], forged_values["seconds"]) =
        (48_000.into(), 2.into(), 1.into());
    let forged = Forged::with_args(of_unknown_codec(), &forged_values, &["--convert", "never"]);
    for check in ["decodes", "clipping", "silence", "loudness", "rate", "channels", "duration"] {
        let run = forged.offline().args(["--check", check]).run();
        assert_eq!(run.code, 1, "{check}: {}", run.stderr);
    }
}

#[test]
fn recorded_levels_are_used_for_warnings_without_remeasure() {
    let forged = Forged::new(bad_levels(), &good_levels());
    let is_reported = |run: Caption| {
        let run = run.run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stderr.contains("(checked)")
    };
    assert!(!is_reported(forged.warned("clipping = 0")), "nothing asks for more than is known");
    assert!(is_reported(forged.warned("clipping = 0").arg("--remeasure")));
    assert!(is_reported(forged.warned("silence = 0.5").arg("--remeasure")));
}

#[test]
fn levels_beside_a_forged_format_are_measured_again() {
    for forged_value in [
        json!({ "sample_rate": 48_000 }),
        json!({ "channels": 2 }),
        json!({ "seconds": 2.0 }),
        json!({ "container": "flac" }),
        json!({ "codec": "flac" }),
    ] {
        let mut forged_values = good_levels();
        for (name, value) in forged_value.as_object().unwrap() {
            forged_values[name] = value.clone();
        }
        let run = Forged::new(bad_levels(), &forged_values).warned("clipping = 0").run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_says(&run.stderr, &["warning: ", "clipped samples", "(checked)"]);
    }
}

#[test]
fn the_format_of_the_file_is_checked_for_warnings_too() {
    let forged = Forged::new(tone(8_000, 1, 1.0, 0.1), &json!({ "sample_rate": 48_000 }));
    let run = forged.warned("rate = { min = 16000 }").run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["warning: ", "8000 Hz", "(checked)"]);
}

#[test]
fn a_record_has_the_format_of_the_file_and_not_that_of_the_manifest() {
    let mut forged_values = good_levels();
    (forged_values["sample_rate"], forged_values["seconds"]) = (48_000.into(), 9.0.into());
    let forged = Forged::new(tone(8_000, 1, 1.0, 0.1), &forged_values);
    for arguments in
        [&["-f", "jsonl"][..], &["-f", "jsonl", "-v"], &["-f", "jsonl", "--check", "channels"]]
    {
        let run = forged.offline().args(arguments).run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let record = &run.records()[0];
        assert!(record["seconds"].as_f64().is_some_and(|s| (s - 1.0).abs() < 0.05), "{record}");
        let rate = &record["sound"]["sample_rate"];
        assert!(rate.is_null() || *rate == 8_000, "{record}");
    }
}

#[test]
fn recorded_levels_that_agree_are_used() {
    let stand_in = StandIn::start();
    let true_record = Forged::new(tone(16_000, 1, 1.0, 0.1), &json!({}));
    let run = true_record.warned("clipping = 0").args(["-f", "jsonl"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.records()[0]["sound"]["clipped_samples"], 0);
    assert_eq!(true_record.offline().args(["--check", "all"]).run().code, 0);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_unknown_value_is_within_no_bounds() {
    let stand_in = StandIn::start();
    for check in ["rate", "channels", "duration"] {
        let run = caption(&stand_in).file("a.ofr", [b"OFR \x0c", [7; 5000].as_slice()].concat());
        let run = run.args(["a.ofr", "--check", check]).run();
        assert_eq!(run.code, 1, "{check}: {}", run.stderr);
        assert_says(&run.stderr, &["the rule cannot be checked", check, "a.ofr"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_unknown_loudness_is_within_no_bounds() {
    let stand_in = StandIn::start();
    // Below the rates that the filters of EBU R 128 are made for.
    let run = caption(&stand_in).file("a.wav", tone(4_000, 1, 1.0, 0.1));
    let run = run.args(["a.wav", "--check", "loudness"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_says(&run.stderr, &["the rule cannot be checked", "loudness", "a.wav"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn remeasure_sends_no_request() {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let run = caption(&stand_in).data_file("tone.wav").args(["--manifest", "m.jsonl", "tone.wav"]);
    let mut run = run.args(["-q", "--remeasure"]);
    finish(run.spawn()).ended(0);
    let again = run.args(["--check", "channels"]).run();
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert_eq!(stand_in.requests().len(), 1);
}
