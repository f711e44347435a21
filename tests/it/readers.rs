//! Whoever reads the output: gone, slow, or not there from the start; and signals meanwhile.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ::caption::Clip;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::harness::{Caption, answer, caption, clip_name, file_names, finish};
use support::stand_in::{Gate, Reply, StandIn};

/// More than a pipe holds.
const LONG: usize = 100_000;
/// The promised five seconds, and what a busy machine takes.
const SOON: Duration = Duration::from_millis(6_500);

/// How long it may take until something is to be seen that would come at once.
const PATIENCE: Duration = Duration::from_secs(15);

const SIGNALS: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.matches('\n').count())
}

/// Until something holds, but not for ever.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}, within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// The exit code as a shell tells it, within the promised time; otherwise it is killed and none.
fn exit_code(mut child: Child) -> Option<i32> {
    let pid = Pid::from_child(&child);
    let (sender, ended) = mpsc::channel();
    let waiter = std::thread::spawn(move || sender.send(child.wait().unwrap()));
    let status = ended.recv_timeout(SOON);
    if status.is_err() {
        kill_process(pid, Signal::KILL).unwrap();
        let _ = waiter.join();
    }
    let status = status.ok()?;
    status.code().or(status.signal().map(|signal| 128 + signal))
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Clips of which the first is known by now, so that it is printed before anything is sent.
fn first_cached(stand_in: &StandIn, count: usize, text: &str) -> Caption {
    let run = caption(stand_in).clips("x", count);
    let audio = Clip::open(run.folder().join(clip_name("x", 0))).unwrap();
    let record = json!({
        "input": "?", "sha256": audio.sha256().unwrap(), "caption": text,
        "model": "alibaba/qwen3-omni-30b-a3b-captioner",
    });
    run.file("m.jsonl", format!("{record}\n")).args(["--manifest", "m.jsonl"])
}

/// All requests wait for the gate.
fn waiting() -> (StandIn, Gate) {
    let gate = Gate::closed();
    let behind = gate.clone();
    (StandIn::always(move || answer("Wind.").held_by(&behind)), gate)
}

/// Reads one line of the output and closes it, as `head -1` does.
fn read_one_line(child: &mut Child) {
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
}

#[test]
fn requests_in_flight_are_kept_in_the_manifest_when_the_reader_closes_the_pipe() {
    for format in ["text", "jsonl", "csv"] {
        let (stand_in, gate) = waiting();
        let mut run = first_cached(&stand_in, 400, "Rain.").args(["-j", "4", "-f", format, "x"]);
        let mut child = run.spawn();
        stand_in.wait_for_requests(4);
        // The next write meets the closed pipe.
        read_one_line(&mut child);
        gate.open();
        let ended = finish(child);
        assert_eq!(ended.code, 0, "{format}: {}", ended.stderr);
        let sent = stand_in.requests().len();
        assert!(sent < 399, "{format}: nothing new is started: {sent} requests");
        assert_eq!(lines(&run.folder().join("m.jsonl")), 1 + sent, "{format}: all of it is kept");
        assert!(!ended.stderr.contains("error"), "{format}: {}", ended.stderr);
    }
}

#[test]
fn a_pipe_closed_during_requests_loses_no_caption() {
    let (first, others) = (Gate::closed(), Gate::closed());
    let (one, rest, served) = (first.clone(), others.clone(), AtomicUsize::new(0));
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 => answer("Rain.").held_by(&one),
        _ => answer("Rain.").held_by(&rest),
    });
    let mut run = caption(&stand_in).clips("x", 20);
    run = run.args(["-j", "4", "--manifest", "m.jsonl", "x"]);
    let mut child = run.spawn();
    stand_in.wait_for_requests(4);
    drop(child.stdout.take());
    first.open();
    // It is kept before it is written to where nobody reads.
    until("the first caption is kept", || lines(&run.folder().join("m.jsonl")) >= 1);
    others.open();
    let ended = finish(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let sent = stand_in.requests().len();
    assert_eq!(lines(&run.folder().join("m.jsonl")), sent, "{sent} requests");
}

#[test]
fn windows_in_flight_are_kept_when_the_reader_closes_the_pipe() {
    let (stand_in, gate) = waiting();
    let audio = support::audio::wav(8_000, 1, 8, &vec![0.1; 8_000 * 40]);
    // What is refused is printed at once, while the others are in flight; the short one is
    // written to nobody while windows of the long one are.
    let mut run = caption(&stand_in).file("a.wav", "no audio").clips("x", 1).file("z.wav", audio);
    run = run.args(["-j", "4", "-f", "jsonl", "--window", "5s", "--manifest", "m.jsonl"]);
    run = run.args(["a.wav", "x/000.wav", "z.wav"]);
    let mut child = run.spawn();
    read_one_line(&mut child);
    stand_in.wait_for_requests(4);
    gate.open();
    finish(child);
    let kept = fs::read_to_string(run.folder().join("m.jsonl")).unwrap();
    let windows = kept
        .lines()
        .filter(|line| line.contains("\"start\":") && !line.contains("\"windows\":"))
        .count();
    assert_eq!(windows, stand_in.requests().len(), "{kept}");
}

#[test]
fn a_closed_pipe_ends_the_requests_without_a_manifest() {
    let (stand_in, gate) = waiting();
    let mut run = caption(&stand_in).clips("x", 40).file("x/0.wav", "no audio");
    run = run.args(["-j", "2", "-f", "jsonl", "x"]);
    let mut child = run.spawn();
    read_one_line(&mut child);
    stand_in.wait_for_requests(2);
    gate.open();
    let ended = finish(child);
    assert!(!ended.stderr.contains("pipe"), "it ends quietly: {}", ended.stderr);
    // Few of 40, as soon as the output was tried.
    assert!(stand_in.requests().len() < 40, "{} requests", stand_in.requests().len());
}

#[test]
fn a_reader_that_stops_delays_no_request_in_flight() {
    let (stand_in, gate) = waiting();
    let mut run = first_cached(&stand_in, 30, &"Rain. ".repeat(LONG / 6));
    run = run.args(["-q", "-j", "4", "-f", "jsonl", "--timeout", "2s", "--max-retries", "3", "x"]);
    let mut child = run.spawn();
    let mut stdout = child.stdout.take().unwrap();
    // The pipe is full as soon as a part of the first record can be read.
    stdout.read_exact(&mut [0]).unwrap();
    stand_in.wait_for_requests(4);
    gate.open();
    let path = run.folder().join("m.jsonl");
    let started = Instant::now();
    while lines(&path) < 5 && started.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    let kept = lines(&path);
    std::thread::spawn(move || {
        let _ = stdout.read_to_end(&mut Vec::new());
    });
    let ended = finish(child);
    assert!(kept >= 5, "what is in flight is kept while nobody reads: {kept} lines");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(stand_in.requests().len(), 29, "nothing is sent twice");
    assert_eq!(lines(&path), 30);
}

#[test]
fn every_signal_ends_a_run_whose_reader_has_stopped_within_five_seconds() {
    for (signal, code) in SIGNALS {
        let stand_in = StandIn::always(Reply::never);
        let mut run = first_cached(&stand_in, 20, &"Rain. ".repeat(LONG / 6));
        run = run.args(["-q", "-j", "2", "-f", "jsonl", "x"]);
        let mut child = run.spawn();
        // The pipe is full as soon as a part of the first record can be read.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        send(&child, signal);
        assert_eq!(exit_code(child), Some(code), "{signal:?}");
        assert_eq!(lines(&run.folder().join("m.jsonl")), 1, "{signal:?}: what was there is kept");
    }
}

#[test]
fn a_second_signal_ends_a_run_whose_reader_has_stopped_at_once() {
    for (signal, code) in SIGNALS {
        let stand_in = StandIn::always(Reply::never);
        let mut run = first_cached(&stand_in, 20, &"Rain. ".repeat(LONG / 6));
        run = run.args(["--progress", "never", "-j", "2", "-f", "jsonl", "x"]);
        let mut child = run.spawn();
        // The pipe is full as soon as a part of the first record can be read.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        send(&child, signal);
        // Two that come before the first was looked at are one.
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, reported) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = stderr.lines().map_while(Result::ok);
            let _ = sender.send(lines.any(|line| line.contains("interrupted")));
        });
        let reported = reported.recv_timeout(SOON);
        send(&child, signal);
        let started = Instant::now();
        assert_eq!(exit_code(child), Some(code), "{signal:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "{signal:?}");
        assert_eq!(reported, Ok(true), "{signal:?}");
    }
}

#[test]
fn a_closed_standard_output_is_an_error_before_the_first_request() {
    let stand_in = StandIn::always(|| answer("Rain."));
    for args in [
        &["tone.wav"][..],
        &["-f", "jsonl", "tone.wav"],
        &["-f", "csv", "tone.wav", "tone.mp3"],
        &["--json", "tone.wav"],
        &["--stream", "tone.wav"],
        &["-o", "-", "tone.wav"],
        &["--dry-run", "tone.wav"],
        &["-o", "/dev/stdout", "tone.wav"],
    ] {
        let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3").args(args);
        let ended = run.in_shell("exec \"$@\" >&-").run();
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("standard output"), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(stand_in.requests().len(), 0, "it is found before the first request");
}

#[test]
fn a_closed_standard_output_does_not_matter_to_files() {
    let stand_in = StandIn::always(|| answer("Rain."));
    for args in [&["-o", "out.txt"][..], &["--sidecar"], &["--output-dir", "."]] {
        let run = caption(&stand_in).data_file("tone.wav").args(args).arg("tone.wav");
        let folder = run.folder().to_owned();
        let mut run: Caption = run.in_shell("exec \"$@\" >&-");
        finish(run.spawn()).ended(0);
        assert!(file_names(&folder).iter().any(|name| name == "tone.txt" || name == "out.txt"));
    }
}

#[test]
fn output_to_the_null_device_is_no_error() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run =
        caption(&stand_in).data_file("tone.wav").args(["--report", "junit=r.xml", "tone.wav"]);
    run.in_shell("exec \"$@\" > /dev/null").run().ended(0);
}

#[test]
fn a_full_disk_is_an_error_that_keeps_requests_in_flight() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 30).args(["-j1", "--manifest", "m.jsonl", "x"]);
    let path = run.folder().join("m.jsonl");
    let mut run = run.in_shell("exec \"$@\" > /dev/full");
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("No space left"), "{}", ended.stderr);
    let sent = stand_in.requests().len();
    assert!(sent < 30, "what cannot be delivered is not asked for");
    assert_eq!(lines(&path), sent, "what was in flight is kept");
}
