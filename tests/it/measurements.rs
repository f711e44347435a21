//! Measurements of the audio: levels, loudness, silence, clipping.

use serde_json::{Value, json};

use crate::harness::{answer, caption, data_path};
use support::audio::{samples, sine, wav};
use support::stand_in::StandIn;

/// Returns the `sound` object of the record that `-v` prints.
fn measured(content: Vec<u8>) -> Value {
    let stand_in = StandIn::scripted([answer("A sound.")]);
    let run = caption(&stand_in).file("a", content).args(["-v", "-f", "jsonl", "a"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.records()[0]["sound"].clone()
}

#[track_caller]
fn assert_close(sound: &Value, field: &str, expected: f64, tolerance: f64) {
    let actual = sound[field].as_f64().unwrap_or_else(|| panic!("no {field} in {sound}"));
    assert!((actual - expected).abs() <= tolerance, "{field}: {actual}, not {expected}");
}

#[test]
fn a_sine_has_the_standard_peak_level_and_loudness() {
    // EBU Tech 3341: for 997 Hz in both channels, LUFS equal the peak in dBFS.
    let tone = sine(997.0);
    let sound = measured(wav(48_000, 2, 16, &samples(48_000, 3.0, |t| 0.1 * tone(t))));
    assert_close(&sound, "peak_dbfs", -20.0, 0.01);
    assert_close(&sound, "rms_dbfs", -23.01, 0.01);
    assert_close(&sound, "loudness_lufs", -20.0, 0.1);
    assert_eq!(sound["clipped_samples"], 0);
    assert_eq!(sound["silence"], 0.0);
}

#[test]
fn the_format_is_reported_with_the_measurements() {
    let sound = measured(std::fs::read(data_path("tones/native.flac")).unwrap());
    assert_eq!(sound["container"], "flac");
    assert_eq!(sound["codec"], "flac");
    assert_eq!((&sound["sample_rate"], &sound["channels"]), (&json!(8000), &json!(2)));
    assert_close(&sound, "peak_dbfs", -7.96, 0.1);
}

#[test]
fn silence_is_measured_at_both_ends_and_in_total() {
    let tone = sine(440.0);
    let sound = samples(16_000, 3.0, |t| match t {
        t if (0.5..1.0).contains(&t) || (1.5..2.75).contains(&t) => 0.3 * tone(t),
        // -66 dBFS
        t => 0.0005 * tone(t),
    });
    let sound = measured(wav(16_000, 1, 16, &sound));
    assert_close(&sound, "leading_silence", 0.5, 0.011);
    assert_close(&sound, "trailing_silence", 0.25, 0.011);
    assert_close(&sound, "silence", 1.25, 0.021);
}

#[test]
fn digital_silence_has_no_level() {
    let sound = measured(wav(16_000, 1, 16, &vec![0.0; 16_000]));
    for field in ["peak_dbfs", "rms_dbfs", "loudness_lufs"] {
        assert_eq!(sound.get(field), None, "{sound}");
    }
    assert_close(&sound, "leading_silence", 1.0, 0.0);
    assert_close(&sound, "trailing_silence", 1.0, 0.0);
}

#[test]
fn samples_are_clipped_where_three_or_more_in_a_row_are_at_full_scale() {
    let mut sound = vec![0.1; 16_000];
    sound[100..105].fill(1.0);
    sound[200..203].fill(-1.0);
    sound[300..302].fill(1.0);
    sound[400] = 1.0;
    let sound = measured(wav(16_000, 1, 16, &sound));
    assert_eq!(sound["clipped_samples"], 8);
}

#[test]
fn unchanged_and_windowed_audio_is_measured_too() {
    let stand_in = StandIn::start();
    let run = |arguments: &[&str]| {
        let run = caption(&stand_in).data_file("tone.mp3").args(["-v", "-f", "jsonl", "tone.mp3"]);
        run.args(arguments).run().records()[0]["sound"].clone()
    };
    let (as_it_is, cut) = (run(&[]), run(&["--window", "1s"]));
    assert!(as_it_is["peak_dbfs"].is_number(), "{as_it_is}");
    assert_eq!(as_it_is, cut);
}

#[test]
fn a_cached_caption_has_cached_or_new_measurements() {
    let stand_in = StandIn::start();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |arguments: &[&str]| {
        let run = caption(&stand_in).data_file("tone.wav").args([
            "-f",
            "jsonl",
            "tone.wav",
            "--manifest",
        ]);
        run.arg(&manifest).args(arguments).run().records()[0]["sound"].clone()
    };
    assert_eq!(run(&[]), Value::Null);
    assert!(run(&["-v", "--offline"])["rms_dbfs"].is_number());
    let measured = run(&["-v", "--force"]);
    assert!(measured["rms_dbfs"].is_number());
    assert_eq!(run(&["-v"]), measured);
    assert_eq!(stand_in.requests().len(), 2);
}

#[test]
fn undecodable_audio_has_a_format_but_no_levels() {
    let sound = measured(std::fs::read(data_path("multichannel.amr")).unwrap());
    assert_eq!(sound, json!({ "container": "amr", "codec": "amr_nb", "sample_rate": 8_000 }));
}

#[test]
fn a_cached_caption_of_undecodable_audio_has_no_levels() {
    let stand_in = StandIn::scripted([answer("A sound.")]);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = || {
        let run = caption(&stand_in).data_file("multichannel.amr").args([
            "-v",
            "-f",
            "jsonl",
            "multichannel.amr",
        ]);
        run.arg("--manifest").arg(&manifest).run().records()[0]["sound"].clone()
    };
    assert_eq!(run(), run());
}

#[test]
fn loudness_weights_surround_channels_and_ignores_lfe() {
    // Weights of 5.1: three times 1, twice 1.41. Stereo alone has -20 LUFS.
    let tone = sine(997.0);
    let sound = measured(wav(48_000, 6, 16, &samples(48_000, 2.0, |t| 0.1 * tone(t))));
    assert_close(&sound, "loudness_lufs", -20.0 + 10.0 * (5.82_f64 / 2.0).log10(), 0.1);
}

#[test]
fn measuring_does_not_change_the_caption() {
    // Frames with a header and invalid content.
    let mut mp3 = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let starts: Vec<_> =
        (600..mp3.len() - 1).filter(|at| mp3[*at..*at + 2] == [0xff, 0xfb]).collect();
    for start in starts {
        let end = (start + 200).min(mp3.len());
        mp3[start + 6..end].fill(0xff);
    }
    let run = |arguments: &[&str]| {
        let stand_in = StandIn::always(|| answer("Noise."));
        let run = caption(&stand_in).file("a.mp3", &mp3).arg("a.mp3").args(arguments).run();
        (run.code, run.stdout)
    };
    assert_eq!(run(&[]), run(&["-v"]));
    assert_eq!(run(&["--convert", "never"]), run(&["--convert", "never", "-v"]));
}

#[test]
fn silence_is_measured_at_odd_sample_rates() {
    let tone = sine(440.0);
    let sound = samples(11_025, 20.0, |t| if t < 1.0 { 0.3 * tone(t) } else { 0.0 });
    let sound = measured(wav(11_025, 1, 16, &sound));
    assert_close(&sound, "trailing_silence", 19.0, 0.02);
    assert_close(&sound, "silence", 19.0, 0.02);
}
