//! A partial decode is never passed as whole: ffmpeg that fails, hangs, or writes something else.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use super::fake_ffmpeg::{fake, fake_from_start};
use crate::harness::{Run, answer, assert_says, caption, finish};
use support::stand_in::{Gate, StandIn};

/// Runs the script on one file.
fn run(stand_in: &StandIn, script: &str, args: &[&str]) -> Run {
    fake(caption(stand_in), script).args(args).arg("a.wma").run()
}

#[test]
fn sound_of_another_program_is_captioned_with_a_note_and_a_record_that_tell() {
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let run = run(&stand_in, "cat \"$SOUND\"", &["-f", "jsonl", "-v"]);
    assert_says(&run.stderr, &["note: decoded by ffmpeg 7.1: ", "a.wma"]);
    let record = run.records().remove(0);
    assert_eq!((&record["decoder"], &record["seconds"]), (&"ffmpeg".into(), &10.0.into()));
    let sound = &record["sound"];
    assert_eq!((&sound["codec"], &sound["sample_rate"]), (&"wmav2".into(), &8000.into()));
    assert_eq!(sound["container"], "wmv");
    let peak = sound["peak_dbfs"].as_f64().unwrap();
    assert!((peak + 13.98).abs() < 0.02, "{peak}");
}

#[test]
fn a_program_that_fails_behind_good_sound_fails_the_input_with_its_last_reason() {
    for (script, reason) in [
        ("head -c 99999 \"$SOUND\"; kill -SEGV $$", "ffmpeg: it crashed, signal: 11"),
        ("head -c 99999 \"$SOUND\"; exit 69", "ffmpeg: exit code 69"),
        (
            "cat \"$SOUND\"; printf '[wmav2 @ 0x5] [error] \\033[31mbroken\\n[error] Conversion \
             failed!\\n' >&2; exit 1",
            "ffmpeg: [31mbroken",
        ),
        ("echo '[error] file:/dev/fd/0: no more' >&2; exit 1", "ffmpeg: no more"),
        ("echo no sound", "no WAV in the output of ffmpeg"),
        ("head -c 44 \"$SOUND\"", "not a single sample"),
        (":", "not a single sample"),
    ] {
        let stand_in = StandIn::start();
        let stderr = run(&stand_in, script, &[]).failed(3);
        assert_says(&stderr, &["a damaged WMV file", reason, "a.wma"]);
        assert!(!stderr.contains('\u{1b}'), "{stderr}");
        assert_eq!(stand_in.connections(), 0, "{script}");
    }
}

#[test]
fn packets_that_ffmpeg_could_not_decode_are_noted_and_break_the_rule() {
    let script = "cat \"$SOUND\"; for n in 1 2; do echo '[error] Error while decoding stream #0:0: \
        Invalid data found when processing input' >&2; done";
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let noted = run(&stand_in, script, &[]);
    assert_says(&noted.stderr, &["note: 2 damaged packets, which may be wrong or missing: a.wma"]);
    assert_eq!(noted.code, 0);
    let stand_in = StandIn::start();
    let broken = run(&stand_in, script, &["--check", "decodes"]);
    assert_says(&broken.stderr, &["2 ", "packets", "(decodes): a.wma"]);
    assert_eq!((broken.code, stand_in.connections()), (1, 0));
}

#[test]
fn sound_that_is_shorter_than_declared_is_told_or_refused() {
    let seconds = |seconds: usize| format!("head -c {} \"$SOUND\"", 44 + seconds * 32_000);
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let cut = run(&stand_in, &seconds(8), &["-f", "jsonl"]);
    assert_eq!((cut.code, &cut.records()[0]["truncated"]), (0, &true.into()), "{}", cut.stderr);
    let stand_in = StandIn::start();
    for args in [&["--check", "decodes"][..], &["--check", "decodes", "--window", "2s"]] {
        let broken = run(&stand_in, &seconds(8), args);
        assert_says(&broken.stderr, &["8.0 of 10.0 s are there (decodes): a.wma"]);
        assert_eq!(broken.code, 1);
    }
    assert_says(&run(&stand_in, &seconds(3), &[]).failed(3), &["3.0 s of 10.0 s are there"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_length_that_ffmpeg_guessed_decides_nothing() {
    let script = "echo '[x @ 0x5] [warning] Estimating duration from bitrate, this may be \
        inaccurate' >&2\necho '[info]   Duration: 09:00:00.00, bitrate: 1 kb/s' >&2\n\
        cat \"$SOUND\"";
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let run = fake_from_start(caption(&stand_in), script).args(["-f", "jsonl", "a.wma"]).run();
    let record = run.records().remove(0);
    assert_eq!((run.code, &record["seconds"]), (0, &10.0.into()), "{}", run.stderr);
    assert!(record["truncated"].is_null());
}

#[test]
fn a_failure_behind_the_first_window_is_noted() {
    let script = "head -c 300000 \"$SOUND\"; exit 1";
    let stand_in = StandIn::always(|| answer("A buzz."));
    let run = run(&stand_in, script, &["-f", "jsonl", "--window", "2s"]);
    assert_says(&run.stderr, &["1 damaged packet, which may be wrong or missing: a.wma"]);
    assert_eq!(run.records()[0]["windows"].as_array().unwrap().len(), 5);
}

#[test]
fn sound_without_an_end_is_refused() {
    let stand_in = StandIn::start();
    let script = "cat \"$SOUND\"; while tail -c 320000 \"$SOUND\"; do :; done";
    let stderr = run(&stand_in, script, &[]).failed(3);
    assert_says(&stderr, &["a damaged WMV file (more sound than its bytes can hold): a.wma"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn messages_without_an_end_do_not_hold_up_the_sound() {
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let script = "head -c 9000000 /dev/zero >&2; yes | head -c 9000000 >&2; cat \"$SOUND\"";
    assert_eq!(run(&stand_in, script, &["-q"]).captioned(), "A buzz.\n");
}

#[test]
fn a_file_that_ffmpeg_refuses_is_refused_with_its_reason() {
    let stand_in = StandIn::start();
    let script = "echo '[error] Decoder (codec none) not found' >&2; exit 1";
    for args in [&[][..], &["--window", "1s"], &["--dry-run"]] {
        let run = fake_from_start(caption(&stand_in), script).args(args).arg("a.wma").run();
        let words = [
            "Windows Media with sound that neither",
            "ffmpeg can decode (Decoder (codec none) not",
        ];
        assert_says(&run.failed(3), &words);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_film_without_sound_is_no_sound() {
    let stand_in = StandIn::start();
    let script = "echo '[info]   Stream #0:0: Video: h264' >&2; exit 1";
    let run = fake_from_start(caption(&stand_in), script).arg("a.wma").run();
    assert_says(&run.failed(3), &["not audio but a video without a sound track: a.wma"]);
}

/// States of all processes.
#[cfg(target_os = "linux")]
fn stats() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").unwrap();
    processes.filter_map(|entry| fs::read_to_string(entry.unwrap().path().join("stat")).ok())
}

/// Script that tells its number by a link, since it cannot write, and never ends.
#[cfg(target_os = "linux")]
const HANGS: &str = "ln -s $$ \"$FOLDER/link\"; head -c 4096 \"$SOUND\"; sleep 1000";

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_ends_a_program_that_hangs_with_all_that_it_started() {
    for signals in [1, 2] {
        let stand_in = StandIn::start();
        let mut run = fake(caption(&stand_in), HANGS).arg("a.wma");
        let child = run.spawn();
        let link = run.folder().join("link");
        let started = Instant::now();
        while fs::read_link(&link).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        let pid = fs::read_link(&link).unwrap();
        let interrupted = Instant::now();
        for _ in 0..signals {
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
            if signals == 2 {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        let ended = finish(child);
        assert_eq!(ended.code, 130, "{}", ended.stderr);
        assert!(interrupted.elapsed() < Duration::from_millis(5500));
        // Behind the name in parentheses: the state, the parent and the process group.
        let group = pid.to_str().unwrap();
        let is_running = |stat: &String| {
            let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
            fields[2] == group && fields[0] != "Z"
        };
        // A process that was killed may take a moment to end.
        let deadline = Instant::now() + Duration::from_secs(5);
        while stats().any(|stat| is_running(&stat)) && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(stats().find(is_running), None);
        assert_eq!(stand_in.connections(), 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn programs_that_ended_leave_no_zombie() {
    let gate = Gate::closed();
    let held = gate.clone();
    let stand_in = StandIn::always(move || answer("A buzz.").held_by(&held));
    let mut run = fake(caption(&stand_in), "cat \"$SOUND\"").arg("a.wma");
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    let parent = child.id().to_string();
    let is_child = |stat: &String| {
        stat.rsplit(") ").next().and_then(|stat| stat.split(' ').nth(1)) == Some(&parent)
    };
    let children: Vec<_> = stats().filter(is_child).collect();
    gate.open();
    finish(child).ended(0);
    assert!(children.is_empty(), "{children:?}");
}
