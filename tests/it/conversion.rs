//! Conversion: the service receives the same audio, whatever the format of the file.

use std::path::Path;
use std::process::Command;

use crate::harness::{answer, assert_says, caption, data_path};
use crate::skipped_tests::{has_programs, skip};
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine, wav};
use support::stand_in::StandIn;

/// Returns the content of the clips in `tests/data/tones`: a sine in each of two channels.
fn tones() -> Vec<f64> {
    let (left, right) = (sine(440.0), sine(1250.0));
    samples(CONVERTED_RATE, 0.25, |t| 0.5 * (0.4 * left(t) + 0.3 * right(t)))
}

/// Returns the samples that the service receives for a file.
fn converted(name: &str, content: Vec<u8>) -> Vec<f64> {
    let stand_in = StandIn::scripted([answer("Two tones.")]);
    let run = caption(&stand_in).file(name, content).args(["--convert", "always", "-q", name]);
    run.run().captioned();
    read_converted(&stand_in.request().audio())
}

#[test]
fn converted_audio_matches_another_decoder() {
    let mut clips = 0;
    for entry in std::fs::read_dir(data_path("tones")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.is_file() {
            continue;
        }
        // Made by ffmpeg 5.1; for Vorbis by sox, since ffmpeg keeps the padding at the end.
        let reference = data_path("tones/16k").join(format!("{name}.wav"));
        let expected = read_converted(&std::fs::read(reference).unwrap());
        let sent = converted(name, std::fs::read(&path).unwrap());
        let ratio = signal_to_noise(&expected, &sent);
        assert!(ratio >= 40.0, "{name}: {ratio:.1} dB");
        let difference = expected.len().abs_diff(sent.len());
        assert!(difference <= CONVERTED_RATE as usize / 50, "{name}: {difference} samples");
        clips += 1;
    }
    assert_eq!(clips, 17);
}

#[test]
fn lossless_audio_is_converted_without_loss() {
    for clip in ["native.flac", "alac.m4a", "alac.caf", "pcm.aiff", "pcm.caf"] {
        let sent = converted(clip, std::fs::read(data_path("tones").join(clip)).unwrap());
        let ratio = signal_to_noise(&tones(), &sent);
        assert!(ratio >= 60.0, "{clip}: {ratio:.1} dB");
        assert_eq!(sent.len(), CONVERTED_RATE as usize / 4, "{clip}");
    }
}

#[test]
fn wav_of_every_layout_is_converted_to_the_same_samples() {
    let signal = |t: f64| 0.5 * sine(440.0)(t) + 0.3 * sine(1250.0)(t);
    let expected = samples(CONVERTED_RATE, 0.2, signal);
    for (rate, channels, bits, least) in [
        (8_000, 1, 16, 60.0),
        (11_025, 2, 24, 60.0),
        (16_000, 2, 16, 60.0),
        (22_050, 1, 32, 60.0),
        (44_100, 2, 16, 60.0),
        (44_100, 1, 8, 35.0),
        (48_000, 6, 16, 60.0),
        (96_000, 2, 24, 60.0),
        (44_056, 1, 16, 60.0),
    ] {
        let content = wav(rate, channels, bits, &samples(rate, 0.2, signal));
        let sent = converted("a.wav", content);
        let ratio = signal_to_noise(&expected, &sent);
        assert!(ratio >= least, "{rate} Hz, {channels} channels, {bits} bits: {ratio:.1} dB");
        assert!(sent.len().abs_diff(expected.len()) <= 1, "{rate} Hz: {} samples", sent.len());
    }
}

#[test]
fn channels_are_averaged() {
    let one_sided = std::fs::read(data_path("tones/pcm.aiff")).unwrap();
    let sent = converted("a.aiff", one_sided);
    let loudest = sent.iter().fold(0.0, |loudest: f64, sample| loudest.max(sample.abs()));
    assert!((0.3..=0.36).contains(&loudest), "0.4 and 0.3 in a channel each come to {loudest}");
}

/// Compares every format that ffmpeg can write with the decoder of ffmpeg.
#[test]
fn converted_audio_matches_ffmpeg() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    let signal =
        |t: f64| (0.2 + 0.1 * sine(3.0)(t)) * (sine(220.0 + 300.0 * t)(t) + sine(3100.0)(t));
    std::fs::write(&source, wav(44_100, 2, 16, &samples(44_100, 0.5, signal))).unwrap();
    for (name, arguments, least) in [
        ("u8.wav", "-c:a pcm_u8", 40.0),
        ("s24.wav", "-c:a pcm_s24le", 40.0),
        ("s32.wav", "-c:a pcm_s32le", 40.0),
        ("f32.wav", "-c:a pcm_f32le", 40.0),
        ("f64.wav", "-c:a pcm_f64le", 40.0),
        ("alaw.wav", "-c:a pcm_alaw", 40.0),
        ("mulaw.wav", "-c:a pcm_mulaw", 40.0),
        ("adpcm.wav", "-c:a adpcm_ms", 40.0),
        ("ima.wav", "-c:a adpcm_ima_wav", 40.0),
        ("s24.aiff", "-c:a pcm_s24be", 40.0),
        ("a.caf", "-c:a pcm_s16be", 40.0),
        ("a.flac", "-c:a flac", 40.0),
        ("alac.m4a", "-c:a alac", 40.0),
        ("a.mp3", "-c:a libmp3lame", 40.0),
        ("a.aac", "-c:a aac", 40.0),
        ("a.m4a", "-c:a aac", 40.0),
        ("a.ogg", "-c:a libvorbis", 40.0),
        ("a.opus", "-c:a libopus", 40.0),
        ("a.webm", "-c:a libopus", 40.0),
        ("flac.mkv", "-c:a flac", 40.0),
    ] {
        let path = folder.path().join(name);
        if !ffmpeg(&[&["-i", source.to_str().unwrap()], &split(arguments)[..]].concat(), &path) {
            skip(&format!("this ffmpeg does not write {name}"));
            continue;
        }
        let reference = folder.path().join("reference.wav");
        let filter = "aformat=flt,pan=mono|c0=0.5*c0+0.5*c1,aresample=16000:filter_size=128";
        let mono = ["-i", path.to_str().unwrap(), "-af", filter, "-c:a", "pcm_s16le"];
        let bitexact = ["-fflags", "+bitexact", "-flags:a", "+bitexact"];
        assert!(ffmpeg(&[&mono[..], &bitexact].concat(), &reference), "{name}");
        let expected = read_converted(&std::fs::read(&reference).unwrap());
        let sent = converted(name, std::fs::read(&path).unwrap());
        let ratio = signal_to_noise(&expected, &sent);
        assert!(ratio >= least, "{name}: {ratio:.1} dB");
        let difference = expected.len().abs_diff(sent.len());
        assert!(difference <= CONVERTED_RATE as usize / 50, "{name}: {difference} samples");
    }
}

fn ffmpeg(arguments: &[&str], to: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "quiet", "-y"]).args(arguments).arg(to);
    command.status().unwrap().success()
}

fn split(arguments: &str) -> Vec<&str> {
    arguments.split(' ').collect()
}

#[test]
fn uncompressed_audio_is_converted_to_save_upload() {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let content = wav(44_100, 2, 16, &samples(44_100, 0.5, sine(440.0)));
    let run = caption(&stand_in).file("a.wav", &content).args(["-v", "a.wav"]).run();
    let stderr =
        ["WAV (pcm_s16le), 44.1 kHz, 2 channels: sent as 16 kHz mono WAV", "16.0 kB in place"];
    assert_says(&run.stderr, &stderr);
    let sent = stand_in.request().audio();
    assert!(sent.len() * 5 < content.len(), "{} of {} bytes", sent.len(), content.len());
}

#[test]
fn small_audio_is_uploaded_unchanged() {
    for (rate, channels, bits) in [(8_000, 1, 16), (16_000, 1, 16), (8_000, 2, 16), (16_000, 1, 8)]
    {
        let stand_in = StandIn::scripted([answer("A tone.")]);
        let content = wav(rate, channels, bits, &samples(rate, 0.2, sine(440.0)));
        caption(&stand_in).file("a.wav", &content).arg("a.wav").run().captioned();
        assert_eq!(stand_in.request().audio(), content, "{rate} Hz, {channels} channels");
    }
}

#[test]
fn convert_never_uploads_unsupported_formats_unchanged() {
    for clip in ["aac.m4a", "vorbis.ogg", "opus.opus", "opus.webm", "native.flac", "video.mp4"] {
        let content = std::fs::read(data_path("tones").join(clip)).unwrap();
        for (convert, is_sent_as_it_is) in [("auto", false), ("never", true)] {
            let stand_in = StandIn::scripted([answer("Two tones.")]);
            let run = caption(&stand_in).file(clip, &content).args(["--convert", convert, clip]);
            run.run().captioned();
            let sent = stand_in.request().audio();
            assert_eq!(sent == content, is_sent_as_it_is, "{clip}, {convert}");
            assert_eq!(sent.starts_with(b"RIFF"), !is_sent_as_it_is, "{clip}, {convert}");
        }
    }
}

#[test]
fn large_compressed_audio_is_converted_if_that_helps() {
    let content = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let stand_in = StandIn::scripted([answer("Two tones.")]);
    // 3.8 kB at 121 kbit/s, and 8 kB as WAV: neither fits into 4 kB of base64.
    let run =
        |limit| caption(&stand_in).file("a.mp3", &content).args(["--max-upload", limit, "a.mp3"]);
    assert_says(
        &run("4000B").run().failed(3),
        &["too long: 0.2 s of audio; one request holds at most 0.1 s", "a.mp3", "shorten it"],
    );
    run("6000B").run().captioned();
    assert_eq!(stand_in.request().audio(), content);
}

#[test]
fn the_first_of_several_audio_tracks_is_used() {
    let stand_in = StandIn::start();
    let clip = data_path("tones/video.mkv");
    let run = caption(&stand_in).args(["-v"]).arg(clip).run();
    assert_says(&run.stderr, &["MKV (aac), 44.1 kHz, 2 channels, its audio track"]);
    assert_says(&run.stdout, &["0.28 s of mono sound", "near 439 Hz"]);
}

#[test]
fn undecodable_audio_is_uploaded_unchanged_if_allowed() {
    let stand_in = StandIn::scripted([answer("Some sound.")]);
    caption(&stand_in).arg(data_path("multichannel.amr")).run().captioned();
    assert_eq!(stand_in.request().audio(), std::fs::read(data_path("multichannel.amr")).unwrap());
    for arguments in [["--convert", "always"], ["--window", "30s"]] {
        let stderr =
            caption(&stand_in).args(arguments).arg(data_path("multichannel.amr")).run().failed(3);
        assert_says(&stderr, &["AMR cannot be decoded here", "multichannel.amr"]);
    }
}

#[test]
fn audio_over_forty_minutes_is_rejected_with_a_hint() {
    // 8 bits at 1 kHz: 41 minutes in 2.5 MB.
    let content = wav(1_000, 1, 8, &vec![0.1; 41 * 60 * 1_000]);
    let stand_in = StandIn::start();
    let run = |arguments: &[&str]| {
        caption(&stand_in).file("a.wav", &content).args(arguments).arg("a.wav").run().failed(3)
    };
    let words = ["too long: 41 min of audio; one request holds at most 40 min", "add --window 30s"];
    assert_says(&run(&["--convert", "never"]), &words);
    assert_says(&run(&["--max-upload", "1GB"]), &words);
    let words =
        ["too long: 41 min of audio; one request holds at most 3 min 54 s", "add --window 30s"];
    assert_says(&run(&["--convert", "always"]), &words);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_dry_run_reports_the_size_after_conversion() {
    let stand_in = StandIn::start();
    let content = wav(44_100, 2, 16, &samples(44_100, 0.5, sine(440.0)));
    let run = caption(&stand_in).file("a.wav", content).args(["--dry-run", "a.wav"]).run();
    // 16,044 bytes are 21,392 in base64.
    assert_says(&run.ended(0), &["0.50 s", "21.4 kB", "13 tokens", "a.wav"]);
}
