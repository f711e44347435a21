//! Damage within FLAC and Ogg: silence of the same length takes its place, and it is counted.

use super::{encoded, received};
use crate::harness::{answer, caption};
use support::audio::{CONVERTED_RATE, wav_of_channels};
use support::compare::power;
use support::stand_in::StandIn;

/// Length of a file, in seconds.
const LEN: f64 = 4.0;

/// A sound that is different at any time: a slow sweep.
pub(super) fn sweep() -> Vec<u8> {
    let at = |t: f64| 0.3 * (std::f64::consts::TAU * (300.0 * t + 200.0 * t * t)).sin();
    let samples: Vec<_> =
        (0..(LEN * 48_000.0) as u32).map(|n| at(f64::from(n) / 48_000.0)).collect();
    wav_of_channels(48_000, 3, &[samples.clone(), samples])
}

/// Flips a bit at a third and at two thirds of a file.
fn flipped(content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    for part in [1, 2] {
        let at = content.len() * part / 3;
        content[at] ^= 0x10;
    }
    content
}

/// Asserts that flipped bits become silence in their place.
#[track_caller]
fn assert_in_place(arguments: &str, name: &str) {
    if let Some(content) = encoded(&sweep(), arguments, name) {
        assert_silent_in_place(name, &content, &flipped(&content), 2);
    }
}

/// Asserts that damage becomes silence of the same length, that the rest stays in its place, that it
/// is counted as at least so many packets, and that it breaks the rule `decodes`.
#[track_caller]
pub(super) fn assert_silent_in_place(
    name: &str,
    content: &[u8],
    damaged_content: &[u8],
    packets: u64,
) {
    let whole = received(name, content);
    assert_eq!(whole.damaged_packets(), Some(0), "{name}");
    let damaged = received(name, damaged_content);
    assert!(damaged.damaged_packets() >= Some(packets), "{name}: {}", damaged.record);
    assert!(whole.samples.len().abs_diff(damaged.samples.len()) <= 160, "{name}");
    let step = CONVERTED_RATE as usize / 20;
    let steps = whole.samples.chunks_exact(step).zip(damaged.samples.chunks_exact(step));
    let (mut same, mut lost, mut count) = (0, 0, 0);
    for (expected, received) in steps {
        let deviation: Vec<_> = expected.iter().zip(received).map(|(e, r)| e - r).collect();
        count += 1;
        same += usize::from(power(&deviation) < 1e-4 * power(expected));
        lost += usize::from(power(received) < 0.9 * power(expected));
    }
    assert!(lost > 0 && same > count / 2, "{name}: {same} of {count} are the same");
    // Two places are lost; at their edges, steps are neither the same nor silent.
    assert!(count - same <= lost + 8, "{name}: {same} of {count} are the same, {lost} are silent");
    let stand_in = StandIn::always(|| answer("A sound."));
    let run = caption(&stand_in).file(name, damaged_content).args(["--check", "decodes"]);
    let run = run.args(["-f", "jsonl", name]).run();
    assert_eq!(run.code, 1, "{name}: {}", run.stderr);
    assert_eq!(run.records()[0]["findings"][0]["rule"], "decodes");
}

#[test]
fn damaged_frames_of_flac_become_silence_in_their_place() {
    assert_in_place("-c:a flac", "a.flac");
    assert_in_place("-c:a flac", "a.mka");
    assert_in_place("-c:a flac -page_duration 200000", "a.oga");
}

#[test]
fn a_damaged_first_frame_of_flac_becomes_silence_in_its_place() {
    for fill in [0x10, 0] {
        let Some(content) = encoded(&sweep(), "-c:a flac", "a.flac") else { return };
        // Blocks of metadata begin with their kind, the first frame with 0xff.
        let mut at = 4;
        while content[at] != 0xff {
            let [_, len @ ..] = *content[at..].first_chunk::<4>().unwrap();
            at += 4 + len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
        }
        let mut damaged = content.clone();
        damaged[at + fill..at + 200].fill(0x55);
        assert_silent_in_place("a.flac", &content, &damaged, 1);
    }
}

#[test]
fn damaged_pages_of_ogg_become_silence_in_their_place() {
    assert_in_place("-c:a libvorbis -q:a 4 -page_duration 200000", "a.ogg");
    assert_in_place("-c:a libopus -b:a 64k -page_duration 200000", "a.opus");
}

#[test]
fn two_parts_of_an_ogg_recording_have_no_silence_of_minutes_between_them() {
    let samples: Vec<_> = (0..8_000 * 160).map(|n| 0.3 * (f64::from(n) * 0.3).sin()).collect();
    let arguments = "-c:a libopus -b:a 32k -page_duration 1000000";
    let Some(content) = encoded(&wav_of_channels(8_000, 4, &[samples]), arguments, "a.opus") else {
        return;
    };
    let marks = content.windows(4).enumerate().filter(|(_, mark)| mark == b"OggS");
    let starts: Vec<_> = marks.map(|(at, _)| at).collect();
    // 65 of some 160 pages of a second are left out.
    let parts = [&content[..starts[50]], &content[starts[115]..]].concat();
    let received = received("a.opus", parts);
    let seconds = received.samples.len() / CONVERTED_RATE as usize;
    assert!((90..100).contains(&seconds), "{seconds} s");
    assert_eq!(received.damaged_packets(), Some(1));
}
