//! Blocks of ADPCM, GSM, AMR and `WavPack` in every container that has them: two tones of a formula.
//!
//! The clips in `tests/data/packed` are made by ffmpeg 5.1, that of GSM in AIFF-C by hand.

use std::fs;

use super::{Received, encoded, received, recoded, reference};
use crate::harness::{assert_says, caption, data_path};
use support::audio::{CONVERTED_RATE, samples, sine, wav_of_channels};
use support::compare::{Chord, aligned};
use support::containers::{Track, aiff_c, movie, mp4_box, sound_entry, wave_format};
use support::stand_in::StandIn;

/// Length of the tones in seconds.
const LEN: f64 = 0.25;

/// The average of the channels.
fn tones() -> Vec<f64> {
    let (left, right) = (sine(440.0), sine(1250.0));
    samples(CONVERTED_RATE, LEN, |t| 0.5 * (0.4 * left(t) + 0.3 * right(t)))
}

fn packed(name: &str) -> Vec<u8> {
    fs::read(data_path("packed").join(name)).unwrap()
}

/// Asserts that the service receives the tones, that the record names the codec, and that the length
/// is right up to a block.
#[track_caller]
fn assert_tones(name: &str, content: &[u8], codec: &str, block: f64, least: f64) -> Received {
    let heard = received(name, content);
    let (ratio, shift) = aligned(&tones(), &heard.samples, 4);
    assert!(ratio >= least, "{name}: {ratio:.1} dB, shift {shift}");
    let seconds = heard.samples.len() as f64 / f64::from(CONVERTED_RATE);
    assert!((LEN - 0.01..LEN + block).contains(&seconds), "{name}: {seconds} s");
    assert_eq!(heard.record["sound"]["codec"], codec, "{name}");
    assert_eq!(heard.record["sound"]["sample_rate"], 8000, "{name}");
    assert_eq!(heard.damaged_packets(), Some(0), "{name}");
    heard
}

#[test]
fn blocks_of_adpcm_are_decoded_in_every_container() {
    // Frames of a block of 1024 bytes and two channels.
    let (ima, ms) = (1017.0 / 8000.0, 1012.0 / 8000.0);
    for (kind, names, codec, block) in [
        ("ima4", &["aifc", "caf", "mov"][..], "adpcm_ima_qt", 64.0 / 8000.0),
        ("adpcm-ima", &["caf", "mov", "mka"], "adpcm_ima_wav", ima),
        ("adpcm-ms", &["caf", "mov", "mka"], "adpcm_ms", ms),
    ] {
        for extension in names {
            let name = format!("{kind}.{extension}");
            let heard = assert_tones(&name, &packed(&name), codec, block, 20.0);
            assert_eq!(heard.record["sound"]["channels"], 2, "{name}");
        }
    }
}

#[test]
fn frames_of_gsm_are_decoded_in_every_container() {
    for (kind, names, codec, block) in [
        ("gsm", &["aifc", "caf", "mov"][..], "gsm", 0.02),
        ("gsm-ms", &["caf", "mov", "mka"], "gsm_ms", 0.04),
    ] {
        for extension in names {
            let name = format!("{kind}.{extension}");
            assert_tones(&name, &packed(&name), codec, block, 10.0);
        }
    }
}

#[test]
fn wavpack_in_matroska_is_decoded_with_all_channels() {
    let heard = assert_tones("a.mka", &packed("wavpack.mka"), "wavpack", 0.01, 60.0);
    assert_eq!(heard.record["sound"]["channels"], 2);
    let heard = assert_tones("a.mka", &packed("wavpack-5.1.mka"), "wavpack", 0.01, 60.0);
    assert_eq!(heard.record["sound"]["channels"], 6);
}

#[test]
fn tta_is_decoded_and_a_damaged_frame_is_counted() {
    let heard = assert_tones("tta.tta", &packed("tta.tta"), "tta", 0.01, 60.0);
    assert_eq!(heard.record["sound"]["channels"], 2);
    for (channels, mask) in [(1, 4), (2, 3), (6, 0x3f)] {
        let chord = Chord::new(channels);
        let wav = wav_of_channels(44_100, mask, &chord.samples(44_100, 3.3));
        let Some(mut content) = encoded(&wav, "-c:a tta", "a.tta") else { return };
        let heard = received("a.tta", &content);
        chord.assert_heard(&format!("{channels} channels"), &heard.samples, 40.0);
        assert!((heard.number("/seconds") - 3.3).abs() < 0.01, "{}", heard.record);
        let at = content.len() / 2;
        content[at] ^= 0x10;
        let heard = received("a.tta", content);
        assert_eq!(heard.damaged_packets(), Some(1));
        assert!((heard.number("/seconds") - 3.3).abs() < 0.01, "{}", heard.record);
    }
}

#[test]
fn tta_with_a_password_or_other_samples_is_named() {
    let stand_in = StandIn::start();
    for (at, value) in [(4, 2), (8, 8), (6, 7)] {
        let mut content = packed("tta.tta");
        content[at] = value;
        let run = caption(&stand_in).file("a.tta", content).arg("a.tta").run();
        assert_says(&run.failed(3), &["TTA cannot be decoded here", "a.tta"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn amr_is_decoded_in_every_container() {
    let expected = received("a.amr", fs::read(data_path("tone.amr")).unwrap());
    for name in ["amr.caf", "amr.mka", "amr.mov", "amr.3gp"] {
        let heard = received(name, packed(name));
        assert_eq!(heard.samples, expected.samples, "{name}");
        assert_eq!(heard.record["sound"]["codec"], "amr_nb", "{name}");
    }
}

/// Movie at 8 kHz whose tables count frames of one byte, as those of `QuickTime` do.
fn movie_of_frames(entry: Vec<u8>, frames: usize, data: &[u8]) -> Vec<u8> {
    let track = Track { id: 1, handler: b"soun", entry, sample: 1, count: frames as u32 };
    let mut content = movie(b"qt  ", &[track], data);
    let header = content.windows(4).position(|name| name == b"mdhd").unwrap();
    content[header + 16..header + 20].copy_from_slice(&8000_u32.to_be_bytes());
    content
}

#[test]
fn tables_that_count_frames_of_one_byte_are_read_as_blocks() {
    let pcm: Vec<u8> = samples(8000, LEN, |t| 0.5 * (0.4 * sine(440.0)(t) + 0.3 * sine(1250.0)(t)))
        .iter()
        .flat_map(|sample| ((sample * 32_767.0) as i16).to_be_bytes())
        .collect();
    let entry = sound_entry(b"twos", 1, 16, 8000, &[]);
    let content = movie_of_frames(entry, pcm.len() / 2, &pcm);
    assert_tones("pcm.mov", &content, "pcm_s16be", 0.01, 60.0);
    let aiff = packed("ima4.aifc");
    let start = aiff.windows(4).position(|name| name == b"SSND").unwrap() + 16;
    let blocks = (aiff.len() - start) / 68;
    let entry = sound_entry(b"ima4", 2, 16, 8000, &[]);
    let content = movie_of_frames(entry, blocks * 64, &aiff[start..start + blocks * 68]);
    assert_tones("ima4.mov", &content, "adpcm_ima_qt", 64.0 / 8000.0, 20.0);
}

#[test]
fn a_quiet_recording_in_blocks_of_quicktime_is_as_exact_as_a_loud_one() {
    let tone = sine(440.0);
    let quiet = support::audio::wav(8_000, 1, 16, &samples(8_000, 1.2, |t| 0.004 * tone(t)));
    for name in ["a.aifc", "a.caf", "a.mov"] {
        let format = if name == "a.aifc" { "-f aiff" } else { "" };
        let made = recoded(&quiet, "in.wav", &format!("-c:a adpcm_ima_qt {format}"), name);
        let Some(content) = made else { return };
        let heard = received(name, &content);
        let (ratio, _) = aligned(&reference(&content, name).unwrap(), &heard.samples, 4);
        assert!(ratio >= 40.0, "{name}: {ratio:.1} dB");
    }
}

#[test]
fn blocks_of_an_unknown_length_are_named() {
    let stand_in = StandIn::start();
    let stereo = [wave_format(0x31, 2, 8000, 65, 0), vec![0; 4]].concat();
    let boxes = mp4_box(b"wave", &mp4_box(b"ms\0\x31", &stereo));
    let entry = sound_entry(b"ms\0\x31", 2, 16, 8000, &boxes);
    for (name, content, words) in [
        ("a.aifc", aiff_c(b"ms\0\x02", 1, 16, &[], &[7; 2048]), "AIFF (adpcm_ms)"),
        ("b.aifc", aiff_c(b"agsm", 2, 16, &[], &[0xd7; 2048]), "AIFF (gsm)"),
        ("a.mov", movie_of_frames(entry, 2048, &[7; 2048]), "MOV (gsm_ms)"),
    ] {
        let run = caption(&stand_in).file(name, content).arg(name).run();
        assert_says(&run.failed(3), &[words, "cannot be decoded here", name]);
    }
    assert_eq!(stand_in.connections(), 0);
}
