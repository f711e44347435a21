//! Decoders: every channel is there, at its level and its place, and the format may change on the way.

use super::{Received, encoded, received};
use support::audio::{CONVERTED_RATE, wav_of_channels};
use support::compare::{Chord, aligned};

/// Length of the sounds, in seconds.
const LEN: f64 = 1.3;

/// Number of channels and their positions as bits of a mask: 1.0, 2.0, 3.0, 4.0 (quad), 5.0, 5.1,
/// 6.1 and 7.1.
const LAYOUTS: [(usize, u32); 8] =
    [(1, 4), (2, 3), (3, 7), (4, 0x33), (5, 0x37), (6, 0x3f), (7, 0x70f), (8, 0x63f)];

/// A WAV file at 48 kHz with a chord in its channels.
fn chord(channels: usize, mask: u32) -> (Chord, Vec<u8>) {
    let chord = Chord::new(channels);
    let wav = wav_of_channels(48_000, mask, &chord.samples(48_000, LEN));
    (chord, wav)
}

/// Asserts that all channels are received, and that their places count in the loudness as in WAV.
#[track_caller]
fn assert_channels(codec: &str, name: &str, counts: &[usize], least: f64) {
    for (channels, mask) in LAYOUTS.into_iter().filter(|layout| counts.contains(&layout.0)) {
        let (chord, wav) = chord(channels, mask);
        let arguments = codec.replace("{rate}", &format!("{}k", 96 * channels));
        let Some(content) = encoded(&wav, &arguments, name) else { return };
        let heard = received(name, content);
        let name = format!("{channels} channels, {codec}, {name}");
        chord.assert_heard(&name, &heard.samples, least);
        let difference = heard.loudness() - received("a.wav", &wav).loudness();
        assert!(difference.abs() < 0.3, "{name}: {difference:.1} LU");
        let seconds = heard.samples.len() as f64 / f64::from(CONVERTED_RATE);
        assert!((seconds - LEN).abs() < 0.02, "{name}: {seconds} s");
    }
}

#[test]
fn every_channel_of_vorbis_is_heard_and_counts_by_its_place() {
    assert_channels("-c:a libvorbis -q:a 9", "a.ogg", &[1, 3, 4, 5, 6, 7, 8], 20.0);
    assert_channels("-c:a libvorbis -q:a 9", "a.mka", &[2, 6], 20.0);
}

#[test]
fn every_channel_of_opus_is_heard_and_counts_by_its_place() {
    let codec = "-c:a libopus -b:a {rate} -mapping_family 1";
    assert_channels(codec, "a.opus", &[3, 4, 5, 6, 7, 8], 30.0);
    assert_channels(codec, "a.webm", &[6], 30.0);
}

#[test]
fn every_channel_of_lossless_audio_is_heard_and_counts_by_its_place() {
    assert_channels("-c:a flac", "a.flac", &[1, 2, 6, 8], 40.0);
    assert_channels("-c:a pcm_s24le", "a.wav", &[6, 8], 40.0);
    // Matroska has the number of channels, and not their positions.
    assert_channels("-c:a pcm_s16le", "a.mka", &[6, 8], 40.0);
}

/// Encodes a sound of two channels to MPEG frames without a header of their own.
fn frames(arguments: &str, name: &str) -> Option<Vec<u8>> {
    encoded(&chord(2, 3).1, arguments, name)
}

/// Asserts that files of another format, one behind the other, are received as they are alone.
#[track_caller]
fn assert_joined(name: &str, parts: &[Vec<u8>]) {
    let alone: Vec<Received> = parts.iter().map(|part| received(name, part)).collect();
    let joined = received(name, parts.concat());
    assert_eq!(joined.damaged_packets(), Some(0));
    let mut start = 0.0;
    for part in alone {
        let seconds = part.samples.len() as f64 / f64::from(CONVERTED_RATE);
        let from = (start * f64::from(CONVERTED_RATE)) as usize;
        let there = &joined.samples[from..(from + part.samples.len()).min(joined.samples.len())];
        let (ratio, shift) = aligned(&part.samples, there, 8);
        // The parts may be apart by a part of a sample.
        assert!(ratio > 18.0, "the part from {start:.2} s on: {ratio:.1} dB, shift {shift}");
        start += seconds;
    }
    let seconds = joined.samples.len() as f64 / f64::from(CONVERTED_RATE);
    assert!((seconds - start).abs() < 0.02, "{seconds} s of {start} s");
    assert!((joined.number("/seconds") - start).abs() < 0.02, "{}", joined.record);
}

#[test]
fn mp3_that_changes_its_channels_or_rate_is_decoded_to_the_end() {
    let Some(stereo) = frames("-c:a libmp3lame -b:a 128k -write_xing 0", "a.mp3") else { return };
    let mono = frames("-c:a libmp3lame -b:a 96k -ac 1 -write_xing 0", "a.mp3").unwrap();
    let slow = frames("-c:a libmp3lame -b:a 64k -ar 22050 -write_xing 0", "a.mp3").unwrap();
    assert_joined("a.mp3", &[stereo.clone(), mono.clone()]);
    assert_joined("a.mp3", &[mono, slow, stereo]);
}

/// Configuration of AAC-LC at 24 kHz with two channels, as ffmpeg writes it.
const LC: [u8; 5] = [0x13, 0x10, 0x56, 0xe5, 0x00];

/// HE-AAC of 48 kHz with a core of 24 kHz, in object type 5; and version 2 of that, type 29.
const HE: [[u8; 5]; 2] = [[0x2b, 0x11, 0x88, 0, 0], [0xeb, 0x11, 0x88, 0, 0]];

#[test]
fn the_core_of_he_aac_is_decoded_and_the_record_describes_the_whole() {
    let chord = Chord::new(2);
    let wav = wav_of_channels(24_000, 3, &chord.samples(24_000, LEN));
    for name in ["a.m4a", "a.mka"] {
        let Some(content) = encoded(&wav, "-c:a aac -b:a 160k", name) else { return };
        let at = content.windows(LC.len()).position(|bytes| bytes == LC).unwrap();
        for config in HE {
            let mut content = content.clone();
            content[at..at + LC.len()].copy_from_slice(&config);
            let heard = received(name, &content);
            chord.assert_heard(name, &heard.samples, 25.0);
            assert_eq!(heard.record["sound"]["sample_rate"], 48_000, "{}", heard.record);
            assert_eq!(heard.record["sound"]["channels"], 2, "{}", heard.record);
            assert!((heard.number("/seconds") - LEN).abs() < 0.1, "{}", heard.record);
        }
    }
}

#[test]
fn adts_that_changes_its_channels_or_rate_is_decoded_to_the_end() {
    let Some(stereo) = frames("-c:a aac -b:a 128k", "a.aac") else { return };
    let mono = frames("-c:a aac -b:a 96k -ac 1", "a.aac").unwrap();
    let slow = frames("-c:a aac -b:a 64k -ar 24000", "a.aac").unwrap();
    assert_joined("a.aac", &[stereo.clone(), mono.clone()]);
    assert_joined("a.aac", &[mono, slow, stereo]);
}
