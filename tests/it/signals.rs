//! Ctrl-C, SIGTERM and SIGHUP.

use std::fs;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{answer, assert_says, caption, finish, next_stderr_line};
use support::audio::wav;
use support::stand_in::{Gate, StandIn};

/// Signals that end a run, with their exit codes.
const SIGNALS: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];

#[test]
fn one_signal_finishes_and_delivers_requests_in_flight() {
    for (signal, code) in SIGNALS {
        let (stand_in, gate) = respond_twice_then_wait();
        let mut run = caption(&stand_in).clips("x", 20).args(["-j", "2", "-f", "jsonl", "x"]);
        let mut child = run.spawn();
        stand_in.wait_for_requests(4);
        send(&child, signal);
        assert_says(
            &next_stderr_line(&mut child),
            &["interrupted; finishing requests (up to 5 s)"],
        );
        gate.open();
        let run = finish(child);
        assert_eq!(run.code, code, "{}", run.stderr);
        assert_eq!(run.records().len(), 20);
        assert_says(&run.stderr, &["4 captioned · 16 not tried"]);
        assert_eq!(stand_in.requests().len(), 4);
    }
}

#[test]
fn requests_over_five_seconds_are_cancelled_after_a_signal() {
    let (stand_in, _gate) = respond_twice_then_wait();
    let mut run = caption(&stand_in).clips("x", 20);
    run = run.args(["-j", "2", "-f", "jsonl", "-o", "out.jsonl", "--manifest", "m.jsonl", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(4);
    send(&child, Signal::INT);
    let ended = finish(child);
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    assert_says(
        &ended.stderr,
        &[
            "interrupted: 2 inputs: x/002.wav, x/003.wav; run again",
            "2 captioned · 2 failed · 16 not tried",
        ],
    );
    let lines = |name: &str| fs::read_to_string(run.folder().join(name)).unwrap().lines().count();
    assert_eq!((lines("out.jsonl"), lines("m.jsonl")), (20, 2));
}

#[test]
fn no_signal_leaves_a_partial_file() {
    for (signal, code) in SIGNALS {
        let (stand_in, gate) = respond_twice_then_wait();
        let mut run = caption(&stand_in).clips("x", 20).args(["--progress", "never", "-j", "2"]);
        run = run.args(["-o", "out.txt", "x"]);
        let mut child = run.spawn();
        stand_in.wait_for_requests(4);
        send(&child, signal);
        assert_says(&next_stderr_line(&mut child), &["interrupted"]);
        gate.open();
        assert_eq!(finish(child).code, code);
        assert_eq!(crate::harness::file_names(run.folder()), ["out.txt", "x"]);
    }
}

#[test]
fn every_signal_has_its_exit_code_without_a_response_too() {
    for (signal, code) in SIGNALS {
        let (stand_in, _gate) = respond_twice_then_wait();
        let mut run = caption(&stand_in).clips("x", 20).args(["-q", "-j", "2", "-o", "out", "x"]);
        let child = run.spawn();
        stand_in.wait_for_requests(4);
        send(&child, signal);
        finish(child).ended(code);
        assert_eq!(crate::harness::file_names(run.folder()), ["out", "x"]);
        assert!(fs::read_to_string(run.folder().join("out")).unwrap().contains("Rain."));
    }
}

#[test]
fn a_signal_during_the_search_or_a_dry_run_has_its_exit_code() {
    let stand_in = StandIn::always(|| answer("Rain."));
    for (signal, code) in SIGNALS {
        for arg in ["--manifest=m.jsonl", "--dry-run", "--sidecar"] {
            let mut run = caption(&stand_in).clips("x", 2).args([arg, "--files-from", "-"]);
            let (mut child, mut stdin) = run.spawn_with_stdin();
            stdin.write_all(b"x/000.wav\nx/001.wav\n").unwrap();
            if arg == "--manifest=m.jsonl" {
                // Something was printed, and the list is still open.
                child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            } else {
                wait_until_signals_are_caught(&child);
            }
            send(&child, signal);
            let run = finish(child);
            assert_eq!(run.code, code, "{signal:?} {arg}: {}", run.stderr);
            drop(stdin);
        }
    }
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    let (stand_in, _gate) = respond_twice_then_wait();
    let mut run = caption(&stand_in).clips("x", 20).file("old.txt", "old");
    run = run.args(["--progress", "never", "-j", "2", "--output-dir", "out", "x"]);
    let mut child = run.spawn();
    stand_in.wait_for_requests(4);
    send(&child, Signal::INT);
    assert_says(&next_stderr_line(&mut child), &["interrupted", "Ctrl-C again to quit now"]);
    send(&child, Signal::INT);
    assert_eq!(finish(child).code, 130);
    assert_eq!(crate::harness::file_names(&run.folder().join("out")), ["000.txt", "001.txt"]);
}

#[test]
fn an_open_list_does_not_delay_the_end() {
    let stand_in = StandIn::always(|| answer("Rain."));
    for list in ["x/000.wav\n", ""] {
        let mut run = caption(&stand_in).clips("x", 1).args(["--files-from", "-"]);
        let (child, mut stdin) = run.spawn_with_stdin();
        stdin.write_all(list.as_bytes()).unwrap();
        if list.is_empty() {
            // Before the first input, the signal handler is all there is to wait for.
            wait_until_signals_are_caught(&child);
        } else {
            stand_in.wait_for_requests(1);
        }
        send(&child, Signal::INT);
        let ended = finish(child);
        assert_eq!(ended.code, 130, "{}", ended.stderr);
        drop(stdin);
    }
}

/// Waits until the process has handlers for SIGHUP, SIGINT and SIGTERM.
fn wait_until_signals_are_caught(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    loop {
        let Ok(text) = fs::read_to_string(&status) else { return };
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let Some(caught) = caught else { return };
        let signals = 1 << (15 - 1) | 0b11;
        if u64::from_str_radix(caught.trim(), 16).unwrap() & signals == signals {
            return;
        }
        std::thread::yield_now();
    }
}

/// Starts a stand-in that responds to two requests and holds the others.
fn respond_twice_then_wait() -> (StandIn, Gate) {
    let gate = Gate::closed();
    let (behind, served) = (gate.clone(), AtomicUsize::new(0));
    let stand_in = StandIn::always(move || {
        let is_early = served.fetch_add(1, Ordering::Relaxed) < 2;
        if is_early { answer("Rain.") } else { answer("Rain.").held_by(&behind) }
    });
    (stand_in, gate)
}

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn windows_in_flight_are_cached_after_a_signal() {
    let (stand_in, gate) = respond_twice_then_wait();
    let content = wav(8_000, 1, 8, &vec![0.1; 8_000 * 40]);
    let run = caption(&stand_in).file("a.wav", content).arg("a.wav");
    let mut run = run.args(["-j", "2", "--window", "5s", "--manifest", "m.jsonl"]);
    let mut child = run.spawn();
    stand_in.wait_for_requests(4);
    send(&child, Signal::INT);
    assert_says(&next_stderr_line(&mut child), &["interrupted"]);
    gate.open();
    let ended = finish(child);
    assert_eq!((ended.code, ended.stdout.as_str()), (130, ""), "{}", ended.stderr);
    assert_eq!(stand_in.requests().len(), 4);
    let manifest = fs::read_to_string(run.folder().join("m.jsonl")).unwrap();
    assert_eq!(manifest.lines().count(), 4);
}

#[test]
fn a_file_whose_last_window_is_in_flight_is_delivered() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let content = wav(8_000, 1, 8, &vec![0.1; 8_000 * 3]);
    let run =
        caption(&stand_in).file("a.wav", content).args(["-j", "1", "--window", "5s", "a.wav"]);
    let mut run = run;
    let mut child = run.spawn();
    stand_in.wait_for_requests(1);
    send(&child, Signal::INT);
    assert_says(&next_stderr_line(&mut child), &["interrupted"]);
    gate.open();
    assert_eq!(finish(child).ended(130), "[00:00 – 00:03] Rain.\n");
}
