//! Codecs of files that symphonia does not read: AMR, GSM, `WavPack`.

use codec_core::codecs::amr::AmrCodec;
use codec_core::types::{CodecConfig, VariableRateCodec};

use super::{encoded, received, recoded, reference};
use crate::harness::data_path;
use support::audio::{samples, sine, wav, wav_of_channels};
use support::compare::{Chord, aligned};

/// Least ratio for AMR, in dB: the decoder of ffmpeg computes with floats, and is not bit-exact.
const AMR: f64 = 25.0;

/// The same for wide band, whose upper frequencies are noise of the decoder.
const AMR_WB: f64 = 8.0;

/// Asserts that a file is received as ffmpeg decodes it.
#[track_caller]
fn assert_as_reference(content: &[u8], name: &str, codec: &str, least: f64) {
    let Some(expected) = reference(content, name) else { return };
    let heard = received(name, content);
    let (ratio, shift) = aligned(&expected, &heard.samples, 4);
    assert!(ratio >= least, "{name}: {ratio:.1} dB, shift {shift}");
    assert!(expected.len().abs_diff(heard.samples.len()) <= 320, "{name}: {}", heard.record);
    assert_eq!(heard.record["sound"]["codec"], codec, "{name}");
    assert_eq!(heard.damaged_packets(), Some(0), "{name}");
}

#[test]
fn amr_is_decoded_also_in_files_of_phones() {
    let amr = std::fs::read(data_path("tone.amr")).unwrap();
    assert_as_reference(&amr, "a.amr", "amr_nb", AMR);
    for name in ["a.3gp", "a.mov"] {
        let Some(content) = recoded(&amr, "a.amr", "-c:a copy", name) else { return };
        assert_as_reference(&content, name, "amr_nb", AMR);
    }
}

#[test]
fn amr_of_wide_band_is_decoded() {
    let mut encoder = AmrCodec::new(&CodecConfig::amr_wb()).unwrap();
    let tone = sine(440.0);
    let sound: Vec<_> =
        samples(16_000, 1.2, |t| 0.4 * tone(t)).iter().map(|s| (s * 32767.0) as i16).collect();
    let mut content = b"#!AMR-WB\n".to_vec();
    for frame in sound.chunks_exact(320) {
        let frame = encoder.encode_frame(frame).unwrap();
        content.push(frame.mode << 3 | 4);
        content.extend(frame.data);
    }
    assert_as_reference(&content, "a.amr", "amr_wb", AMR_WB);
}

#[test]
fn gsm_is_decoded_in_wav_and_alone() {
    let tone = sine(440.0);
    let speech = wav(8_000, 1, 16, &samples(8_000, 1.2, |t| 0.4 * tone(t)));
    for (encoder, name, codec) in [
        ("libgsm_ms", "a.wav", "gsm_ms"),
        ("libgsm_ms", "a.w64", "gsm_ms"),
        ("libgsm", "a.gsm", "gsm"),
    ] {
        let Some(content) = encoded(&speech, &format!("-c:a {encoder}"), name) else { return };
        assert_as_reference(&content, name, codec, 30.0);
    }
}

#[test]
fn wavpack_is_decoded_with_all_channels() {
    for (channels, mask) in [(1, 4), (2, 3), (6, 0x3f)] {
        let chord = Chord::new(channels);
        let wav = wav_of_channels(44_100, mask, &chord.samples(44_100, 1.3));
        let Some(content) = encoded(&wav, "-c:a wavpack", "a.wv") else { return };
        let heard = received("a.wv", content);
        chord.assert_heard(&format!("{channels} channels"), &heard.samples, 40.0);
        assert_eq!(heard.damaged_packets(), Some(0));
        assert!((heard.number("/seconds") - 1.3).abs() < 0.01, "{}", heard.record);
        assert!((heard.loudness() - received("a.wav", &wav).loudness()).abs() < 0.1);
    }
}

#[test]
fn damaged_blocks_of_wavpack_are_counted() {
    let chord = Chord::new(2);
    let wav = wav_of_channels(44_100, 3, &chord.samples(44_100, 4.0));
    let Some(mut content) = encoded(&wav, "-c:a wavpack", "a.wv") else { return };
    let at = content.len() / 2;
    content[at] ^= 0x10;
    let heard = received("a.wv", content);
    assert_eq!(heard.damaged_packets(), Some(1));
    assert!((heard.number("/seconds") - 4.0).abs() < 0.01, "{}", heard.record);
}
