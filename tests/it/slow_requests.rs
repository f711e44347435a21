//! One slow request holds up none of the others.

use std::fs;
use std::io::Read;
use std::sync::Mutex;

use crate::harness::{Caption, answer, assert_says, caption, clip_name, data_path, finish};
use crate::process_monitor::{MAX_MEMORY_KB, ProcessMonitor};
use support::stand_in::{Gate, KEY, StandIn};

const CLIPS: usize = 300;

/// Holds the first response until the gate opens; all others have this caption.
fn hold_first(caption: &str) -> (StandIn, Gate) {
    let gate = Gate::closed();
    let first = Mutex::new(Some(answer("slow").held_by(&gate)));
    let caption = caption.to_owned();
    let reply = move || first.lock().unwrap().take().unwrap_or_else(|| answer(&caption));
    (StandIn::always(reply), gate)
}

fn run_of_clips(stand_in: &StandIn, args: &[&str]) -> Caption {
    caption(stand_in).clips("x", CLIPS).args(["-q", "-j", "2"]).args(args).arg("x")
}

#[test]
fn all_other_clips_are_captioned_while_the_first_request_waits() {
    for args in [
        &["-f", "jsonl"] as &[_],
        &["-f", "jsonl", "--manifest", "m.jsonl"],
        &["--sidecar"],
        &["-o", "out.txt"],
    ] {
        let (stand_in, gate) = hold_first("Rain.");
        let mut run = run_of_clips(&stand_in, args);
        let child = run.spawn();
        stand_in.wait_for_requests(CLIPS);
        gate.open();
        let ended = finish(child);
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.stderr);
        if args[0] == "-f" {
            let names: Vec<_> = ended.records().iter().map(|r| r["input"].clone()).collect();
            let expected: Vec<_> = (0..CLIPS).map(|number| clip_name("x", number)).collect();
            assert_eq!(names, expected, "{args:?}");
        }
    }
}

#[test]
fn captions_that_waited_when_the_program_was_killed_are_in_the_manifest() {
    let (stand_in, _gate) = hold_first("Rain.");
    let mut run = run_of_clips(&stand_in, &["--manifest", "m.jsonl"]);
    let mut child = run.spawn();
    // With two jobs, the caption of the last but one is stored before the last is requested.
    stand_in.wait_for_requests(CLIPS);
    child.kill().unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    child.wait().unwrap();
    // The one that waits is the first or the second.
    assert!(printed.lines().count() < 3, "{printed}");
    let manifest = fs::read_to_string(run.folder().join("m.jsonl")).unwrap();
    assert!(manifest.lines().count() >= CLIPS - 2, "{}", manifest.lines().count());
}

#[test]
fn captions_that_wait_do_not_fill_the_memory() {
    let text = "The rain falls on the roof. ".repeat(12_000);
    let (stand_in, gate) = hold_first(&text);
    let mut run = run_of_clips(&stand_in, &["-f", "json"]);
    let child = run.spawn();
    let monitor = ProcessMonitor::start(&child, KEY);
    stand_in.wait_for_requests(CLIPS);
    gate.open();
    let ended = finish(child);
    let (peak, _) = monitor.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stdout.matches(text.trim_end()).count(), CLIPS - 1);
    assert!(peak < MAX_MEMORY_KB, "{peak} kB of memory");
}

#[test]
fn clips_equal_to_a_slow_one_hold_up_no_others() {
    let (stand_in, gate) = hold_first("Rain.");
    let mut run = run_of_clips(&stand_in, &["--manifest", "m.jsonl"]);
    let slow = fs::read(data_path("tone.wav")).unwrap();
    for number in 0..10 {
        run = run.file(&clip_name("x", number), &slow);
    }
    let child = run.spawn();
    stand_in.wait_for_requests(CLIPS - 9);
    gate.open();
    let printed = finish(child).ended(0);
    assert_eq!(printed.matches("slow\n").count(), 10);
    assert_says(&printed, &["==> x/000.wav <==\nslow\n", "==> x/299.wav <==\nRain.\n"]);
}

#[cfg(unix)]
#[test]
fn captions_that_waited_are_delivered_after_a_signal() {
    let (stand_in, _gate) = hold_first("Rain.");
    let mut run = run_of_clips(&stand_in, &["-f", "jsonl"]);
    let child = run.spawn();
    stand_in.wait_for_requests(CLIPS);
    crate::signals::send(&child, rustix::process::Signal::INT);
    let ended = finish(child);
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    let captioned = ended.records().iter().filter(|record| record["caption"] == "Rain.").count();
    assert!(captioned >= CLIPS - 2, "{captioned}");
    assert_eq!(ended.records().len(), CLIPS);
}

#[test]
fn clips_are_requested_in_the_order_given() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 200).args(["-q", "-j", "4", "--convert", "never", "x"]);
    let clip = |number| fs::read(run.folder().join(clip_name("x", number))).unwrap();
    let clips: Vec<_> = (0..200).map(clip).collect();
    run.run().ended(0);
    for (position, request) in stand_in.requests().iter().enumerate() {
        let number = clips.iter().position(|clip| *clip == request.audio()).unwrap();
        assert!(number < position + 4, "clip {number} is request {position}");
    }
}
