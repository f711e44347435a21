//! A recording that is cut short, or still grows, is reported as that.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Caption, Run, answer, assert_says, caption, clip, data_path, finish};

use support::audio::{samples, sine, wav};
use support::stand_in::{Gate, StandIn};

/// A minute of mono at 8 kHz and 8 bits: a byte a sample.
fn minute() -> Vec<u8> {
    wav(8_000, 1, 8, &samples(8_000, 60.0, |t| 0.1 * sine(440.0)(t)))
}

/// What is left of it after 34 s.
fn cut_minute() -> Vec<u8> {
    let mut minute = minute();
    minute.truncate(44 + 34 * 8_000);
    minute
}

/// A run that is answered each time.
fn answered() -> StandIn {
    StandIn::always(|| answer("A tone."))
}

fn run_on(stand_in: &StandIn, name: &str, content: &[u8]) -> Caption {
    caption(stand_in).file(name, content).args(["-f", "jsonl", name])
}

/// Captioned, reported as cut with this text, and marked in its record.
#[track_caller]
fn assert_cut(run: &Run, name: &str, text: &str) {
    assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    let record = &run.records()[0];
    assert_eq!(
        (&record["truncated"], record["caption"].is_string()),
        (&Value::Bool(true), true),
        "{name}: {record}"
    );
    assert_says(&run.stderr, &["warning: ", text, name]);
}

#[test]
fn a_cut_recording_is_captioned_with_a_warning_and_marked_in_its_record() {
    let stand_in = answered();
    let run = run_on(&stand_in, "a.wav", &cut_minute()).run();
    assert_cut(&run, "a.wav", "34.0 of 60.0 s are there");
    let seconds = run.records()[0]["seconds"].as_f64().unwrap();
    assert!((33.9..34.1).contains(&seconds), "what is there: {seconds}");
    // As it is, in windows and on standard input alike.
    let run = run_on(&stand_in, "a.wav", &cut_minute()).args(["--convert", "never"]).run();
    assert_cut(&run, "a.wav", "34.0 of 60.0 s are there");
    let run = run_on(&stand_in, "a.wav", &cut_minute()).args(["--window", "20s"]).run();
    assert_cut(&run, "a.wav", "34.0 of 60.0 s are there");
    let run = caption(&stand_in).stdin(cut_minute()).args(["-f", "jsonl", "-"]).run();
    assert_cut(&run, "-", "34.0 of 60.0 s are there");
    // The caption alone goes to where captions go.
    let run =
        |option: &str| caption(&stand_in).file("a.wav", cut_minute()).args([option, "a.wav"]).run();
    let printed = run("--no-stream");
    assert_eq!((printed.code, printed.stdout.as_str()), (0, "A tone.\n"));
    assert_says(&printed.stderr, &["warning: ", "34.0 of 60.0 s are there: a.wav"]);
    assert_eq!(run("-q").captioned(), "A tone.\n");
}

#[test]
fn a_cut_recording_of_each_container_is_reported() {
    let stand_in = answered();
    let mut silent = Vec::new();
    for clip in [
        "pcm.aiff",
        "pcm.caf",
        "native.flac",
        "layer3.mp3",
        "mulaw.wav",
        "adpcm-ima.wav",
        "opus.webm",
        "video.mkv",
        "aac.m4a",
    ] {
        let content = header_first(fs::read(data_path("tones").join(clip)).unwrap());
        let run = run_on(&stand_in, clip, &content[..content.len() * 7 / 10]).run();
        let is_marked = run.code == 0 && run.records()[0]["truncated"] == true;
        if !is_marked || !run.stderr.contains(" s are there") {
            silent.push((clip, run.code, run.stdout, run.stderr));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// An MP4 file as it is made for downloads, its header before its audio; others as they are.
fn header_first(content: Vec<u8>) -> Vec<u8> {
    let Some(at) = content.windows(4).position(|name| name == b"moov").map(|at| at - 4) else {
        return content;
    };
    let mdat = content.windows(4).position(|name| name == b"mdat").unwrap() - 4;
    let mut head = content[at..].to_vec();
    let shift = u32::try_from(head.len()).unwrap();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    // One list of chunks for each track.
    let lists = head.windows(4).enumerate().filter(|(_, name)| *name == b"stco");
    for list in lists.map(|(at, _)| at + 8).collect::<Vec<_>>() {
        let count = number(&head[list..list + 4]) as usize;
        for place in (1..=count).map(|chunk| list + 4 * chunk) {
            let offset = number(&head[place..place + 4]) + shift;
            head[place..place + 4].copy_from_slice(&offset.to_be_bytes());
        }
    }
    [&content[..mdat], &head, &content[mdat..at]].concat()
}

#[test]
fn an_ogg_file_without_its_last_page_is_reported() {
    let stand_in = answered();
    // The last page of an Ogg stream says that it is the last.
    let speech = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/audio/speech.ogg");
    let content = fs::read(speech).unwrap();
    let pages = || content.windows(4).enumerate().filter(|(_, mark)| *mark == b"OggS");
    let last_page = pages().next_back().unwrap().0;
    // Within a page, and between two.
    for end in [last_page + 100, last_page] {
        let run = run_on(&stand_in, "a.ogg", &content[..end]).run();
        assert_cut(&run, "a.ogg", "the end is missing");
    }
}

#[test]
fn a_cut_mp4_file_whose_audio_extends_to_its_end_is_reported() {
    let stand_in = answered();
    let mut content = header_first(fs::read(data_path("tones").join("aac.m4a")).unwrap());
    let mdat = content.windows(4).position(|name| name == b"mdat").unwrap() - 4;
    content[mdat..mdat + 4].fill(0);
    let run = run_on(&stand_in, "a.m4a", &content[..content.len() * 7 / 10]).run();
    assert_cut(&run, "a.m4a", " s are there");
    let run = run_on(&stand_in, "a.m4a", &content).run();
    assert_eq!((run.code, run.records()[0].get("truncated")), (0, None));
}

#[test]
fn an_mp4_file_with_its_header_first_is_whole() {
    let stand_in = answered();
    for clip in ["aac.m4a", "alac.m4a", "video.mp4"] {
        let content = header_first(fs::read(data_path("tones").join(clip)).unwrap());
        let run = run_on(&stand_in, clip, &content).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{clip}");
        assert_eq!(run.records()[0].get("truncated"), None, "{clip}");
    }
}

#[test]
fn a_whole_recording_of_each_container_is_not_reported() {
    let stand_in = answered();
    let mut clips: Vec<_> =
        fs::read_dir(data_path("tones")).unwrap().map(|e| e.unwrap().path()).collect();
    clips.retain(|path| path.is_file());
    clips.sort();
    assert!(clips.len() > 10);
    for path in clips {
        let run = caption(&stand_in).args(["-q", "-f", "jsonl"]).arg(&path).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", path.display());
        assert_eq!(run.records()[0].get("truncated"), None, "{}", path.display());
    }
}

#[test]
fn a_length_that_a_header_does_not_declare_is_not_missing() {
    let stand_in = answered();
    // Written to a pipe, and by a recorder that was stopped.
    for sizes in [0xff, 0x00] {
        let mut content = minute();
        content[4..8].fill(sizes);
        content[40..44].fill(sizes);
        let run = run_on(&stand_in, "a.wav", &content).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_eq!(run.records()[0].get("truncated"), None);
    }
    // A sample or two are no part of a recording.
    let content = minute();
    let run = run_on(&stand_in, "a.wav", &content[..content.len() - 2]).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn a_cut_recording_violates_the_rule_decodes() {
    let stand_in = StandIn::start();
    let run = run_on(&stand_in, "a.wav", &cut_minute()).args(["--check", "decodes"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    let record = &run.records()[0];
    assert_eq!(record["findings"][0]["rule"], "decodes", "{record}");
    assert_says(record["findings"][0]["message"].as_str().unwrap(), &["34.0 of 60.0 s are there"]);
    assert_eq!(record["truncated"], true, "{record}");
    assert_eq!(stand_in.connections(), 0, "audio that violates a rule is not sent");
}

#[test]
fn a_cut_recording_of_each_container_violates_the_rule_decodes() {
    let stand_in = StandIn::start();
    let mut kept = Vec::new();
    for clip in ["pcm.aiff", "pcm.caf", "native.flac", "layer3.mp3", "opus.webm"] {
        let content = fs::read(data_path("tones").join(clip)).unwrap();
        let run = run_on(&stand_in, clip, &content[..content.len() * 7 / 10]);
        let run = run.args(["--check", "decodes"]).run();
        if run.code != 1 || !run.stderr.contains(" s are there") {
            kept.push((clip, run.code, run.stderr));
        }
    }
    assert!(kept.is_empty(), "{kept:#?}");
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_project_can_lower_cut_recordings_to_a_warning() {
    let stand_in = answered();
    let toml = "[[rule]]\nname = 'whole'\ndecodes = true\nseverity = 'warning'\n";
    let run = run_on(&stand_in, "a.wav", &cut_minute()).file("caption.toml", toml).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["warning: ", "34.0 of 60.0 s are there", "whole", "a.wav"]);
    // Once, and not by the rule and beside it.
    assert_eq!(run.stderr.matches("34.0 of 60.0 s").count(), 1, "{}", run.stderr);
}

#[test]
fn a_cut_recording_with_a_cached_caption_is_reported() {
    let stand_in = answered();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    for arguments in [&[][..], &["--offline"], &["--offline"]] {
        let run = run_on(&stand_in, "a.wav", &cut_minute()).arg("--manifest").arg(&manifest);
        let run = run.args(arguments).run();
        assert_cut(&run, "a.wav", "34.0 of 60.0 s are there");
    }
    let run = run_on(&stand_in, "a.wav", &cut_minute()).arg("--manifest").arg(&manifest);
    assert_eq!(run.args(["--offline", "--check", "decodes"]).run().code, 1);
    assert_eq!(stand_in.requests().len(), 1);
}

#[test]
fn a_dry_run_reports_cut_recordings() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.wav", cut_minute()).args(["--dry-run", "a.wav"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["warning: ", "34.0 of 60.0 s are there", "a.wav"]);
}

#[test]
fn a_batch_reports_each_cut_recording_by_its_name() {
    let stand_in = answered();
    let run = caption(&stand_in).file("x/a.wav", cut_minute()).file("x/b.wav", clip(1));
    let run = run.args(["-f", "jsonl", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let cut: Vec<_> = run.records().iter().map(|record| record["truncated"].clone()).collect();
    assert_eq!(cut, [Value::Bool(true), Value::Null]);
    assert_eq!(run.stderr.matches("s are there").count(), 1, "{}", run.stderr);
}

/// A run during which the file grows while the service is at it.
#[track_caller]
fn grown(content: &[u8], args: &[&str]) -> Run {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("A tone.").held_by(&gate)]);
    let mut run = run_on(&stand_in, "a.wav", content).args(args);
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    let file = fs::OpenOptions::new().append(true).open(run.folder().join("a.wav"));
    file.unwrap().write_all(&[0x80; 8_000]).unwrap();
    gate.open();
    finish(child)
}

#[test]
fn a_file_that_is_still_copied_is_reported_as_cut() {
    let run = grown(&cut_minute(), &[]);
    assert_cut(&run, "a.wav", "34.0 of 60.0 s are there");
}

#[test]
fn a_recording_that_still_grows_is_reported() {
    // A recorder at work does not know the length either.
    let mut content = cut_minute();
    content[4..8].fill(0);
    content[40..44].fill(0);
    let run = grown(&content, &[]);
    assert_cut(&run, "a.wav", "still grows");
    let run = grown(&content, &["--check", "decodes"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_says(&run.stderr, &["violation: ", "still grows", "decodes", "a.wav"]);
    assert_eq!(run.records()[0]["caption"], "A tone.", "a caption that was paid for is delivered");
}
