//! What cannot be decoded is named, and neither opened as something else nor sent as a gamble.

use crate::harness::{answer, assert_says, caption, data_path};
use crate::skipped_tests::has_programs;
use serde_json::json;
use support::audio::{samples, sine, wav};
use support::containers::{Track, movie, mp4_box, sound_entry, wav_of, wave_format};
use support::stand_in::StandIn;

use super::containers_by_ffmpeg::made_by_ffmpeg;

/// A whole WAV file, as other formats keep it.
fn riff() -> Vec<u8> {
    wav(16_000, 1, 16, &samples(16_000, 0.5, sine(440.0)))
}

/// Asserts that the program names the content in its error, and sends nothing.
#[track_caller]
fn assert_named(content: &[u8], name: &str) {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a", content).arg("a").run();
    let stderr = run.failed(3);
    assert_says(&stderr, &[name, "a", "convert it first: ffmpeg -i FILE -ac 1 -ar 16000 FILE.wav"]);
    for wrong in ["damaged", "unknown kind", "video", "permissions"] {
        assert!(!stderr.contains(wrong), "{stderr}");
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_format_without_a_decoder_is_named() {
    let named: [(&[u8], &str); 24] = [
        (b"MAC \x96\x0f\0\0", "Monkey's Audio"),
        (b"tBaK\0\0", "TAK"),
        (b"OFR \x0c\0\0\0", "OptimFROG"),
        (b"TTA1\x01\0", "TTA"),
        (b"ajkg\x02\xfb", "Shorten"),
        (b"MP+\x07", "Musepack"),
        (b"MPCKSH", "Musepack"),
        (b"DSD \x1c\0\0\0", "DSD (DSF)"),
        (b"FRM8\0\0\0\0", "DSD (DFF)"),
        (b".RMF\0\0", "RealMedia"),
        (b".ra\xfd\0\x04", "RealAudio"),
        (b"Creative Voice File\x1a\x1a\0", "Creative Voice"),
        (b"NIST_1A\n   1024\n\0\xff", "NIST SPHERE"),
        (b"\x7f\xfe\x80\x01\xfc", "DTS"),
        (b"\x30\x1f\0\0\xf8\x72\x6f\xba", "TrueHD"),
        (b"#!SILK_V3", "SILK"),
        (b"\x80\0\0\x06(c)CRI\0", "CRI ADX"),
        (b"Extended Module: a\0\x1a", "a tracker module (XM)"),
        (b"IMPM\0\0", "a tracker module (IT)"),
        (b"ea3\x03\0", "Sony OpenMG"),
        (b"\x64\xa3\x01\0", "IRCAM"),
        (b"VAGp\0\0", "VAG"),
        (b"NESM\x1a\x01", "NES music"),
        (b"TWIN97012000\0", "VQF"),
    ];
    for (start, name) in named {
        assert_named(&[start, riff().as_slice()].concat(), name);
        // Also behind tags.
        let tag = [b"ID3\x03\0\0\0\0\0\x0a".as_slice(), &[0; 10]].concat();
        assert_named(&[tag.as_slice(), start, &riff()].concat(), name);
    }
}

#[test]
fn a_container_within_other_data_is_not_opened() {
    let stand_in = StandIn::start();
    for inner in [riff(), std::fs::read(data_path("tones/opus.opus")).unwrap()] {
        let content = [&[0x81, 7, 3, 0x99][..], &inner].concat();
        let run = caption(&stand_in).file("a.bin", content).arg("a.bin").run();
        assert_says(&run.failed(3), &["not audio but data of an unknown kind", "a.bin"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_few_frames_within_other_data_are_no_mp3() {
    let stand_in = StandIn::start();
    let mp3 = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let content = [&[0x81; 3000][..], &mp3[..mp3.len() / 3], &[0x37; 9000]].concat();
    let run = caption(&stand_in).file("a.bin", content).arg("a.bin").run();
    assert_says(&run.failed(3), &["not audio but data of an unknown kind", "a.bin"]);
    assert_eq!(stand_in.connections(), 0);
}

/// Packets of a transport stream, whose table has a stream of this type.
fn transport_stream(kind: u8, packets: usize) -> Vec<u8> {
    let packet = |id: u16, section: &[u8]| {
        let [high, low] = id.to_be_bytes();
        let mut packet = [&[0x47, 0x40 | high, low, 0x10, 0], section].concat();
        packet.resize(188, 0xff);
        packet
    };
    let programs = packet(0, b"\0\xb0\x0d\0\x01\xc1\0\0\0\x01\xe1\0\0\0\0\0");
    let streams = [b"\x02\xb0\x12\0\x01\xc1\0\0\xe1\x01\xf0\0", &[kind][..], b"\xe1\x01\xf0\0"];
    let map = packet(0x100, &[streams.concat(), vec![0; 4]].concat());
    // Frames of MPEG audio in them.
    let frames = packet(0x101, &b"\xff\xfd\x84\0".repeat(40));
    [programs, map, frames.repeat(packets)].concat()
}

#[test]
fn a_transport_stream_is_named_with_its_codec() {
    for (kind, codec) in [(3, "mp3"), (0x0f, "aac"), (0x11, "aac_latm"), (0x81, "ac3")] {
        let name = format!("an MPEG transport stream ({codec})");
        assert_named(&transport_stream(kind, 300), &name);
    }
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.ts", transport_stream(0x1b, 300)).arg("a.ts").run();
    assert_says(&run.failed(3), &["not audio but a video without a sound track", "a.ts"]);
}

#[test]
fn a_program_stream_is_named_with_its_codec() {
    let pack = b"\0\0\x01\xba\x44\0\x04\0\x04\x01\0\0\x03\xf8";
    let packet = [&b"\0\0\x01\xc0\x02\x00\x80\0\0"[..], &b"\xff\xfd\x84\0".repeat(130)].concat();
    let content = [&pack[..], &packet[..518]].concat().repeat(20);
    assert_named(&content, "an MPEG program stream (mp2)");
}

#[test]
fn speex_in_ogg_is_named_with_its_values() {
    let mut head = [b"Speex   1.2.0".as_slice(), &[0; 67]].concat();
    head[36..40].copy_from_slice(&16_000_u32.to_le_bytes());
    head[48..52].copy_from_slice(&2_u32.to_le_bytes());
    let page = |flags: u8, position: u64, packet: &[u8]| {
        let head = [b"OggS\0", &[flags][..], &position.to_le_bytes(), &[1, 0, 0, 0], &[0; 8]];
        [&head.concat()[..], &[1, packet.len() as u8], packet].concat()
    };
    let content = [page(2, 0, &head), page(0, 0, &[0; 40]), page(4, 320, &[7; 60])].concat();
    assert_named(&content, "OGG (speex)");
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.spx", content).args(["-v", "--convert", "never"]);
    let run = run.args(["-f", "jsonl", "a.spx"]).run();
    let sound = &run.records()[0]["sound"];
    let (rate, channels) = (&sound["sample_rate"], &sound["channels"]);
    assert_eq!((&sound["codec"], rate, channels), (&json!("speex"), &json!(16_000), &json!(2)));
}

/// Movie with one track of sound that is not PCM.
fn other_movie(brand: [u8; 4], entry: Vec<u8>) -> Vec<u8> {
    let data = [0x3c; 3200];
    let track = Track { id: 1, handler: b"soun", entry, sample: 32, count: 100 };
    movie(&brand, &[track], &data)
}

#[test]
fn a_track_without_a_decoder_is_named_and_not_called_a_video() {
    let names: [(&[u8; 4], &str); 6] = [
        (b"sqcp", "MOV (qcelp)"),
        (b"spex", "MOV (speex)"),
        (b"ac-3", "MOV (ac3)"),
        (b"QDM2", "MOV (qdm2)"),
        (b"MAC6", "MOV (mace6)"),
        (b"mlpa", "MOV (truehd)"),
    ];
    for (name, words) in names {
        let entry = sound_entry(name, 1, 16, 8_000, &[]);
        assert_named(&other_movie(*b"qt  ", entry), words);
    }
}

#[test]
fn wavpack_of_another_kind_is_named() {
    // Bits of DSD, and a rate that blocks spell out.
    for flags in [0x8480_1821_u32, 0x0780_1821] {
        let head = [24 + 200, 0x410, 1000, 0, 1000, flags, 0].map(u32::to_le_bytes).concat();
        assert_named(
            &[b"wvpk".as_slice(), &head, &[7; 200]].concat(),
            "WavPack cannot be decoded here",
        );
    }
}

#[test]
fn a_protected_track_is_named() {
    let format = mp4_box(b"sinf", &mp4_box(b"frma", b"mp4a"));
    for name in [b"drms", b"enca"] {
        let content = other_movie(*b"M4A ", sound_entry(name, 2, 16, 44_100, &format));
        assert_named(&content, "M4A protected against copying (aac)");
    }
}

#[test]
fn amr_in_3gp_is_sent_as_the_service_names_it() {
    let content = other_movie(*b"3gp4", sound_entry(b"samr", 1, 16, 8_000, &[]));
    let stand_in = StandIn::scripted([answer("Speech.")]);
    caption(&stand_in).file("a.3gp", &content).arg("a.3gp").run().captioned();
    assert_eq!(stand_in.request().audio(), content);
}

#[test]
fn a_movie_without_a_sample_is_refused() {
    let entry = || sound_entry(b"twos", 1, 16, 16_000, &[]);
    let track = |count| Track { id: 1, handler: b"soun", entry: entry(), sample: 2, count };
    let stand_in = StandIn::start();
    let mut cut = movie(b"M4A ", &[track(8000)], &[]);
    // The samples would be behind the end.
    let offset = cut.windows(4).rposition(|name| name == b"stco").unwrap() + 12;
    cut[offset..offset + 4].copy_from_slice(&100_000_u32.to_be_bytes());
    for content in [movie(b"M4A ", &[track(0)], &[0; 9000]), cut] {
        let run = caption(&stand_in).file("a.m4a", content).arg("a.m4a").run();
        assert_says(&run.failed(3), &["not audio but a recording without a single sample"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn avi_is_named_with_its_codec_or_refused_without_sound() {
    let list = |name: &[u8], content: &[u8]| {
        [b"LIST", &(content.len() as u32 + 4).to_le_bytes()[..], name, content].concat()
    };
    let avi = |kind: &[u8], format: &[u8]| {
        let head = [b"strh\x04\0\0\0", kind, b"strf", &(format.len() as u32).to_le_bytes(), format];
        let head = list(b"hdrl", &list(b"strl", &head.concat()));
        [b"RIFF\0\0\0\0AVI ", head.as_slice(), &list(b"movi", &[0; 4000])].concat()
    };
    assert_named(&avi(b"auds", &wave_format(0x2000, 2, 48_000, 4, 16)), "AVI (ac3)");
    let stand_in = StandIn::start();
    let silent = avi(b"vids", &[0; 40]);
    let run = caption(&stand_in).file("a.avi", silent).arg("a.avi").run();
    assert_says(&run.failed(3), &["not audio but a video without a sound track", "a.avi"]);
}

#[test]
fn compressed_audio_in_the_disguise_of_wav_is_named() {
    let format = wave_format(1, 2, 44_100, 4, 16);
    for (burst, name) in [
        (&b"\xff\x1f\x00\xe8"[..], "WAV (dts)"),
        (b"\xfe\x7f\x01\x80", "WAV (dts)"),
        (b"\x72\xf8\x1f\x4e", "WAV (s/pdif)"),
    ] {
        let data = [&[0; 64], burst, &[0x5a; 4000]].concat();
        assert_named(&wav_of(&format, &[], &data), name);
    }
    assert_named(&wav_of(&wave_format(0x22, 1, 8_000, 32, 1), &[], &[7; 3200]), "WAV (truespeech)");
}

#[test]
fn gsm_in_wav_has_its_rate_channels_and_length() {
    let stand_in = StandIn::scripted([answer("Speech.")]);
    let run = caption(&stand_in).data_file("gsm.wav").args(["-v", "-f", "jsonl", "gsm.wav"]).run();
    let record = &run.records()[0];
    assert_eq!(record["sound"]["codec"], "gsm_ms");
    assert_eq!(
        (&record["sound"]["sample_rate"], &record["sound"]["channels"]),
        (&json!(8_000), &json!(1))
    );
    assert!(record["seconds"].as_f64().is_some_and(|seconds| seconds > 0.1), "{record}");
}

#[test]
fn a_dry_run_finds_what_the_run_would_refuse() {
    let stand_in = StandIn::start();
    let mut opus = std::fs::read(data_path("tones/opus.webm")).unwrap();
    // Blocks of packets that claim too many frames.
    let is_block = |block: &[u8]| {
        (block[0] == 0xa3 || block[1] == 0xa3) && block[3] == 0x81 && block[6] == 0x80
    };
    let blocks: Vec<_> =
        (0..opus.len() - 9).filter(|at| is_block(&opus[*at..at + 7])).map(|at| at + 7).collect();
    for at in blocks.into_iter().skip(2) {
        opus[at..at + 2].fill(0xff);
    }
    let ape = [b"MAC \x96\x0f\0\0".as_slice(), &riff()].concat();
    for (content, words) in [(opus, "packets cannot be decoded"), (ape, "Monkey's Audio")] {
        let run = |args: &[&str]| {
            caption(&stand_in).file("a", &content).args(args).arg("a").run().failed(3)
        };
        for args in [&[][..], &["--window", "2s"]] {
            assert_says(&run(args), &[words]);
            let dry = [args, &["--dry-run"]].concat();
            let dry = caption(&stand_in).file("a", &content).args(dry).arg("a").run();
            assert_eq!(dry.code, 3, "{}", dry.stderr);
            assert_says(&dry.stderr, &[words]);
        }
    }
    assert_eq!(stand_in.requests().len(), 0);
}

#[test]
fn the_values_of_a_file_are_those_of_ffprobe() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    for (name, options, codec, rate, channels) in [
        ("a.m4a", "-ar 96000 -ac 2", "aac", 96_000, 2),
        ("a.mp4", "-ar 96000 -c:a alac", "alac", 96_000, 1),
        ("b.mp4", "-ar 88200 -c:a flac -strict -2", "flac", 88_200, 1),
        ("a.webm", "-ac 2", "opus", 48_000, 2),
        ("a.ac3", "-ar 48000 -ac 6", "ac3", 48_000, 6),
        ("b.ac3", "-ar 44100 -ac 1", "ac3", 44_100, 1),
        ("a.tta", "-ac 2", "tta", 16_000, 2),
        ("a.voc", "-c:a pcm_s16le -ac 2", "pcm_s16le", 16_000, 2),
        ("b.avi", "-c:a mp3 -ar 44100", "mp3", 44_100, 1),
        ("a.wma", "-ac 2", "wmav2", 16_000, 2),
        ("a.ts", "-c:a mp2 -ac 2 -ar 44100", "mp2", 44_100, 2),
        ("b.ts", "-c:a libmp3lame -ar 48000", "mp3", 48_000, 1),
        ("c.ts", "-c:a ac3 -ac 6 -ar 48000", "ac3", 48_000, 6),
        ("d.ts", "-c:a dca -strict -2 -ac 6 -ar 48000", "dts", 48_000, 6),
        ("a.m2ts", "-c:a eac3 -ac 2 -ar 32000", "eac3", 32_000, 2),
        ("a.vob", "-c:a ac3 -ar 48000", "ac3", 48_000, 1),
        ("a.mpg", "-c:a mp2 -ac 2 -ar 48000", "mp2", 48_000, 2),
        ("a.flv", "-c:a libmp3lame -ac 2 -ar 44100", "mp3", 44_100, 2),
    ] {
        let Some(content) = made_by_ffmpeg(name, options) else { continue };
        let stand_in = StandIn::scripted([answer("A tone.")]);
        let run = caption(&stand_in).file(name, content).args(["-v", "-f", "jsonl", name]);
        let run = run.args(["--convert", "never"]).run();
        let sound = &run.records()[0]["sound"];
        let values = (&sound["codec"], &sound["sample_rate"], &sound["channels"]);
        assert_eq!(values, (&json!(codec), &json!(rate), &json!(channels)), "{name}");
    }
}
