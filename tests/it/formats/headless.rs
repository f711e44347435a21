//! Samples without a head, whose format only the extension of the file tells.

use crate::harness::{answer, assert_says, caption, data_path};
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine};
use support::containers::{Coding, encode};
use support::stand_in::StandIn;

/// Length of the tone in seconds.
const LEN: f64 = 0.5;

fn tone(rate: u32) -> Vec<f64> {
    let tone = sine(440.0);
    samples(rate, LEN, |t| 0.5 * tone(t))
}

#[test]
fn samples_without_a_head_are_read_by_the_extension_of_the_file_that_is_named() {
    for (extension, coding, rate, codec, least) in [
        ("ulaw", Coding::MuLaw, 8_000, "pcm_mulaw", 30.0),
        ("mulaw", Coding::MuLaw, 8_000, "pcm_mulaw", 30.0),
        ("UL", Coding::MuLaw, 8_000, "pcm_mulaw", 30.0),
        ("alaw", Coding::ALaw, 8_000, "pcm_alaw", 30.0),
        ("al", Coding::ALaw, 8_000, "pcm_alaw", 30.0),
        ("sln", Coding::Signed(2), 8_000, "pcm_s16le", 60.0),
        ("sln16", Coding::Signed(2), 16_000, "pcm_s16le", 60.0),
        ("sln44", Coding::Signed(2), 44_100, "pcm_s16le", 60.0),
        ("sln48", Coding::Signed(2), 48_000, "pcm_s16le", 60.0),
    ] {
        let name = format!("a.{extension}");
        let stand_in = StandIn::scripted([answer("A tone.")]);
        let content = encode(&tone(rate), 1, coding, false);
        let run = caption(&stand_in).file(&name, content).args(["-f", "jsonl", "-v", &name]).run();
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let kilohertz = f64::from(rate) / 1000.0;
        let note = format!("taken for RAW ({codec}), {kilohertz} kHz, 1 channel because of its");
        assert_says(&run.stderr, &["note:", &note, "extension alone", &name]);
        let sound = &run.records()[0]["sound"];
        assert_eq!((&sound["container"], &sound["codec"]), (&"raw".into(), &codec.into()));
        let sent = read_converted(&stand_in.request().audio());
        let ratio = signal_to_noise(&tone(CONVERTED_RATE), &sent);
        assert!(ratio >= least, "{name}: {ratio:.1} dB");
        assert!(sent.len().abs_diff(8_000) <= 1, "{name}: {} samples", sent.len());
    }
}

#[test]
fn a_dry_run_says_that_the_extension_alone_tells_the_format() {
    let stand_in = StandIn::start();
    let content = encode(&tone(8_000), 1, Coding::MuLaw, false);
    let run = caption(&stand_in).file("a.ul", content).args(["--dry-run", "a.ul"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["note:", "RAW (pcm_mulaw), 8 kHz", "extension alone", "a.ul"]);
    assert!(run.stdout.contains("0.50 s"), "{}", run.stdout);
}

#[test]
fn an_extension_of_raw_samples_does_not_decide_about_other_content() {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    // A WAV file with a wrong name.
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let run = caption(&stand_in).file("a.ulaw", wav.clone()).arg("a.ulaw").run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(stand_in.request().audio(), wav);
    for (content, words) in [
        (b"package Foo;\nsub a { 1 }\n".to_vec(), "not audio but text"),
        (b"PK\x03\x04\x14\0\0\0\x08\0".repeat(30), "not audio but a ZIP archive"),
        (b"MAC \x96\x0f\0\0".repeat(30), "Monkey's Audio cannot be decoded here"),
    ] {
        let run = caption(&stand_in).file("a.al", content).arg("a.al").run();
        assert_says(&run.failed(3), &[words, "a.al"]);
    }
    assert_eq!(stand_in.posts(), 1);
}

#[test]
fn raw_samples_are_neither_searched_for_nor_read_from_a_stream() {
    let stand_in = StandIn::start();
    let content = encode(&tone(8_000), 1, Coding::MuLaw, false);
    let run = caption(&stand_in).file("d/a.ulaw", content.clone()).arg("d").run();
    assert_says(&run.failed(2), &["no audio in d"]);
    let run = caption(&stand_in).stdin(content).arg("-").run();
    assert_says(&run.failed(3), &["data of an unknown kind"]);
    assert_eq!(stand_in.connections(), 0);
}
