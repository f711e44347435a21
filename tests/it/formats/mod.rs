//! Formats: what the service receives of a file, compared with the sounds that the file was made of.

use std::process::Command;

use serde_json::Value;

use crate::harness::{answer, caption};
use crate::skipped_tests::{has_programs, skip};
use support::audio::read_converted;
use support::stand_in::StandIn;

mod containers;
mod containers_by_ffmpeg;
mod decoding;
mod decoding_damage;
mod decoding_more;
#[cfg(unix)]
mod fake_ffmpeg;
mod faults;
#[cfg(unix)]
mod ffmpeg_choice;
#[cfg(unix)]
mod ffmpeg_failures;
mod ffmpeg_formats;
#[cfg(unix)]
mod ffmpeg_safety;
mod headless;
mod identification;
mod movies;
mod mpeg;
mod packed;

/// Audio that the service received, and the record of its file.
struct Received {
    samples: Vec<f64>,
    record: Value,
}

/// Captions a file, converted and measured.
#[track_caller]
fn received(name: &str, content: impl AsRef<[u8]>) -> Received {
    let stand_in = StandIn::always(|| answer("A sound."));
    let run = caption(&stand_in).file(name, content).args(["--convert", "always", "-v"]);
    let run = run.args(["-f", "jsonl", name]).run();
    assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    let record = run.records().remove(0);
    Received { samples: read_converted(&stand_in.request().audio()), record }
}

impl Received {
    fn number(&self, pointer: &str) -> f64 {
        self.record.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    fn loudness(&self) -> f64 {
        self.number("/sound/loudness_lufs")
    }

    fn damaged_packets(&self) -> Option<u64> {
        self.record["sound"]["damaged_packets"].as_u64()
    }
}

/// Samples of a file as ffmpeg decodes them, as 16 kHz mono.
fn reference(content: &[u8], name: &str) -> Option<Vec<f64>> {
    let wav = recoded(content, name, "-ac 1 -ar 16000 -c:a pcm_s16le -bitexact", "reference.wav")?;
    Some(read_converted(&wav))
}

/// Encodes a WAV file with ffmpeg; `None` if that, or an encoder, is missing, which is a skip.
fn encoded(wav: &[u8], arguments: &str, name: &str) -> Option<Vec<u8>> {
    recoded(wav, "in.wav", arguments, name)
}

/// Makes a file of another one with ffmpeg.
fn recoded(content: &[u8], from: &str, arguments: &str, name: &str) -> Option<Vec<u8>> {
    if !has_programs(&["ffmpeg"]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(from), content).unwrap();
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder.path()).args(["-v", "error", "-i", from]);
    let output = command.args(arguments.split_whitespace()).arg(name).output().unwrap();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        skip(&format!("ffmpeg does not encode {name} with {arguments}: {stderr}"));
        return None;
    }
    Some(std::fs::read(folder.path().join(name)).unwrap())
}
