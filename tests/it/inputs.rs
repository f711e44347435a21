//! Inputs that are captioned, and inputs that are rejected before a request.

use std::io::Write;
use std::time::Duration;

use crate::harness::{
    answer, assert_says, caption, caption_tone, data_path, endless_wav, finish, unconfigured,
};
use crate::skipped_tests::has_programs;
use support::stand_in::StandIn;

#[test]
fn the_caption_describes_the_file() {
    let stand_in = StandIn::start();
    let tone = caption_tone(&stand_in, &[]).captioned();
    assert_says(&tone, &["0.25 s of mono sound at 8000 Hz", "near 1000 Hz"]);
    let other = caption(&stand_in).arg(data_path("tone.mp3")).run().captioned();
    assert_says(&other, &["mono sound at 16000 Hz", "near 439 Hz"]);
}

#[test]
fn the_service_receives_all_bytes_of_the_file() {
    let stand_in = StandIn::start();
    caption_tone(&stand_in, &[]).captioned();
    assert_eq!(stand_in.request().audio(), std::fs::read(data_path("tone.wav")).unwrap());
}

#[test]
fn the_format_is_detected_by_content() {
    let stand_in = StandIn::start();
    let mp3 = std::fs::read(data_path("tone.mp3")).unwrap();
    let caption = caption(&stand_in).file("notes.txt", mp3).arg("notes.txt").run().captioned();
    assert_says(&caption, &["near 439 Hz"]);
}

#[test]
fn supported_compressed_formats_are_uploaded_unchanged() {
    for clip in ["tone.mp3", "tone.amr", "multichannel.amr", "gsm.wav"] {
        let stand_in = StandIn::scripted([answer("Some sound.")]);
        caption(&stand_in).arg(data_path(clip)).run().captioned();
        assert_eq!(stand_in.request().audio(), std::fs::read(data_path(clip)).unwrap(), "{clip}");
    }
}

#[test]
fn a_3gp_file_without_its_movie_is_damaged() {
    let stand_in = StandIn::start();
    let cut = [mp4_box(*b"ftyp", b"3gp4\0\0\0\0"), mp4_box(*b"mdat", &[1; 5000])].concat();
    let stderr = caption(&stand_in).file("a.3gp", cut).arg("a.3gp").run().failed(3);
    assert_says(&stderr, &["a damaged 3GP file", "(moov) is missing"]);
}

/// Returns a box of an MP4 file.
fn mp4_box(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len() + 8).unwrap();
    [&len.to_be_bytes()[..], &name, content].concat()
}

#[test]
fn audio_on_standard_input_is_captioned() {
    let stand_in = StandIn::start();
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let caption = caption(&stand_in).stdin(wav.clone()).arg("-").run().captioned();
    assert_says(&caption, &["near 1000 Hz"]);
    assert_eq!(stand_in.request().audio(), wav);
}

#[test]
fn a_missing_operand_is_an_error_with_a_hint() {
    let stderr = unconfigured().run().failed(2);
    assert_says(&stderr, &["no input", "caption -"]);
}

#[test]
fn several_captions_have_headings_in_input_order() {
    let stand_in =
        StandIn::scripted([answer("first").delayed(Duration::from_millis(50)), answer("second")]);
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
    let printed = run.args(["-q", "-j1", "tone.wav", "tone.mp3"]).run().captioned();
    assert_eq!(printed, "==> tone.wav <==\nfirst\n\n==> tone.mp3 <==\nsecond\n");
}

#[test]
fn one_bad_input_does_not_fail_the_others() {
    let stand_in = StandIn::scripted([answer("fine")]);
    let run = caption(&stand_in).data_file("tone.wav").file("empty.wav", "");
    let run = run.args(["empty.wav", "tone.wav"]).run();
    assert_eq!((run.code, run.stdout.as_str()), (3, "==> tone.wav <==\nfine\n"));
    assert_says(&run.stderr, &["empty", "empty.wav"]);
    stand_in.request();
}

#[test]
fn a_missing_file_is_rejected() {
    assert_rejected("nowhere.wav", None, &["no such file", "nowhere.wav", "check the name"]);
}

#[test]
fn an_empty_file_is_rejected() {
    assert_rejected("a.wav", Some(b""), &["empty", "a.wav", "check how it was made"]);
}

#[test]
fn text_is_rejected() {
    assert_rejected(
        "a.wav",
        Some("dear diary, résumé\n".as_bytes()),
        &["not audio but text", "a.wav"],
    );
}

#[test]
fn html_is_rejected() {
    assert_rejected(
        "a.mp3",
        Some(b"<!DOCTYPE html><html>404</html>"),
        &["not audio but an HTML page"],
    );
}

#[test]
fn a_zip_archive_is_rejected() {
    let zip = [b"PK\x03\x04".as_slice(), &[0; 64]].concat();
    assert_rejected("a.wav", Some(&zip), &["not audio but a ZIP archive", "a.wav"]);
}

#[test]
fn a_picture_is_rejected() {
    assert_rejected("a.wav", Some(b"\x89PNG\r\n\x1a\n\0\0\0\0"), &["not audio but PNG data"]);
}

#[test]
fn midi_is_rejected() {
    assert_rejected(
        "a.mid",
        Some(b"MThd\0\0\0\x06\0\x01\0\x01\0\x60"),
        &["MIDI", "notes without sound"],
    );
}

#[test]
fn a_video_without_audio_is_rejected() {
    let video = std::fs::read(data_path("silent.mp4")).unwrap();
    assert_rejected("a.mp4", Some(&video), &["a video without a sound track", "a.mp4"]);
}

#[test]
fn bytes_of_an_unknown_format_are_rejected() {
    let noise: Vec<u8> =
        (0..12_500u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    assert_rejected("a.wav", Some(&noise), &["data of an unknown kind", "a.wav"]);
}

#[test]
fn a_single_mpeg_frame_in_other_bytes_is_not_audio() {
    // Starts like MPEG layer I, II and III, and continues with other bytes.
    for start in [[0xff, 0xfe], [0xff, 0xfc], [0xff, 0xfa]] {
        let mut bytes: Vec<u8> =
            (0..3_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        bytes[..2].copy_from_slice(&start);
        bytes[2..4].copy_from_slice(&[0x40, 0xc0]);
        assert_rejected("a.bin", Some(&bytes), &["not audio but data of an unknown kind"]);
    }
}

#[test]
fn text_that_starts_like_an_audio_header_is_text() {
    for text in ["MAC addresses of the lab", "DSD is a format", "OggS", "RF64 is one too"] {
        assert_rejected("a.wav", Some(text.as_bytes()), &["not audio but text"]);
    }
}

#[test]
fn amr_wb_is_uploaded_like_amr() {
    let stand_in = StandIn::scripted([answer("Some sound.")]);
    let amr = [b"#!AMR-WB\n".as_slice(), &[0x04; 100]].concat();
    caption(&stand_in).file("a.amr", amr).arg("a.amr").run().captioned();
}

#[test]
fn a_recording_with_an_unfinished_header_is_uploaded() {
    // The file of an interrupted recorder: all sizes are 0, but the audio is complete.
    let mut wav = std::fs::read(data_path("tone.wav")).unwrap();
    wav.resize(20_000, 1);
    wav[4..8].fill(0);
    wav[40..44].fill(0);
    let stand_in = StandIn::scripted([answer("Some sound.")]);
    caption(&stand_in).file("a.wav", wav).arg("a.wav").run().captioned();
}

#[test]
fn a_header_without_its_data_is_rejected() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    assert_rejected("a.wav", Some(&wav[..44]), &["a recording without a single sample"]);
}

#[test]
fn standard_input_named_twice_is_captioned_once() {
    let stand_in = StandIn::start();
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let printed = caption(&stand_in).stdin(wav.clone()).args(["-q", "-", "-"]).run().captioned();
    assert_eq!(printed.matches("==> ").count(), 1);
    assert_eq!(stand_in.request().audio(), wav);
}

#[test]
fn a_header_without_audio_is_rejected() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    assert_rejected("a.wav", Some(&wav[..20]), &["a damaged WAV file", "a.wav"]);
}

#[test]
fn a_recording_without_samples_is_rejected() {
    let mut wav = std::fs::read(data_path("tone.wav")).unwrap();
    wav.truncate(44);
    wav[40..44].fill(0);
    assert_rejected("a.wav", Some(&wav), &["a recording without a single sample", "a.wav"]);
}

#[test]
fn a_folder_without_audio_is_rejected() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("notes.txt", "no sound").arg(".");
    assert_says(&run.run().failed(2), &["nothing to caption: no audio in .", "--allow-empty"]);
    assert_eq!(stand_in.connections(), 0);
}

#[cfg(unix)]
#[test]
fn a_device_is_rejected() {
    assert_rejected("/dev/zero", None, &["a device", "/dev/zero", "caption -"]);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_rejected_without_waiting() {
    let stand_in = StandIn::start();
    let caption = caption(&stand_in);
    let path = caption.folder().join("fifo");
    if !has_programs(&["mkfifo"]) {
        return;
    }
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let stderr = caption.arg("fifo").run().failed(3);
    assert_says(&stderr, &["a named pipe", "fifo", "caption -"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn audio_over_the_size_limit_is_rejected_with_both_sizes() {
    let mut wav = std::fs::read(data_path("tone.wav")).unwrap();
    wav.resize(7_500_000, 0);
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.wav", wav).args(["--convert", "never", "a.wav"]);
    let words = ["10.0 MB in base64", "10.0 MB", "a.wav", "--window 30s"];
    assert_says(&run.run().failed(3), &words);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn the_size_limit_is_exact() {
    let stand_in = StandIn::start();
    // 4,044 bytes are 5,392 in base64.
    caption_tone(&stand_in, &["--max-upload", "5393B"]).captioned();
    let stderr =
        caption_tone(&stand_in, &["--max-upload", "5392B", "--convert", "never"]).failed(3);
    assert_says(&stderr, &["5.4 kB in base64", "must be under 5.4 kB"]);
}

#[test]
fn endless_standard_input_is_rejected_at_the_limit() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).stdin(endless_wav()).args(["--convert", "never", "-"]);
    let words = ["too large: 10.0 MB or more in base64", "-", "remove --convert never"];
    assert_says(&run.run().failed(3), &words);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn standard_input_that_is_not_audio_is_rejected_early() {
    let stand_in = StandIn::start();
    let mut run = caption(&stand_in).arg("-");
    let (child, mut stdin) = run.spawn_with_stdin();
    // Enough bytes to decide, and no end: the pipe stays open.
    let _ = stdin.write_all(&vec![0; 1_200_000]);
    let stderr = finish(child).failed(3);
    assert_says(&stderr, &["not audio but data of an unknown kind", "-"]);
    drop(stdin);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_unsupported_url_scheme_is_wrong_usage() {
    let stand_in = StandIn::start();
    let stderr = caption(&stand_in).arg("ftp://example.com/a.wav").run().failed(2);
    assert_says(&stderr, &["only http:// and https://", "ftp://example.com/a.wav"]);
}

#[track_caller]
fn assert_rejected(name: &str, content: Option<&[u8]>, words: &[&str]) {
    let stand_in = StandIn::start();
    let mut run = caption(&stand_in);
    if let Some(content) = content {
        run = run.file(name, content);
    }
    let stderr = run.arg(name).run().failed(3);
    assert_says(&stderr, words);
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert_eq!(stand_in.connections(), 0, "nothing was sent");
}

#[cfg(unix)]
#[test]
fn twenty_thousand_operands_do_not_overflow_the_stack() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").args(vec!["tone.wav"; 20_000]).arg("-q");
    assert_says(&run.run().captioned(), &["==> tone.wav <==\n", "near 1000 Hz"]);
    stand_in.request();
}
