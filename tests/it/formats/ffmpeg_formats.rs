//! Formats that ffmpeg decodes where it is installed: captioned, measured and cut like all others.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Caption, Run, answer, caption};
use crate::skipped_tests::{has_programs, skip};
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine, wav};
use support::stand_in::StandIn;

/// Length of the sounds in seconds.
const SECONDS: f64 = 2.5;

/// Difference of a length in seconds that the delay and the blocks of codecs explain.
const DELAY: f64 = 0.13;

const DOLBY: &[(&str, &str)] = &[
    ("raw.ac3", "-c:a ac3 -f ac3"),
    ("ac3.mkv", "-c:a ac3"),
    ("ac3.mp4", "-c:a ac3"),
    ("ac3.ts", "-c:a ac3"),
    ("ac3.vob", "-c:a ac3"),
    ("ac3.avi", "-c:a ac3"),
    ("ac3.rm", "-c:a ac3"),
    ("ac3.spdif", "-ar 48000 -c:a ac3 -f spdif"),
    ("raw.eac3", "-c:a eac3 -f eac3"),
    ("eac3.mkv", "-c:a eac3"),
    ("eac3.mp4", "-c:a eac3"),
    ("eac3.ts", "-c:a eac3"),
    ("raw.thd", "-c:a truehd -strict -2 -f truehd"),
    ("thd.mkv", "-c:a truehd -strict -2"),
    ("raw.mlp", "-c:a mlp -strict -2 -f mlp"),
    ("raw.dts", "-c:a dca -strict -2 -f dts"),
    ("dts.mkv", "-c:a dca -strict -2"),
];

const FILMS: &[(&str, &str)] = &[
    ("mp3.avi", "-c:a libmp3lame"),
    ("mp2.avi", "-c:a mp2"),
    ("pcm.avi", "-c:a pcm_s16le"),
    ("alaw.avi", "-c:a pcm_alaw"),
    ("adpcm.avi", "-c:a adpcm_ms"),
    ("wma.avi", "-c:a wmav2"),
    ("mp2.ts", "-c:a mp2"),
    ("aac.ts", "-c:a aac"),
    ("opus.ts", "-ar 48000 -c:a libopus"),
    ("s302m.ts", "-ar 48000 -c:a s302m -strict -2"),
    ("mp2.mpg", "-c:a mp2"),
    ("mp2.dvd", "-c:a mp2 -f dvd"),
    ("mp2.wtv", "-c:a mp2"),
    ("aac.flv", "-c:a aac"),
    ("mp3.flv", "-c:a libmp3lame"),
    ("pcm.flv", "-c:a pcm_s16le"),
    ("adpcm.flv", "-c:a adpcm_swf"),
    ("speex.flv", "-ar 16000 -ac 1 -c:a libspeex"),
];

const SOUNDS: &[(&str, &str)] = &[
    ("v1.wma", "-c:a wmav1"),
    ("v2.wma", "-c:a wmav2"),
    ("aac.asf", "-c:a aac"),
    ("mp3.asf", "-c:a libmp3lame"),
    ("wma.mkv", "-c:a wmav2"),
    ("speex.ogg", "-ar 32000 -c:a libspeex"),
    ("ra144.rm", "-ar 8000 -ac 1 -c:a real_144"),
    ("g722.wav", "-ar 16000 -ac 1 -c:a g722"),
    ("g726.wav", "-ar 8000 -ac 1 -c:a g726"),
    ("g723.wav", "-ar 8000 -ac 1 -c:a g723_1 -b:a 6300"),
    ("dts.wav", "-c:a dca -strict -2"),
    ("yamaha.wav", "-c:a adpcm_yamaha"),
    ("a.mmf", "-ar 22050 -ac 1 -c:a adpcm_yamaha"),
    ("a.asfx", "-ar 22050 -c:a adpcm_argo -f argo_asf"),
    ("a.kvag", "-ar 22050 -c:a adpcm_ima_ssi"),
    ("a.ast", "-c:a pcm_s16be_planar"),
    ("a.tta", "-c:a tta"),
    ("tta.mkv", "-c:a tta"),
    ("a.wv", "-c:a wavpack"),
    ("wv.mkv", "-c:a wavpack"),
    ("a.voc", "-c:a pcm_s16le"),
    ("a.sf", "-c:a pcm_s16le -f ircam"),
    ("a.sox", "-c:a pcm_s32le"),
    ("a.au", "-c:a pcm_s16be"),
    ("a.w64", "-c:a pcm_s16le"),
    ("pcm.nut", "-c:a pcm_s16le"),
    ("vorbis.nut", "-c:a libvorbis"),
];

fn signal(channel: usize) -> impl Fn(f64) -> f64 {
    let (level, tone) = [(0.4, sine(440.0)), (0.3, sine(1250.0))].into_iter().nth(channel).unwrap();
    move |t| level * tone(t)
}

/// WAV of 44.1 kHz with a tone in each of two channels.
pub(super) fn source() -> Vec<u8> {
    let channels = [0, 1].map(|channel| samples(44_100, SECONDS, signal(channel)));
    let frames = channels[0].iter().zip(&channels[1]);
    let data = frames.flat_map(|(left, right)| [*left, *right]);
    let data: Vec<u8> = data.flat_map(|s| ((s * 32767.0) as i16).to_le_bytes()).collect();
    let mut file = wav(44_100, 2, 16, &[]);
    file.truncate(40);
    file[4..8].copy_from_slice(&(36 + data.len() as u32).to_le_bytes());
    [file, (data.len() as u32).to_le_bytes().to_vec(), data].concat()
}

/// Runs ffmpeg in a folder; true if it succeeds.
pub(super) fn ffmpeg(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-nostdin"]).args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// Writes the formats into a folder, with as few processes as possible. Returns the names of those
/// that this ffmpeg can write.
fn write<'a>(folder: &Path, formats: &[(&'a str, &str)]) -> Vec<&'a str> {
    std::fs::write(folder.join("source.wav"), source()).unwrap();
    let all = formats.iter().flat_map(|(name, arguments)| {
        arguments.split(' ').chain([*name]).map(str::to_owned).collect::<Vec<_>>()
    });
    let all: Vec<String> = ["-i", "source.wav"].map(str::to_owned).into_iter().chain(all).collect();
    if ffmpeg(folder, &all.iter().map(String::as_str).collect::<Vec<_>>()) {
        return formats.iter().map(|(name, _)| *name).collect();
    }
    let mut written = Vec::new();
    for (name, arguments) in formats {
        let arguments: Vec<_> =
            ["-i", "source.wav"].into_iter().chain(arguments.split(' ')).chain([*name]).collect();
        if ffmpeg(folder, &arguments) {
            written.push(*name);
        } else {
            skip(&format!("this ffmpeg does not write {name}"));
        }
    }
    written
}

/// Makes the real ffmpeg available to a run.
pub(super) fn with_ffmpeg(run: Caption) -> Caption {
    run.env("PATH", std::env::var_os("PATH").unwrap_or_default())
}

/// Records of a run by their input.
fn records(run: &Run) -> HashMap<String, Value> {
    assert_eq!(run.code, 0, "{}", run.stderr);
    let notes = run.stderr.lines().filter(|line| line.contains("decoded by ffmpeg ")).count();
    assert_eq!(notes, 1, "{}", run.stderr);
    assert!(!run.stderr.contains("damaged") && !run.stderr.contains("missing"), "{}", run.stderr);
    let name = |record: &Value| record["input"].as_str().unwrap().to_owned();
    run.records().into_iter().map(|record| (name(&record), record)).collect()
}

/// Captions the formats whole and in windows, and compares length and levels with the source.
#[track_caller]
fn check(formats: &[(&str, &str)]) {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Two tones."));
    let run = with_ffmpeg(caption(&stand_in));
    let names = write(run.folder(), formats);
    let args = ["-f", "jsonl", "-v"];
    let whole = records(&run.args(args).args(&names).arg("source.wav").run());
    let expected = &whole["source.wav"]["sound"];
    assert!(whole["source.wav"]["decoder"].is_null());
    for name in &names {
        let record = &whole[*name];
        let seconds = record["seconds"].as_f64().unwrap();
        assert!((seconds - SECONDS).abs() < DELAY, "{name}: {seconds} s");
        let sound = &record["sound"];
        let is_mono = sound["channels"] == 1;
        for (level, tolerance) in [("loudness_lufs", 0.6), ("rms_dbfs", 0.6)] {
            let [sent, expected] = [sound, expected].map(|sound| sound[level].as_f64().unwrap());
            // Two tones in one channel have half the power of each in its own, twice.
            let expected =
                if is_mono && level == "loudness_lufs" { expected - 6.0 } else { expected };
            let expected = if is_mono && level == "rms_dbfs" { expected - 3.0 } else { expected };
            assert!((sent - expected).abs() < tolerance, "{name}: {level} {sent}, not {expected}");
        }
        assert!(sound["codec"].is_string() && sound["sample_rate"].is_u64(), "{name}: {sound}");
    }
    check_sent(&stand_in, names.len() + 1);

    let stand_in = StandIn::always(|| answer("Two tones."));
    let run = with_ffmpeg(caption(&stand_in));
    let names = write(run.folder(), formats);
    let cut = records(&run.args(["-f", "jsonl", "--window", "1s"]).args(&names).run());
    for name in &names {
        let windows = cut[*name]["windows"].as_array().unwrap();
        assert!((2..=4).contains(&windows.len()), "{name}: {windows:?}");
        let seconds = windows.last().unwrap()["end"].as_f64().unwrap();
        assert!((seconds - SECONDS).abs() < DELAY, "{name}: {seconds} s in windows");
    }
}

/// Compares what was sent with the average of the tones, wherever in its period it begins.
#[track_caller]
fn check_sent(stand_in: &StandIn, count: usize) {
    let requests = stand_in.requests();
    assert_eq!(requests.len(), count);
    // 440 and 1250 Hz repeat 10 times a second.
    let period = CONVERTED_RATE as usize / 10;
    let expected = samples(CONVERTED_RATE, 0.075, |t| 0.5 * (signal(0)(t) + signal(1)(t)));
    for request in requests {
        let sent = read_converted(&request.audio());
        // Behind the delay of any codec.
        let from = 10 * period;
        let candidates = (from..from + period).map(|from| &sent[from..from + expected.len()]);
        let best = candidates.map(|sent| signal_to_noise(&expected, sent)).fold(f64::MIN, f64::max);
        assert!(best > 5.0, "{best:.1} dB");
    }
}

#[test]
fn dolby_sound_is_captioned_measured_and_cut() {
    check(&DOLBY[..10]);
}

#[test]
fn lossless_dolby_sound_and_dts_are_captioned_measured_and_cut() {
    check(&DOLBY[10..]);
}

#[test]
fn sound_of_avi_and_transport_streams_is_captioned_measured_and_cut() {
    check(&FILMS[..10]);
}

#[test]
fn sound_of_program_streams_and_flash_is_captioned_measured_and_cut() {
    check(&FILMS[10..]);
}

#[test]
fn windows_media_real_audio_and_telephony_are_captioned_measured_and_cut() {
    check(&SOUNDS[..10]);
}

#[test]
fn sound_of_games_and_phones_is_captioned_measured_and_cut() {
    check(&SOUNDS[10..15]);
}

#[test]
fn sound_of_archives_and_workstations_is_captioned_measured_and_cut() {
    check(&SOUNDS[15..]);
}

#[test]
fn channels_of_surround_sound_have_their_weight() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Tones."));
    let run = with_ffmpeg(caption(&stand_in));
    std::fs::write(run.folder().join("source.wav"), source()).unwrap();
    // The LFE channel is the loudest, and counts for nothing.
    let pan = "pan=5.1|c0=c0|c1=c1|c2=0.5*c0|c3=2*c0|c4=0.3*c1|c5=0.3*c0";
    let outputs = ["-i", "source.wav", "-af", pan, "source51.wav"];
    assert!(ffmpeg(run.folder(), &outputs));
    for (name, codec) in [("a.m4a", "aac"), ("b.mkv", "ac3"), ("c.mkv", "eac3"), ("d.mkv", "dca")] {
        let outputs = ["-i", "source51.wav", "-b:a", "640k", "-c:a", codec, "-strict", "-2", name];
        assert!(ffmpeg(run.folder(), &outputs), "{name}");
    }
    let names = ["a.m4a", "b.mkv", "c.mkv", "d.mkv", "source51.wav"];
    let records = records(&run.args(["-f", "jsonl", "-v"]).args(names).run());
    let expected = records["source51.wav"]["sound"]["loudness_lufs"].as_f64().unwrap();
    for name in names {
        let sound = &records[name]["sound"];
        assert_eq!(sound["channels"], 6, "{name}");
        let loudness = sound["loudness_lufs"].as_f64().unwrap();
        assert!((loudness - expected).abs() < 0.5, "{name}: {loudness}, not {expected}");
    }
}

#[test]
fn a_file_that_is_cut_is_never_passed_as_whole() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Two tones."));
    let formats = [
        ("ac3.mkv", "-c:a ac3"),
        ("a.avi", "-c:a mp2"),
        ("b.avi", "-c:a pcm_s16le"),
        ("a.wma", "-c:a wmav2"),
        ("a.flv", "-c:a adpcm_swf"),
    ];
    let run = with_ffmpeg(caption(&stand_in));
    let names = write(run.folder(), &formats);
    for name in &names {
        let path = run.folder().join(name);
        let content = std::fs::read(&path).unwrap();
        std::fs::write(path, &content[..content.len() * 7 / 10]).unwrap();
    }
    let run = run.args(["--check", "decodes", "-f", "jsonl"]).args(&names).run();
    assert_eq!((run.code, stand_in.connections()), (1, 0), "{}", run.stderr);
    for record in run.records() {
        assert_eq!(record["findings"][0]["rule"], "decodes", "{record}");
    }
}

#[test]
fn packets_that_are_missing_in_a_transport_stream_become_silence_in_their_place() {
    let Some(content) = super::encoded(&source(), "-c:a ac3", "a.ts") else { return };
    let packets = content.len() / 188;
    let lost = packets * 4 / 10 * 188..packets / 2 * 188;
    let torn = [&content[..lost.start], &content[lost.end..]].concat();
    let [whole, record] = [(content, 0), (torn, 1)].map(|(content, code)| {
        let stand_in = StandIn::always(|| answer("Two tones."));
        let run = with_ffmpeg(caption(&stand_in)).file("a.ts", content);
        let run = run.args(["--check", "decodes", "-f", "jsonl", "a.ts"]).run();
        assert_eq!(run.code, code, "{}", run.stderr);
        run.records().remove(0)
    });
    let level = |record: &Value, key: &str| record["sound"][key].as_f64().unwrap();
    assert!(level(&record, "damaged_packets") > 0.0, "{record}");
    assert!(level(&record, "silence") > level(&whole, "silence") + 0.1, "{record}");
    let seconds =
        |record: &Value| record["sound"]["seconds"].as_f64().or(record["seconds"].as_f64());
    let difference = seconds(&record).unwrap() - seconds(&whole).unwrap();
    // Without the silence, a quarter of a second is missing.
    assert!(difference.abs() < 0.1, "{record}");
}
