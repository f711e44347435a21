//! Uncompressed audio in every container: each is a tone of a formula.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::harness::{answer, assert_says, caption};
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine};
use support::containers::{
    Coding, Track, aiff_c, au, caf, element, encode, matroska, movie, mp4_box, rifx, sound_entry,
    w64, wav_of, wave_format,
};
use support::stand_in::StandIn;

/// Length of the tone in seconds.
const SECONDS: f64 = 0.5;

/// Signal to noise of 8-bit samples and of G.711, and of all others, in dB.
const COARSE: f64 = 30.0;
const FINE: f64 = 70.0;

fn tone() -> Vec<f64> {
    let tone = sine(440.0);
    samples(CONVERTED_RATE, SECONDS, |t| 0.5 * tone(t))
}

/// The tone in a stored form.
fn stored(channels: usize, coding: Coding, is_big_endian: bool) -> Vec<u8> {
    encode(&tone(), channels, coding, is_big_endian)
}

/// Asserts that the service receives the tone.
#[track_caller]
pub(super) fn assert_tone(name: &str, content: impl AsRef<[u8]>, min_ratio: f64) {
    assert_noted_tone(name, content, min_ratio, "");
}

/// The same with a message.
#[track_caller]
fn assert_noted_tone(name: &str, content: impl AsRef<[u8]>, min_ratio: f64, stderr: &str) {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let run = caption(&stand_in).file("a", content).args(["--convert", "always", "a"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, stderr), "{name}");
    let sent = read_converted(&stand_in.request().audio());
    let difference = sent.len().abs_diff(tone().len());
    assert!(difference <= 320, "{name}: {} samples, not {}", sent.len(), tone().len());
    let ratio = signal_to_noise(&tone(), &sent);
    assert!(ratio >= min_ratio, "{name}: {ratio:.1} dB");
}

fn ratio_of(coding: Coding) -> f64 {
    match coding {
        Coding::Unsigned | Coding::ALaw | Coding::MuLaw | Coding::Signed(1) => COARSE,
        _ => FINE,
    }
}

#[test]
fn wav_with_a_format_chunk_of_any_length_is_read() {
    let pcm = wave_format(1, 1, 16_000, 2, 16);
    for extra in [0, 2, 4, 10, 24] {
        let format = [pcm.as_slice(), &vec![0; extra]].concat();
        let content = wav_of(&format, &[], &stored(1, Coding::Signed(2), false));
        assert_tone(&format!("fmt of {} bytes", 16 + extra), content, FINE);
    }
    for (tag, coding) in [(6, Coding::ALaw), (7, Coding::MuLaw)] {
        for extra in [0, 2, 4] {
            let format = [wave_format(tag, 2, 16_000, 2, 8).as_slice(), &vec![0; extra]].concat();
            let content = wav_of(&format, &[], &stored(2, coding, false));
            assert_tone(&format!("tag {tag}, fmt of {} bytes", 16 + extra), content, COARSE);
        }
    }
}

#[test]
fn wav_of_every_coding_and_number_of_channels_is_read() {
    let codings = [
        (1, Coding::Unsigned, 1),
        (1, Coding::Signed(2), 2),
        (1, Coding::Signed(3), 3),
        (1, Coding::Signed(4), 4),
        (3, Coding::Float(4), 4),
        (3, Coding::Float(8), 8),
    ];
    for (tag, coding, bytes) in codings {
        for channels in [1, 2, 6, 8] {
            let format = wave_format(tag, channels, 16_000, bytes * channels, 8 * bytes);
            let data = stored(channels.into(), coding, false);
            let name = format!("{coding:?}, {channels} channels");
            assert_tone(&name, wav_of(&format, &[], &data), ratio_of(coding));
            assert_tone(&format!("{name} in W64"), w64(&format, &data), ratio_of(coding));
        }
    }
}

#[test]
fn an_odd_chunk_of_wav_is_passed_over_with_and_without_its_padding() {
    let format = wave_format(1, 1, 16_000, 2, 16);
    let data = stored(1, Coding::Signed(2), false);
    let note = "caption: note: a chunk of odd length has no padding: a\n";
    for (padding, stderr) in [(&b""[..], note), (b"\0", "")] {
        let list = [b"LIST\x05\0\0\0INFO!", padding].concat();
        assert_noted_tone("an odd list", wav_of(&format, &list, &data), FINE, stderr);
    }
    let overlong = b"LIST\x10\0\0\0INFOINAM\xff\0\0\0abcd";
    assert_tone("a list with a wrong length in it", wav_of(&format, overlong, &data), FINE);
}

#[test]
fn wav_with_big_endian_numbers_is_read() {
    assert_tone("RIFX", rifx(2, 16_000, &stored(2, Coding::Signed(2), true)), FINE);
}

#[test]
fn aiff_c_of_every_kind_is_read() {
    let kinds: [(&[u8; 4], Coding, bool, u16); 14] = [
        (b"NONE", Coding::Signed(2), true, 16),
        (b"twos", Coding::Signed(3), true, 24),
        (b"sowt", Coding::Signed(2), false, 16),
        (b"raw ", Coding::Unsigned, true, 8),
        (b"NONE", Coding::Signed(1), true, 8),
        (b"in24", Coding::Signed(3), true, 24),
        (b"in32", Coding::Signed(4), true, 32),
        (b"42ni", Coding::Signed(3), false, 24),
        (b"23ni", Coding::Signed(4), false, 32),
        (b"fl32", Coding::Float(4), true, 32),
        (b"FL32", Coding::Float(4), true, 32),
        (b"fl64", Coding::Float(8), true, 64),
        (b"alaw", Coding::ALaw, true, 8),
        (b"ULAW", Coding::MuLaw, true, 8),
    ];
    for (kind, coding, is_big_endian, bits) in kinds {
        for channels in [1, 2, 6] {
            let data = stored(channels.into(), coding, is_big_endian);
            let name = format!("{}, {channels} channels", String::from_utf8_lossy(kind));
            // Logic of Apple writes 412 bytes behind the fields.
            for behind in [&[][..], &[7; 412]] {
                let content = aiff_c(kind, channels, bits, behind, &data);
                assert_tone(&name, content, ratio_of(coding));
            }
        }
    }
}

#[test]
fn au_of_every_encoding_is_read() {
    let encodings = [
        (1, Coding::MuLaw),
        (2, Coding::Signed(1)),
        (3, Coding::Signed(2)),
        (4, Coding::Signed(3)),
        (5, Coding::Signed(4)),
        (6, Coding::Float(4)),
        (7, Coding::Float(8)),
        (27, Coding::ALaw),
    ];
    for (encoding, coding) in encodings {
        for channels in [1, 2, 6] {
            let data = stored(channels as usize, coding, true);
            let content = au(encoding, channels, 16_000, &data);
            assert_tone(&format!("{coding:?}, {channels} channels"), content, ratio_of(coding));
        }
    }
    let mut endless = au(3, 1, 16_000, &stored(1, Coding::Signed(2), true));
    endless[8..12].fill(0xff);
    assert_tone("an unknown length", endless, FINE);
}

#[test]
fn caf_of_every_coding_is_read() {
    let (float, little) = (1, 2);
    let codings: [(&[u8; 4], u32, Coding, u32); 10] = [
        (b"lpcm", 0, Coding::Signed(1), 1),
        (b"lpcm", 0, Coding::Signed(2), 2),
        (b"lpcm", little, Coding::Signed(2), 2),
        (b"lpcm", 0, Coding::Signed(3), 3),
        (b"lpcm", little, Coding::Signed(4), 4),
        (b"lpcm", float, Coding::Float(4), 4),
        (b"lpcm", float | little, Coding::Float(4), 4),
        (b"lpcm", float, Coding::Float(8), 8),
        (b"alaw", 0, Coding::ALaw, 1),
        (b"ulaw", 0, Coding::MuLaw, 1),
    ];
    for (codec, flags, coding, bytes) in codings {
        for channels in [1, 2, 6] {
            let data = stored(channels as usize, coding, flags & little == 0);
            let content = caf(codec, flags, channels, bytes, &data);
            let name = format!("{coding:?}, flags {flags}, {channels} channels");
            assert_tone(&name, content, ratio_of(coding));
        }
    }
}

/// Movie with one track of the tone.
fn sound_movie(entry: Vec<u8>, frame: usize, data: &[u8]) -> Vec<u8> {
    let count = (data.len() / frame) as u32;
    let track = Track { id: 1, handler: b"soun", entry, sample: frame as u32, count };
    movie(b"qt  ", &[track], data)
}

#[test]
fn quicktime_samples_are_big_endian_unless_a_box_says_otherwise() {
    let entries: [(&[u8; 4], Coding, u16); 9] = [
        (b"twos", Coding::Signed(2), 16),
        (b"sowt", Coding::Signed(2), 16),
        (b"raw ", Coding::Unsigned, 8),
        (b"in24", Coding::Signed(3), 24),
        (b"in32", Coding::Signed(4), 32),
        (b"fl32", Coding::Float(4), 32),
        (b"fl64", Coding::Float(8), 64),
        (b"alaw", Coding::ALaw, 8),
        (b"ulaw", Coding::MuLaw, 8),
    ];
    let enda = mp4_box(b"wave", &mp4_box(b"enda", &[0, 1]));
    for (name, coding, bits) in entries {
        let title = String::from_utf8_lossy(name);
        for channels in [1, 2, 6] {
            for boxes in [&[][..], &enda] {
                let is_big_endian = name != b"sowt" && boxes.is_empty();
                let data = stored(channels.into(), coding, is_big_endian);
                let frame = usize::from(channels * bits / 8);
                let entry = sound_entry(name, channels, bits, 16_000, boxes);
                let content = sound_movie(entry, frame, &data);
                let title = format!("{title}, {channels} channels, big-endian {is_big_endian}");
                assert_tone(&title, content, ratio_of(coding));
            }
        }
    }
}

#[test]
fn samples_of_mpeg_4_have_the_order_of_their_box() {
    for (name, coding, bits) in [
        (b"ipcm", Coding::Signed(2), 16_u8),
        (b"ipcm", Coding::Signed(3), 24),
        (b"fpcm", Coding::Float(4), 32),
    ] {
        for is_big_endian in [false, true] {
            let boxes = mp4_box(b"pcmC", &[0, 0, 0, 0, u8::from(!is_big_endian), bits]);
            let entry = sound_entry(name, 2, bits.into(), 16_000, &boxes);
            let data = stored(2, coding, is_big_endian);
            let content = sound_movie(entry, usize::from(bits) / 4, &data);
            assert_tone(&format!("{coding:?}, {is_big_endian}"), content, FINE);
        }
    }
}

#[test]
fn a_video_track_does_not_decide_about_the_sound() {
    let data = stored(1, Coding::Signed(2), true);
    // The description of a decoder that is far too long, in two entries.
    let faulty = sound_entry(b"hvc1", 0, 0, 0, &mp4_box(b"hvcC", &[0; 3000]));
    let tracks = [
        Track { id: 1, handler: b"vide", entry: faulty, sample: 10_000_000, count: 3 },
        Track {
            id: 2,
            handler: b"soun",
            entry: sound_entry(b"twos", 1, 16, 16_000, &[]),
            sample: 2,
            count: (data.len() / 2) as u32,
        },
    ];
    assert_tone("a video", movie(b"mp42", &tracks, &data), FINE);
}

fn packets() -> Vec<Vec<u8>> {
    stored(1, Coding::Signed(2), false).chunks(1600).map(<[u8]>::to_vec).collect()
}

/// Encodings of a Matroska track: one of packets, with its compression.
fn encodings(compression: &[u8]) -> Vec<u8> {
    let encoding = [
        element(b"\x50\x31", &[0]),
        element(b"\x50\x32", &[1]),
        element(b"\x50\x33", &[0]),
        element(b"\x50\x34", compression),
    ];
    element(b"\x6d\x80", &element(b"\x62\x40", &encoding.concat()))
}

#[test]
fn packets_of_matroska_are_decompressed() {
    let zlib = |packet: &Vec<u8>| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(packet).unwrap();
        encoder.finish().unwrap()
    };
    assert_tone("plain", matroska(&[], &[], &packets(), 50), FINE);
    let compressed: Vec<_> = packets().iter().map(zlib).collect();
    for algorithm in [&[][..], &element(b"\x42\x54", &[0])] {
        assert_tone("zlib", matroska(&encodings(algorithm), &[], &compressed, 50), FINE);
    }
    // All packets begin with the same sample.
    let equal: Vec<_> = packets().iter().map(|packet| [&[7, 0], &packet[2..]].concat()).collect();
    let stripped: Vec<_> = equal.iter().map(|packet| packet[2..].to_vec()).collect();
    let settings = [element(b"\x42\x54", &[3]), element(b"\x42\x55", &[7, 0])].concat();
    let plain = matroska(&[], &[], &equal, 50);
    let sent = |content: Vec<u8>| {
        let stand_in = StandIn::scripted([answer("A tone.")]);
        let run = caption(&stand_in).file("a", content).args(["--convert", "always", "a"]);
        run.run().captioned();
        stand_in.request().audio()
    };
    assert_eq!(sent(matroska(&encodings(&settings), &[], &stripped, 50)), sent(plain));
}

#[test]
fn packets_of_matroska_that_nobody_can_decompress_are_not_sent() {
    let stand_in = StandIn::start();
    let encryption =
        element(b"\x6d\x80", &element(b"\x62\x40", &element(b"\x50\x35", &[0x47, 0xe1, 0x80])));
    for (track, words) in [
        (encodings(&element(b"\x42\x54", &[1])), "MKV (pcm_s16le)"),
        (encodings(&element(b"\x42\x54", &[2])), "MKV (pcm_s16le)"),
        (encryption, "MKV protected against copying (pcm_s16le)"),
    ] {
        let content = matroska(&track, &[], &packets(), 50);
        let run = caption(&stand_in).file("a.mkv", content).arg("a.mkv").run();
        assert_says(&run.failed(3), &[words, "cannot be decoded here", "a.mkv"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn chapters_without_an_edition_are_passed_over() {
    let atom = [element(b"\x73\xc4", &[1]), element(b"\x91", &[0])].concat();
    let chapters = element(b"\x10\x43\xa7\x70", &element(b"\x45\xb9", &element(b"\xb6", &atom)));
    assert_tone("chapters", matroska(&[], &chapters, &packets(), 50), FINE);
}
