//! Outages of the service and the network, which all inputs wait for.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{answer, assert_says, caption, unconfigured};
use support::stand_in::{KEY, Reply, StandIn};

#[test]
fn an_outage_in_the_middle_fails_no_clip_and_is_reported_once() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        10..=17 => Reply::status(500),
        _ => answer("Rain."),
    });
    let run = caption(&stand_in).clips("x", 40).args(["-j", "4", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["the service failed (500); all inputs wait", "40 captioned"]);
    assert_eq!(run.stderr.matches("all inputs wait").count(), 1, "{}", run.stderr);
    assert_eq!(stand_in.requests().len(), 48);
}

#[test]
fn a_dead_port_costs_few_connections_and_leaves_the_rest_untried() {
    // Bound and closed again: nothing listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = unconfigured().env("AIMLAPI_KEY", KEY).clips("x", 40);
    let run = run.env("AIMLAPI_BASE_URL", format!("http://{address}/v1"));
    let run = run.args(["--outage", "1s", "-j", "4", "-f", "jsonl", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let tried = run.stderr.matches("could not connect to").count();
    assert!(tried <= 5, "{}", run.stderr);
    assert_says(&run.stderr, &["all inputs wait", "not tried"]);
    assert_eq!(run.records().len(), 40);
}

#[test]
fn without_an_outage_to_wait_for_the_run_ends_after_a_few_tests() {
    let stand_in = StandIn::always(|| Reply::status(502));
    let run = caption(&stand_in).clips("x", 40).args(["--outage", "0", "-j", "4", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["the service failed (502)", "not tried"]);
    // Four at first, three tests, and those that start until the first failures are there.
    assert!(stand_in.requests().len() <= 12, "{}", stand_in.requests().len());
}

#[test]
fn failures_between_successes_are_no_outage() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        1 | 3 | 5 | 7 => Reply::status(500).header("retry-after", "0"),
        _ => answer("Rain."),
    });
    let run = caption(&stand_in).clips("x", 20).args(["-j", "1", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("all inputs wait"), "{}", run.stderr);
}
