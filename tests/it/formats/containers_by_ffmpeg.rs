//! Files that ffmpeg makes, in the shapes that its muxers give them.

use std::process::Command;

use crate::harness::{answer, caption};
use crate::skipped_tests::{has_programs, skip};
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine};
use support::stand_in::StandIn;

/// Length of the tone in seconds.
const SECONDS: f64 = 1.5;

/// Returns a tone at 16 kHz in a file that ffmpeg writes; `None` if it cannot.
pub(super) fn made_by_ffmpeg(name: &str, options: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let tone = format!("aevalsrc=0.5*sin(440*2*PI*t):s=16000:d={SECONDS}");
    let chapters = folder.path().join("chapters");
    let text = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=700\ntitle=a\n";
    std::fs::write(&chapters, text).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &tone]);
    if options.contains("-c:v") {
        command.args(["-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=1.5"]);
    }
    if options.contains("-map_chapters") {
        command.arg("-i").arg(&chapters);
    }
    command.args(options.split_whitespace()).arg(folder.path().join(name));
    let output = command.output().ok()?;
    if !output.status.success() {
        skip(&format!("ffmpeg cannot write {name} with {options}"));
        return None;
    }
    std::fs::read(folder.path().join(name)).ok()
}

/// Asserts that the service receives the tone, up to a shift that an encoder makes.
#[track_caller]
fn assert_tone(name: &str, content: Vec<u8>, seconds: f64, min_ratio: f64) {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let run = caption(&stand_in).file(name, content).args(["--convert", "always", name]).run();
    assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    let sent = read_converted(&stand_in.request().audio());
    let (len, expected) = (sent.len() as f64 / f64::from(CONVERTED_RATE), seconds);
    // Without an edit list, the delay of an encoder of AAC stays: 2048 frames.
    assert!((len - expected).abs() < 0.15, "{name}: {len} s, not {expected} s");
    let (tone, start) = (sine(440.0), 1600);
    let ratio = (0..400).map(|shift| {
        let shift = f64::from(shift) / 400.0 / 440.0;
        let expected = samples(CONVERTED_RATE, 0.4, |t| 0.5 * tone(t + shift));
        signal_to_noise(&expected, &sent[start..start + expected.len()])
    });
    let ratio = ratio.fold(f64::MIN, f64::max);
    assert!(ratio >= min_ratio, "{name}: {ratio:.1} dB");
}

#[test]
fn files_of_the_muxers_of_ffmpeg_hold_the_tone() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    for (name, options) in [
        ("hevc.mp4", "-c:v libx265 -x265-params log-level=none -c:a aac"),
        ("hevc.mov", "-c:v libx265 -x265-params log-level=none -c:a alac"),
        ("chapters.webm", "-map 0 -map_chapters 1 -c:a libopus"),
        ("chapters.mkv", "-map 0 -map_chapters 1 -c:a flac"),
        ("fragments.ismv", "-c:a aac"),
        ("fragments.mp4", "-c:a aac -movflags frag_keyframe+empty_moov"),
        ("fragments.mov", "-c:a pcm_s24be -movflags frag_keyframe+empty_moov"),
        ("mp3.wav", "-c:a mp3 -ar 44100"),
        ("aac.m4a", "-c:a aac -ar 96000"),
        ("adpcm.wav", "-c:a adpcm_ima_wav"),
        ("adpcm-ms.wav", "-c:a adpcm_ms"),
        ("alaw.mkv", "-c:a pcm_alaw"),
        ("float.mov", "-c:a pcm_f32be"),
        ("rf64.wav", "-rf64 always -c:a pcm_s16le"),
        ("pcm.w64", "-c:a pcm_s24le"),
    ] {
        if let Some(content) = made_by_ffmpeg(name, options) {
            assert_tone(name, content, SECONDS, 20.0);
        }
    }
}

#[test]
fn a_flac_file_without_its_start_has_the_length_that_is_there() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let Some(whole) = made_by_ffmpeg("a.flac", "-c:a flac -frame_size 1024") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("whole.flac"), whole).unwrap();
    let cut =
        ["-nostdin", "-v", "error", "-ss", "0.8", "-i", "whole.flac", "-c", "copy", "cut.flac"];
    let made = Command::new("ffmpeg").args(cut).current_dir(folder.path()).status();
    assert!(made.is_ok_and(|status| status.success()));
    let content = std::fs::read(folder.path().join("cut.flac")).unwrap();
    assert_tone("cut.flac", content, 0.7, 20.0);
}
