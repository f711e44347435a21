//! Limits and outages of the service, through a socket: nothing fails and little is refused.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::limited::{at_a_time, bucket, serve};
use support::stand_in::{Reply, StandIn};

use crate::harness::{answer, assert_says, caption, caption_tone, json_reply};

/// Time from the first request on in which the service fails.
const DOWN: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(2300)];

/// Requests of an outage, and the time from its end to the last response.
#[derive(Default)]
struct Outage {
    started: Option<Instant>,
    refused: usize,
    after: Duration,
}

/// Time that the clips after an outage may take. A request under wine takes ten times as long.
const MAX_AFTER: Duration = Duration::from_secs(if cfg!(windows) { 90 } else { 5 });

/// A thousand clips, with an outage in their middle.
#[track_caller]
fn assert_waits_for_its_end(failure: fn() -> Reply) {
    let outage = Arc::new(Mutex::new(Outage::default()));
    let shared = outage.clone();
    let stand_in = StandIn::always(move || {
        let mut outage = shared.lock().unwrap();
        let time = outage.started.get_or_insert_with(Instant::now).elapsed();
        if time >= DOWN[0] && time < DOWN[1] {
            outage.refused += 1;
            return failure().unlogged();
        }
        outage.after = time.saturating_sub(DOWN[1]);
        answer("Rain.").delayed(Duration::from_millis(20)).discard_body().unlogged()
    });
    let run = caption(&stand_in).clips("x", 1_000).args(["-j", "16", "x"]).run();
    let outage = outage.lock().unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["all inputs wait", "1,000 captioned"]);
    // Those in flight when it began, and one at a time from there on.
    assert!(outage.refused <= 16 + 20, "{} requests", outage.refused);
    // It was noticed, and the clips went on as before: 16 at a time at 20 ms need 1.3 s.
    assert!(outage.after < MAX_AFTER, "{:?} after its end", outage.after);
}

#[test]
fn an_outage_with_a_status_costs_few_requests_and_no_clip() {
    assert_waits_for_its_end(|| Reply::status(500));
}

#[test]
fn an_outage_of_a_busy_service_costs_few_requests_and_no_clip() {
    assert_waits_for_its_end(|| Reply::status(503));
}

#[test]
fn an_outage_with_cut_connections_costs_few_requests_and_no_clip() {
    assert_waits_for_its_end(|| Reply::raw(""));
}

#[test]
fn a_slot_that_is_busy_for_all_others_fails_no_clip() {
    for status in [429, 503, 529] {
        let refused = Arc::new(AtomicUsize::new(0));
        let count = refused.clone();
        let on_refusal = move || _ = count.fetch_add(1, Ordering::Relaxed);
        let stand_in = serve(at_a_time(1, status), || answer("Rain."), on_refusal);
        // Without retries of its own, a clip still waits for its turn.
        let run = caption(&stand_in).clips("x", 5).args(["-j", "5", "--max-retries", "1", "x"]);
        let run = run.run();
        assert_eq!(run.code, 0, "{status}: {}", run.stderr);
        assert!(refused.load(Ordering::Relaxed) > 0, "{status}");
    }
}

#[test]
fn a_rate_is_found_without_retry_after() {
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    let on_refusal = move || _ = count.fetch_add(1, Ordering::Relaxed);
    let stand_in = serve(bucket(40.0, 1.0, 429, 0.0), || answer("Rain."), on_refusal);
    let run = caption(&stand_in).clips("x", 80).args(["-j", "32", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(refused.load(Ordering::Relaxed) < 40, "{refused:?}");
}

#[test]
fn a_wait_is_read_from_headers_and_the_message() {
    let message = json!({ "error": { "message": "Rate limit. Please try again in 350ms." } });
    for (reply, wait) in [
        (Reply::status(429).header("retry-after-ms", "350"), "0.3 s"),
        (Reply::status(429).header("ratelimit", "\"default\";r=0;t=1"), "1 s"),
        (Reply::status(503).header("x-ratelimit-reset-requests", "1.1s"), "1.1 s"),
        (json_reply(429, &message), "0.3 s"),
    ] {
        let stand_in = StandIn::scripted([reply]);
        let run = caption_tone(&stand_in, &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_says(&run.stderr, &[&format!("attempt 2 in {wait}")]);
    }
}
