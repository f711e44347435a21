//! MPEG audio and ADTS: all layers and bit rates, tags between frames, and bytes that are lost.

use super::decoding_damage::{assert_silent_in_place, sweep};
use super::{encoded, received, reference};
use crate::harness::{answer, caption};
use support::compare::aligned;
use support::stand_in::StandIn;

/// Least ratio of a sound to its deviation from that of ffmpeg, in dB.
const LEAST: f64 = 40.0;

/// Asserts that a file is whole and sounds as ffmpeg decodes it.
#[track_caller]
fn assert_whole(name: &str, content: &[u8], codec: &str) {
    let Some(expected) = reference(content, name) else { return };
    let received = received(name, content);
    assert_eq!(received.record["sound"]["codec"], codec, "{name}");
    assert_eq!(received.damaged_packets(), Some(0), "{name}");
    assert!(received.samples.len().abs_diff(expected.len()) <= 160, "{name}");
    let (ratio, shift) = aligned(&expected, &received.samples, 2);
    assert!(ratio > LEAST, "{name}: {ratio:.1} dB with a shift of {shift}");
}

#[test]
fn layer_2_is_decoded_with_bit_rates_that_its_table_does_not_allow() {
    for arguments in ["-ac 1 -b:a 384k", "-ac 1 -ar 44100 -b:a 224k", "-ac 2 -b:a 48k"] {
        let Some(content) = encoded(&sweep(), arguments, "a.mp2") else { return };
        assert_whole("a.mp2", &content, "mp2");
    }
    let Some(content) = encoded(&sweep(), "-ac 1 -c:a mp2", "a.mka") else { return };
    assert_whole("a.mka", &content, "mp2");
}

#[test]
fn layer_2_that_no_frame_of_the_decoder_holds_is_named() {
    let arguments = "-ac 1 -ar 32000 -b:a 384k";
    let Some(content) = encoded(&sweep(), arguments, "a.mp2") else { return };
    let stand_in = StandIn::always(|| answer("A sound."));
    let run = caption(&stand_in).file("a.mp2", content).args(["--ffmpeg", "never", "a.mp2"]);
    let run = run.args(["--convert", "always"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let name = "MP2 with 384 kbit/s for one channel of 32 kHz";
    assert!(run.stderr.contains(name), "{}", run.stderr);
}

/// Frames of layer I: noise in four subbands.
fn layer_1() -> Vec<u8> {
    let mut state = 1_u32;
    let mut frames = Vec::new();
    for _ in 0..200 {
        // 384 kbit/s at 48 kHz, one channel.
        let mut frame = vec![0xff, 0xff, 0xc4, 0xc0];
        // Eight bits a sample in subbands 1 to 4, all with a scale factor of 1/8.
        frame.extend([0x07, 0x77, 0x70]);
        frame.resize(4 + 16, 0);
        frame.extend([0x30, 0xc3, 0x0c]);
        frame.extend((0..48).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 | 1
        }));
        frame.resize(384, 0);
        frames.extend(frame);
    }
    frames
}

#[test]
fn layer_1_is_decoded() {
    assert_whole("a.mp1", &layer_1(), "mp1");
}

#[test]
fn a_free_bit_rate_is_named() {
    let frame = [&b"\xff\xfb\x00\x00"[..], &[0; 600]].concat();
    let stand_in = StandIn::always(|| answer("A sound."));
    let run = caption(&stand_in).file("a.mp3", frame.repeat(50)).args(["--ffmpeg", "never"]);
    let run = run.args(["--convert", "always", "a.mp3"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("MP3 of a free bit rate"), "{}", run.stderr);
}

fn id3(len: u8, has_footer: bool) -> Vec<u8> {
    let rest = [4, 0, if has_footer { 0x10 } else { 0 }, 0, 0, 0, len];
    let footer = if has_footer { [b"3DI", &rest[..]].concat() } else { Vec::new() };
    [b"ID3", &rest[..], &vec![0; len.into()], &footer].concat()
}

fn ape(has_header: bool) -> Vec<u8> {
    let items = [b'x'; 200];
    let part = |flags: u8| {
        [&b"APETAGEX\xd0\x07\0\0"[..], &[232, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, flags], &[0; 8]]
            .concat()
    };
    let header = if has_header { part(0xa0) } else { Vec::new() };
    [header, items.to_vec(), part(if has_header { 0x80 } else { 0 })].concat()
}

#[test]
fn tags_and_padding_around_frames_are_no_loss() {
    let id3v1 = [&b"TAG"[..], &[b' '; 125]].concat();
    let lyrics = b"LYRICSBEGININD0000210LYR00010some words000043LYRICS200".to_vec();
    let enhanced = [&b"TAG+"[..], &[b' '; 223]].concat();
    for (name, arguments) in [("a.mp3", "-b:a 96k"), ("a.aac", ""), ("a.mp2", "")] {
        let Some(content) = encoded(&sweep(), arguments, name) else { return };
        let alone = received(name, &content).samples;
        let around = [
            (vec![id3(90, false), id3(20, false)], vec![]),
            (vec![id3(90, true)], vec![vec![0; 5000]]),
            (vec![], vec![ape(true)]),
            (vec![], vec![ape(false), id3v1.clone()]),
            (vec![], vec![lyrics.clone(), enhanced.clone(), id3v1.clone()]),
            (vec![], vec![id3(90, true)]),
        ];
        for (number, (before, behind)) in around.into_iter().enumerate() {
            let tagged = [before.concat(), content.clone(), behind.concat()].concat();
            let received = received(name, tagged);
            assert_eq!(received.damaged_packets(), Some(0), "{name}: {number}");
            assert!(received.samples == alone, "{name}: {number}");
        }
    }
}

#[test]
fn joined_files_with_tags_of_their_own_are_whole() {
    let id3v1 = [&b"TAG"[..], &[b' '; 125]].concat();
    for (name, arguments) in [("a.mp3", "-b:a 96k"), ("a.aac", ""), ("a.mp2", "")] {
        let Some(content) = encoded(&sweep(), arguments, name) else { return };
        let alone = received(name, &content).samples;
        let parts = [content.clone(), ape(true), id3v1.clone(), id3(90, false), content];
        let joined = received(name, parts.concat());
        assert_eq!(joined.damaged_packets(), Some(0), "{name}");
        let (first, second) = joined.samples.split_at(alone.len());
        assert!(second.len().abs_diff(alone.len()) <= 160, "{name}");
        // The decoder and the resampler go on from one to the other.
        let same = alone.len() - 1000;
        let (ratio, _) = aligned(&alone[1000..same], &first[1000..same], 0);
        assert!(ratio > 60.0, "{name}: {ratio:.1} dB");
    }
}

#[test]
fn overwritten_frames_become_silence_in_their_place() {
    for (name, arguments) in [("a.mp3", "-b:a 96k"), ("a.aac", "-b:a 96k"), ("a.mp2", "-b:a 96k")] {
        let Some(content) = encoded(&sweep(), arguments, name) else { return };
        for fill in [0x55, 0] {
            let mut damaged = content.clone();
            for part in [1, 2] {
                let at = content.len() * part / 3;
                damaged[at..at + 2000].fill(fill);
            }
            assert_silent_in_place(name, &content, &damaged, 2);
        }
    }
}

#[test]
fn other_bytes_between_frames_and_behind_them_break_the_rule() {
    let other: Vec<_> =
        (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    for (name, arguments) in [("a.mp3", "-write_xing 0"), ("a.aac", ""), ("a.mp2", "")] {
        let Some(content) = encoded(&sweep(), arguments, name) else { return };
        let (before, behind) = content.split_at(content.len() / 2);
        let few = &other[..40];
        for damaged in [[before, few, behind].concat(), [before, behind, &other].concat()] {
            let stand_in = StandIn::always(|| answer("A sound."));
            let run = caption(&stand_in).file(name, damaged).args(["--check", "decodes"]);
            let run = run.args(["-f", "jsonl", name]).run();
            assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        }
    }
}
