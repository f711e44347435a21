//! Many inputs: concurrency, rate, order, and early ends.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{answer, assert_says, caption, clip_name, finish, json_reply};
use support::stand_in::{Gate, Reply, StandIn};

#[test]
fn exactly_as_many_requests_are_in_flight_as_jobs() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let mut run = caption(&stand_in).clips("x", 12).args(["-q", "-j", "5", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(5);
    // A sixth request would arrive before the five responses.
    assert_eq!(stand_in.requests().len(), 5);
    gate.open();
    finish(child).ended(0);
    assert_eq!(stand_in.connections(), 5, "connections are used again");
}

#[test]
fn the_output_does_not_depend_on_the_number_of_jobs() {
    let outputs: Vec<_> = ["1", "3", "16"]
        .iter()
        .map(|jobs| {
            let answers = Arc::new(AtomicUsize::new(0));
            // Responses arrive in another order.
            let stand_in = StandIn::always(move || {
                let number = answers.fetch_add(1, Ordering::Relaxed) as u64;
                Reply::measured().delayed(Duration::from_millis(number * 7 % 40))
            });
            let run = caption(&stand_in).clips("x", 24).file("x/bad.wav", "no sound");
            run.args(["-q", "-j", jobs, "x"]).run().ended(3)
        })
        .collect();
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    assert_says(
        &outputs[0],
        &["==> x/000.wav <==\n", "\n\n==> x/001.wav <==\n", "==> x/023.wav <==\n"],
    );
}

#[test]
fn a_slow_clip_does_not_delay_the_others() {
    let gate = Gate::closed();
    let slow = answer("slow").held_by(&gate);
    let first = Mutex::new(Some(slow));
    let stand_in =
        StandIn::always(move || first.lock().unwrap().take().unwrap_or_else(|| answer("x")));
    let mut run = caption(&stand_in).clips("x", 20).args(["-q", "-j", "2", "x"]);
    let child = run.spawn();
    // All other requests are sent while the first one waits.
    stand_in.wait_for_requests(20);
    gate.open();
    let printed = finish(child).ended(0);
    assert_says(&printed, &["==> x/000.wav <==", "==> x/019.wav <=="]);
}

#[test]
fn the_summary_counts_all_outcomes() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).clips("x", 3).file("x/bad.wav", "no sound").arg("x").run();
    assert_says(
        &run.stderr,
        &[
            "not audio but text: x/bad.wav",
            "\n3 captioned · 1 failed · ",
            " s · 63 + 123 tokens · $0.0006",
        ],
    );
    assert_eq!(run.code, 3);
}

#[test]
fn a_refused_key_stops_the_batch_without_sending_the_rest() {
    for reply in [
        || Reply::status(401),
        || json_reply(403, &json!({ "error": { "data": { "kind": "err_insufficent_credits" } } })),
        || json_reply(403, &json!({ "error": { "data": { "kind": "err_unverified_card" } } })),
    ] {
        let stand_in = StandIn::always(reply);
        let run = caption(&stand_in).clips("x", 50).args(["-j", "2", "x"]).run();
        assert_eq!((run.code, run.stdout.as_str()), (4, ""));
        assert!(stand_in.requests().len() <= 4, "{} requests", stand_in.requests().len());
    }
}

#[test]
fn a_refused_key_stops_the_batch_while_a_slow_clip_is_pending() {
    let gate = Gate::closed();
    let first = Mutex::new(Some(answer("slow").held_by(&gate)));
    let stand_in =
        StandIn::always(move || first.lock().unwrap().take().unwrap_or_else(|| Reply::status(401)));
    let mut run = caption(&stand_in).clips("x", 100).args(["-j", "4", "x"]);
    let child = run.spawn();
    // The second one is refused.
    stand_in.wait_for_requests(2);
    gate.open();
    assert_eq!(finish(child).code, 4);
    assert!(stand_in.requests().len() <= 8, "{} requests", stand_in.requests().len());
}

#[test]
fn a_refused_key_ends_the_run_while_the_list_is_still_open() {
    let stand_in = StandIn::always(|| Reply::status(401));
    let mut run = caption(&stand_in).clips("x", 1).args(["--files-from", "-"]);
    let (child, mut list) = run.spawn_with_stdin();
    list.write_all(b"x/000.wav\n").unwrap();
    assert_eq!(finish(child).code, 4);
    drop(list);
}

#[test]
fn captions_from_before_credits_ran_out_are_delivered() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || {
        if served.fetch_add(1, Ordering::Relaxed) < 5 {
            answer("Rain.")
        } else {
            Reply::status(402)
        }
    });
    let run = caption(&stand_in).clips("x", 30).args(["-j", "1", "x"]).run();
    assert_eq!(run.code, 4);
    assert_eq!(run.stdout.matches("Rain.").count(), 5);
    assert_says(
        &run.stderr,
        &["out of credits (402): x/005.wav", "top up", "5 captioned · 1 failed"],
    );
    assert_eq!(stand_in.requests().len(), 6);
}

#[test]
fn requests_in_flight_when_credits_run_out_are_delivered() {
    let gate = Gate::closed();
    let (behind, served) = (gate.clone(), AtomicUsize::new(0));
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        1 => Reply::status(402),
        _ => answer("Rain.").held_by(&behind),
    });
    let mut run = caption(&stand_in).clips("x", 30).args(["-j", "4", "-f", "jsonl", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(2);
    gate.open();
    let run = finish(child);
    assert_eq!(run.code, 4);
    let captions = run.records().iter().filter(|record| record.get("caption").is_some()).count();
    assert_eq!(captions, stand_in.requests().len() - 1, "all that was paid for");
    assert!(captions < 10, "{captions}");
}

/// Refuses so many requests for a second, and returns the times of all.
fn refuse_first(count: usize) -> (StandIn, Arc<Mutex<Vec<Instant>>>) {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = times.clone();
    let stand_in = StandIn::always(move || {
        let mut seen = seen.lock().unwrap();
        seen.push(Instant::now());
        if seen.len() > count {
            return answer("Rain.");
        }
        Reply::status(429).header("retry-after", "1")
    });
    (stand_in, times)
}

#[test]
fn a_refused_clip_waits_as_long_as_it_is_told_to_and_the_others_slow_down() {
    let (stand_in, times) = refuse_first(1);
    let run = caption(&stand_in).clips("x", 3).args(["-v", "-j", "1", "x"]).run();
    assert_says(&run.stderr, &["429, wait 1 s", "attempt 2 in 1 s", "3 captioned"]);
    let times = times.lock().unwrap();
    let after = |number: usize| times[number] - times[0];
    assert!(after(1) >= Duration::from_millis(200), "{:?}", after(1));
    // The refused one is the last.
    assert!(after(2) < Duration::from_millis(900), "{:?}", after(2));
    assert!(after(3) >= Duration::from_secs(1), "{:?}", after(3));
}

#[test]
fn a_wait_that_holds_for_all_pauses_all_workers() {
    let (stand_in, times) = refuse_first(2);
    let run = caption(&stand_in).clips("x", 8).args(["-q", "-j", "1", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let times = times.lock().unwrap();
    assert!(times[2] - times[1] >= Duration::from_millis(950), "{:?}", times[2] - times[1]);
    assert_eq!(times.len(), 10);
}

#[test]
fn a_rate_limited_service_fails_no_clip() {
    let allowed = Mutex::new((Instant::now(), 0));
    let stand_in = StandIn::always(move || {
        let mut allowed = allowed.lock().unwrap();
        if allowed.0.elapsed() >= Duration::from_secs(1) {
            *allowed = (Instant::now(), 0);
        }
        allowed.1 += 1;
        if allowed.1 <= 5 { answer("Rain.") } else { Reply::status(429) }
    });
    let run = caption(&stand_in).clips("x", 25).args(["-j", "16", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout.matches("Rain.").count(), 25);
    assert_says(&run.stderr, &["25 captioned · "]);
}

#[test]
fn the_rate_limit_does_not_depend_on_the_number_of_jobs() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = times.clone();
    let stand_in = StandIn::always(move || {
        seen.lock().unwrap().push(Instant::now());
        answer("Rain.")
    });
    caption(&stand_in).clips("x", 6).args(["-q", "-j", "6", "--rate", "10/s", "x"]).run().ended(0);
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 6);
    // Five gaps of 100 ms. A late request shortens the next gap, not the sum.
    assert!(times[5] - times[0] >= Duration::from_millis(450), "{:?}", times[5] - times[0]);
}

#[test]
fn failures_are_listed_at_the_end_with_their_reasons() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).clips("x", 2).file("x/0a.wav", "text").file("x/0b.wav", "");
    let run = run.arg("x").run();
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_says(lines[0], &["not audio but text: x/0a.wav"]);
    assert_says(lines[1], &["the file is empty: x/0b.wav"]);
    assert_says(lines[2], &["2 captioned · 2 failed"]);
    assert_eq!(lines.len(), 3);
}

#[test]
fn progress_of_a_batch_counts_and_names_the_clips_in_flight() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let mut run = caption(&stand_in).clips("x", 3).args(["--progress", "always", "-j", "1", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    gate.open();
    let run = finish(child);
    assert_eq!(run.code, 0);
    assert_says(&run.stderr, &[&clip_name("x", 0)]);
    assert_says(&run.stderr, &["/3 done"]);
}
