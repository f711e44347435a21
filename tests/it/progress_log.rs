//! Progress in a log: lines on standard error that is not a terminal.

use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{answer, assert_says, caption, finish, next_stderr_line};
use crate::terminal::Terminal;
use support::audio::wav;
use support::stand_in::{Gate, Reply, StandIn};

#[test]
fn a_log_counts_inputs_that_are_done_behind_a_slow_first_one() {
    let (gate, served) = (Gate::closed(), AtomicUsize::new(0));
    let slow = gate.clone();
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 => answer("Rain.").held_by(&slow),
        _ => answer("Wind."),
    });
    let mut run = caption(&stand_in).clips("x", 3).args(["--progress", "100ms", "x"]);
    let mut child = run.spawn();
    let line = stderr_line_with(&mut child, "2 of 3 done");
    assert!(line.starts_with("caption: progress: 2 of 3 done · "), "{line}");
    assert_says(&line, &[" s · about "]);
    gate.open();
    assert_eq!(finish(child).code, 0);
}

#[test]
fn a_log_says_what_a_run_waits_for_and_when_it_goes_on() {
    let gate = Gate::closed();
    let stand_in = failing_until_open(&gate);
    let mut run = caption(&stand_in).clips("x", 3).args(["--progress", "100ms", "x"]);
    let mut child = run.spawn();
    assert_says(&stderr_line_with(&mut child, "all inputs wait"), &["(500)"]);
    let line = stderr_line_with(&mut child, "progress: ");
    assert_says(&line, &["0 of 3 done", " · waiting for ", " s: the service "]);
    gate.open();
    stderr_line_with(&mut child, "note: the service responds again after");
    let stderr = finish(child).stderr;
    assert!(!stderr.contains("waiting for"), "{stderr}");
}

#[test]
fn a_log_counts_the_windows_of_a_long_recording() {
    let gate = Gate::closed();
    let stand_in =
        StandIn::scripted([answer("Rain."), answer("Wind.").held_by(&gate), answer("Hail.")]);
    let sound = wav(8_000, 1, 8, &vec![0.1; 8_000 * 12]);
    let run = caption(&stand_in).file("a.wav", sound).args(["-j", "1", "--window", "5s"]);
    let mut run = run.args(["--progress", "100ms", "a.wav"]);
    let mut child = run.spawn();
    stderr_line_with(&mut child, "caption: progress: 1 of 3 windows done · ");
    gate.open();
    assert_eq!(finish(child).code, 0);
}

#[test]
fn a_log_has_no_progress_where_it_is_not_wanted() {
    for args in [&["--progress", "never"][..], &["-q"], &[]] {
        let gate = Gate::closed();
        let held = gate.clone();
        let stand_in = StandIn::always(move || answer("Rain.").held_by(&held));
        let mut run = caption(&stand_in).clips("x", 2).args(args).arg("x");
        let child = run.spawn();
        stand_in.wait_for_requests(2);
        gate.open();
        let run = finish(child);
        assert!(!run.stderr.contains("progress"), "{}", run.stderr);
    }
}

#[test]
fn a_terminal_shows_the_reason_of_a_wait() {
    let gate = Gate::closed();
    let stand_in = failing_until_open(&gate);
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).clips("x", 3).arg("x");
    let child = terminal.start(&mut run);
    terminal.wait_for("waiting: the service");
    gate.open();
    assert_eq!(finish(child).code, 0);
}

#[test]
fn a_terminal_that_cannot_redraw_gets_no_escape_sequences_of_progress() {
    let stand_in = StandIn::start();
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).clips("x", 3).env("TERM", "dumb").args(["--color", "never"]);
    run = run.arg("x");
    assert_eq!(finish(terminal.start(&mut run)).code, 0);
    let shown = terminal.shown();
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

/// A service that fails, and holds the test of the outage until the gate opens.
fn failing_until_open(gate: &Gate) -> StandIn {
    let (served, is_over) = (AtomicUsize::new(0), gate.clone());
    StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0..=2 => Reply::status(500),
        _ => answer("Rain.").held_by(&is_over),
    })
}

/// Reads standard error up to a line with this text.
fn stderr_line_with(child: &mut Child, text: &str) -> String {
    loop {
        let line = next_stderr_line(child);
        assert!(!line.is_empty(), "no line with {text:?}");
        if line.contains(text) {
            return line;
        }
    }
}
