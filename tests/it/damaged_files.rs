//! Damaged and hostile files end in a clear error or a caption, without panics and with bounded
//! memory.

use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use crate::fuzz_functions::{convert, decode, measure, probe, windows};
use crate::harness::{answer, assert_says, caption, data_path, finish};
use crate::process_monitor::ProcessMonitor;
use support::audio::{samples, sine, wav};
use support::random::{Rng, one_of, run_cases};
use support::stand_in::StandIn;

/// Returns all clips of `tests/data` with their names.
fn clips() -> Vec<(String, Vec<u8>)> {
    let mut clips = Vec::new();
    for folder in [data_path("tones"), data_path("packed"), data_path("")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.extension().is_some_and(|extension| extension != "der") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                clips.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    clips.sort();
    clips
}

/// Makes one to eleven changes, many of them near the start, where the header is.
fn mutate(content: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..12) {
        let near = if random.bool() { 128 } else { content.len() };
        let at = random.usize(..near.min(content.len()));
        let end = |len: usize| (at + len).min(content.len());
        match random.u8(..12) {
            0..=2 => content[at] ^= 1 << random.u8(..8),
            3..=5 => content[at] = *one_of(random, &[&0, &0xff, &0x7f, &0x80]),
            6..=7 => {
                let end = end(random.usize(1..64));
                content[at..end].fill_with(|| random.u8(..));
            }
            8..=9 => {
                let end = end(4);
                content[at..end].fill(0xff);
            }
            10 => {
                let truncated_clip = content[at..end(random.usize(1..200))].to_vec();
                content.splice(at..at, truncated_clip);
            }
            _ => content.truncate(at.max(1)),
        }
    }
}

/// `CAPTION_CASES=4000 cargo test mutated` takes some minutes.
#[test]
fn a_mutated_file_is_converted_or_rejected_quickly() {
    for (name, original) in clips() {
        run_cases(12, |random| {
            let mut content = original.clone();
            mutate(&mut content, random);
            let started = Instant::now();
            for function in [probe, decode, convert, windows, measure] {
                function(&content);
            }
            let elapsed = started.elapsed();
            assert!(elapsed < Duration::from_secs(20), "{name}: {elapsed:?}");
        });
    }
}

#[test]
fn audio_with_less_than_half_of_its_data_is_rejected() {
    let stand_in = StandIn::scripted([answer("A tone."), answer("A tone.")]);
    let tone = wav(8_000, 2, 16, &samples(8_000, 2.0, sine(440.0)));
    let run = |content: &[u8], name: &str| caption(&stand_in).file(name, content).arg(name).run();
    let cut = |percent: usize| &tone[..tone.len() * percent / 100];
    let stderr = run(cut(40), "a.wav").failed(3);
    assert_says(&stderr, &["a damaged WAV file (0.8 s of 2.0 s are there)", "a.wav"]);
    let captioned = run(cut(60), "a.wav");
    assert_eq!((captioned.code, captioned.stdout.as_str()), (0, "A tone.\n"));
    assert_says(&captioned.stderr, &["warning: ", "1.2 of 2.0 s are there"]);

    let mp3 = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let stderr = run(&mp3[..mp3.len() * 4 / 10], "a.mp3").failed(3);
    assert_says(&stderr, &["a damaged MP3 file (0.1 s of 0.2 s are there)", "a.mp3"]);
    let captioned = run(&mp3[..mp3.len() * 8 / 10], "a.mp3");
    assert_eq!((captioned.code, captioned.stdout.as_str()), (0, "A tone.\n"));
}

#[test]
fn damage_is_detected_before_the_first_window_is_sent() {
    let stand_in = StandIn::start();
    let tone = wav(8_000, 1, 8, &samples(8_000, 20.0, sine(440.0)));
    let run = caption(&stand_in).file("a.wav", &tone[..60_000]).args(["--window", "2s", "a.wav"]);
    assert_says(&run.run().failed(3), &["7.5 s of 20.0 s are there"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn damaged_packets_are_skipped_and_counted() {
    let stand_in = StandIn::scripted([answer("Two tones.")]);
    let content = damaged(1);
    let run = caption(&stand_in).file("a.webm", content).arg("a.webm").run();
    assert_eq!(run.stdout, "Two tones.\n", "{}", run.stderr);
    assert_says(&run.stderr, &["1 damaged packet, silence in place of them: a.webm"]);
}

#[test]
fn audio_with_mostly_damaged_packets_is_rejected() {
    let stand_in = StandIn::start();
    let stderr = caption(&stand_in).file("a.webm", damaged(9)).arg("a.webm").run().failed(3);
    assert_says(&stderr, &["a damaged WEBM file (9 of 13 packets cannot be decoded)", "a.webm"]);
    assert_eq!(stand_in.connections(), 0);
}

/// Returns Opus in `WebM` with a number of packets that claim too many frames.
fn damaged(packets: usize) -> Vec<u8> {
    let mut content = std::fs::read(data_path("tones/opus.webm")).unwrap();
    // A block: id, length in two or three bytes, track 1, timestamp, key frame flag.
    let is_block = |block: &[u8]| {
        (block[0] == 0xa3 || block[1] == 0xa3) && block[3] == 0x81 && block[6] == 0x80
    };
    let blocks = (0..content.len() - 7).filter(|at| is_block(&content[*at..at + 7]));
    let packets: Vec<_> = blocks.map(|at| at + 7).skip(2).take(packets).collect();
    for packet in packets {
        content[packet..packet + 2].fill(0xff);
    }
    content
}

#[test]
fn a_header_with_absurd_numbers_is_rejected() {
    let audio = samples(16_000, 0.5, sine(440.0));
    let with = |at: usize, bytes: &[u8]| {
        let mut content = wav(16_000, 2, 16, &audio);
        content[at..at + bytes.len()].copy_from_slice(bytes);
        content
    };
    let mut flac = std::fs::read(data_path("tones/native.flac")).unwrap();
    // 2^36 - 1 samples.
    flac[21] |= 0x0f;
    flac[22..26].fill(0xff);
    for (content, words) in [
        (with(24, &[0; 4]), "a sampling rate of 0 Hz"),
        (with(24, &[0xff; 4]), "a sampling rate of 4294967295 Hz"),
        (with(24, &[7, 0, 0, 0]), "a sampling rate of 7 Hz"),
        (with(22, &[255, 0]), "channel"),
        (with(22, &[0, 0]), "channel"),
        (with(34, &[0, 0]), "bits per sample"),
        (with(40, &[0, 0, 0, 0x70]), "0.5 s of 29360.1 s are there"),
        (flac, "0.2 s of 8589934.6 s are there"),
    ] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).file("a", content).args(["--convert", "always", "a"]);
        assert_says(&run.run().failed(3), &["a damaged ", words, "a; check whether it plays"]);
        assert_eq!(stand_in.connections(), 0);
    }
}

#[test]
fn a_header_without_lengths_is_accepted() {
    let mut content = wav(44_100, 2, 16, &samples(44_100, 0.5, sine(440.0)));
    for length in [0xffff_ffff_u32, 0x7fff_f000, 0x7fff_ffff] {
        content[4..8].copy_from_slice(&length.saturating_add(36).to_le_bytes());
        content[40..44].copy_from_slice(&length.to_le_bytes());
        let stand_in = StandIn::start();
        let text = caption(&stand_in).stdin(content.clone()).arg("-").run().captioned();
        assert_says(&text, &["0.50 s of mono sound at 16000 Hz", "near 439 Hz"]);
    }
}

#[test]
fn nan_samples_are_silence() {
    let stand_in = StandIn::start();
    let mut audio = samples(16_000, 1.0, |_| 0.25);
    audio[4_000..8_000].fill(f64::NAN);
    audio[9_000] = f64::INFINITY;
    let run = caption(&stand_in).file("a.wav", wav(16_000, 1, 32, &audio)).arg("a.wav").run();
    assert_says(&run.captioned(), &["1.00 s", "the peak -12.0 dBFS"]);
}

#[test]
fn extreme_float_samples_are_accepted() {
    let stand_in = StandIn::start();
    let audio = wav(48_000, 1, 32, &vec![3e38; 48_000]);
    let run = caption(&stand_in).file("a.wav", audio).arg("a.wav").run();
    assert_says(&run.captioned(), &["1.00 s of mono sound"]);
}

/// Returns the first percent of a clip.
fn truncated_clip(clip: &str, percent: usize) -> Vec<u8> {
    let content = std::fs::read(data_path("tones").join(clip)).unwrap();
    content[..content.len() * percent / 100].to_vec()
}

#[test]
fn a_truncated_file_is_captioned_up_to_its_end() {
    for clip in
        ["pcm.aiff", "pcm.caf", "alaw.wav", "adts.aac", "opus.webm", "video.mkv", "layer3.mp3"]
    {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).file(clip, truncated_clip(clip, 85)).args([
            "-q",
            "--convert",
            "always",
            clip,
        ]);
        let text = run.run().captioned();
        let seconds: f64 = text.split_once(" s of mono").unwrap().0[24..].trim().parse().unwrap();
        assert!((0.15..0.25).contains(&seconds), "{clip}: {text}");
    }
}

#[test]
fn an_unfinished_recording_is_captioned() {
    let whole = wav(8_000, 2, 16, &samples(8_000, 1.0, sine(440.0)));
    for riff in [0_u32, 36, 0xffff_ffff] {
        let mut content = whole.clone();
        content[4..8].copy_from_slice(&riff.to_le_bytes());
        content[40..44].fill(0);
        let stand_in = StandIn::start();
        let text = caption(&stand_in).file("a.wav", content).arg("a.wav").run().captioned();
        assert_says(&text, &["1.00 s of mono sound at 16000 Hz", "near 439 Hz"]);
    }
}

#[test]
fn rf64_is_read_like_wav() {
    let mut content = wav(8_000, 2, 16, &samples(8_000, 1.0, sine(440.0)));
    // RF64 keeps 64-bit sizes in a chunk of its own.
    let mut sizes = b"ds64\x1c\0\0\0".to_vec();
    sizes.extend((content.len() as u64 + 28).to_le_bytes());
    sizes.extend((content.len() as u64 - 44).to_le_bytes());
    sizes.extend([0; 12]);
    content.splice(12..12, sizes);
    content[..8].copy_from_slice(b"RF64\xff\xff\xff\xff");
    content[76..80].fill(0xff);
    let stand_in = StandIn::start();
    let text = caption(&stand_in).file("a.wav", content).arg("a.wav").run().captioned();
    assert_says(&text, &["1.00 s of mono sound at 16000 Hz", "near 439 Hz"]);
}

#[test]
fn chained_streams_are_decoded_to_the_end() {
    let once = std::fs::read(data_path("tones/vorbis.ogg")).unwrap();
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.ogg", [&once[..], &once].concat()).arg("a.ogg").run();
    assert_says(&run.captioned(), &["0.50 s of mono sound"]);
}

#[test]
fn decoding_resynchronizes_after_garbage() {
    let mut content = std::fs::read(data_path("tones/adts.aac")).unwrap();
    let middle = content.len() / 4;
    content.splice(middle..middle, [0x55; 64]);
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).file("a.aac", content).args(["--convert", "always", "a.aac"]).run();
    assert_says(&run.stdout, &["0.2", " s of mono sound"]);
}

#[test]
fn frames_without_audio_are_rejected() {
    let (mp3, aac) = (truncated_clip("layer3.mp3", 1), truncated_clip("adts.aac", 2));
    let zeros = vec![0; 20_000];
    let tagged = [&b"ID3\x04\0\0\0\0\0\x0a"[..], &[0; 10], &zeros].concat();
    for content in [mp3.clone(), aac.clone(), [mp3, zeros.clone()].concat(), tagged] {
        let stand_in = StandIn::start();
        let stderr = caption(&stand_in).file("a", content).arg("a").run().failed(3);
        assert!(stderr.contains("damaged") || stderr.contains("not audio"), "{stderr}");
        assert_eq!(stand_in.connections(), 0);
    }
}

#[test]
fn an_edit_list_that_starts_after_the_end_is_rejected() {
    let mut content = std::fs::read(data_path("tones/aac.m4a")).unwrap();
    let edits = content.windows(4).position(|name| name == b"elst").unwrap() + 4;
    content[edits + 12..edits + 16].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
    for arguments in [&[][..], &["--window", "5s"]] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).file("a.m4a", &content).arg("a.m4a").args(arguments).run();
        assert_says(&run.failed(3), &["not a single sample", "a.m4a"]);
        assert_eq!(stand_in.connections(), 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_cover_art_or_duration() {
    let mp3 = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let len = 100_000_000_u32;
    let size: [u8; 4] = std::array::from_fn(|n| (len >> (21 - 7 * n)) as u8 & 0x7f);
    let tag = [&b"ID3\x04\0\0"[..], &size, b"APIC", &size, &[0; 2]].concat();
    let picture = |file: &mut std::fs::File| {
        file.write_all(&tag).unwrap();
        file.seek(SeekFrom::Start(u64::from(len) + 10)).unwrap();
        file.write_all(&mp3).unwrap();
    };
    // 7 minutes of silence: 13 MB, or 54 MB as floats.
    let long = |file: &mut std::fs::File| {
        let mut header = wav(16_000, 1, 16, &[0.0]);
        let len = 7 * 60 * 32_000_u32;
        header[40..44].copy_from_slice(&len.to_le_bytes());
        header[4..8].copy_from_slice(&(len + 36).to_le_bytes());
        file.write_all(&header).unwrap();
        file.set_len(u64::from(len) + 44).unwrap();
    };
    assert!(peak("a.mp3", &picture, &[]) < 40, "a picture of 100 MB");
    assert!(peak("a.wav", &long, &["--window", "1m"]) < 40, "7 minutes in windows of 1");
}

/// Returns the peak memory in MB during the last request.
#[cfg(target_os = "linux")]
fn peak(name: &str, write: &dyn Fn(&mut std::fs::File), arguments: &[&str]) -> u64 {
    let stand_in = StandIn::always(|| answer("Silence."));
    let mut run = caption(&stand_in).arg(name).args(arguments);
    write(&mut std::fs::File::create(run.folder().join(name)).unwrap());
    let child = run.spawn();
    let monitor = ProcessMonitor::start(&child, support::stand_in::KEY);
    finish(child).captioned();
    monitor.end().0 / 1000
}

#[test]
fn a_repaired_file_needs_half_of_its_data_too() {
    for clip in ["pcm.aiff", "pcm.caf", "opus.webm", "video.mkv"] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).file(clip, truncated_clip(clip, 40)).args([
            "--convert",
            "always",
            clip,
        ]);
        assert_says(&run.run().failed(3), &["a damaged ", " are there", clip]);
        assert_eq!(stand_in.connections(), 0);
    }
}

#[test]
fn a_wav_with_a_short_riff_size_is_read() {
    let whole = wav(8_000, 2, 16, &samples(8_000, 1.0, sine(440.0)));
    for (riff, data) in [(0, 32_000), (36, 32_000), (32_036, u32::MAX)] {
        let mut content = whole.clone();
        content[4..8].copy_from_slice(&u32::to_le_bytes(riff));
        content[40..44].copy_from_slice(&data.to_le_bytes());
        let stand_in = StandIn::start();
        let run = caption(&stand_in).file("a.wav", content).args(["--convert", "always", "a.wav"]);
        assert_says(&run.run().captioned(), &["1.00 s of mono sound", "near 439 Hz"]);
    }
}

#[test]
fn metadata_after_an_empty_recording_is_not_audio() {
    let mut content = wav(8_000, 2, 16, &[]);
    content.extend(b"id3 \xa0\x86\x01\0");
    content.resize(44 + 8 + 100_000, 7);
    let len = u32::try_from(content.len() - 8).unwrap();
    content[4..8].copy_from_slice(&len.to_le_bytes());
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.wav", content).args(["--convert", "always", "a.wav"]);
    run.run().failed(3);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn chunks_after_the_data_of_a_large_wav_are_not_audio() {
    let audio = wav(8_000, 2, 16, &samples(8_000, 1.0, sine(440.0)));
    for name in [b"RF64", b"BW64"] {
        let mut content = audio.clone();
        let mut sizes = b"ds64\x1c\0\0\0".to_vec();
        sizes.extend([0; 8]);
        sizes.extend(32_000_u64.to_le_bytes());
        sizes.extend([0; 12]);
        content.splice(12..12, sizes);
        content[..4].copy_from_slice(name);
        content[4..8].fill(0xff);
        content[76..80].fill(0xff);
        content.extend([&b"axml\x00\x40\0\0"[..], &[b'x'; 16_384]].concat());
        let stand_in = StandIn::start();
        let run = caption(&stand_in).file("a.wav", content).args(["--convert", "always", "a.wav"]);
        assert_says(&run.run().captioned(), &["1.00 s of mono sound", "near 439 Hz"]);
    }
}

#[test]
fn the_length_of_frames_is_counted() {
    // Alternately loud and quiet: an estimate from a few frames would be far off.
    let loud = std::fs::read(data_path("tones/adts.aac")).unwrap();
    let content = [&loud[..], &loud, &quiet_frames(&loud)].concat();
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.aac", &content).args(["-f", "jsonl", "a.aac"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let seconds = run.records()[0]["seconds"].as_f64().unwrap();
    let expected = frames(&content).count() as f64 * 1024.0 / 44_100.0;
    assert!((seconds - expected).abs() < 0.01, "{seconds} s, not {expected} s");
    let plan = caption(&stand_in).file("a.aac", &content).args(["--dry-run", "a.aac"]).run();
    assert_says(&plan.stdout, &[&format!("{expected:.2} s")]);
}

/// Returns the frames of an ADTS file.
fn frames(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let [_, _, _, a, b, c, ..] = *rest else { return None };
        let len = usize::from(a & 3) << 11 | usize::from(b) << 3 | usize::from(c >> 5);
        let (frame, behind) = rest.split_at_checked(len)?;
        rest = behind;
        Some(frame)
    })
}

/// Repeats the shortest frame of an ADTS file a hundred times.
fn quiet_frames(content: &[u8]) -> Vec<u8> {
    frames(content).min_by_key(|frame| frame.len()).unwrap().repeat(100)
}

#[test]
fn concatenated_mp3_files_are_decoded_to_the_end() {
    let once = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let stand_in = StandIn::start();
    let run = |arguments: &[&str]| {
        let run = caption(&stand_in).file("a.mp3", once.repeat(4)).args(["a.mp3", "-f", "jsonl"]);
        run.args(arguments).run().records()[0]["seconds"].as_f64().unwrap()
    };
    for seconds in [run(&[]), run(&["--convert", "always"]), run(&["--window", "1s"])] {
        assert!((0.9..1.3).contains(&seconds), "{seconds} s of four times 0.25 s");
    }
}

#[test]
fn a_tag_after_the_frames_is_not_damage() {
    let mut content = std::fs::read(data_path("tones/layer3.mp3")).unwrap();
    let tag = vec![b'x'; 20_000];
    let footer = [&b"APETAGEX\xd0\x07\0\0"[..], &20_032_u32.to_le_bytes(), &[0; 16]].concat();
    content.extend([&tag[..], &footer].concat());
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("a.mp3", content).args(["--convert", "always", "a.mp3"]);
    assert_says(&run.run().captioned(), &["0.25 s of mono sound"]);
}
