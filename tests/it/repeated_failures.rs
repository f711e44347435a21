//! Failures of many inputs on standard error.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::harness::{answer, assert_says, caption, clip_name, json_reply};
use support::stand_in::{Reply, StandIn};

/// Refusal with a message that differs each time, as request ids do.
fn refusal(number: usize) -> Reply {
    json_reply(400, &json!({ "message": format!("The sound is silent (id {number}f)") }))
}

#[test]
fn the_same_failure_of_many_inputs_is_one_line_with_the_first_names() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || refusal(served.fetch_add(1, Ordering::Relaxed)));
    let run = caption(&stand_in).clips("x", 40).args(["-j", "1", "-f", "jsonl", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let names: Vec<_> = (0..5).map(|number| clip_name("x", number)).collect();
    let inputs = format!("40 inputs: {}, … (-v lists all); check the audio", names.join(", "));
    assert_says(&run.stderr, &["rejected the request (400, \"The sound is silent (id 0f)\"): "]);
    assert_says(&run.stderr, &[&inputs, "40 failed"]);
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    // The records keep all messages.
    let messages = run.records().into_iter().map(|record| record["error"]["message"].to_string());
    assert!(messages.enumerate().all(|(number, text)| text.contains(&format!("(id {number}f)"))));
}

#[test]
fn verbose_lists_each_failure() {
    let stand_in = StandIn::always(|| Reply::status(422));
    let run = caption(&stand_in).clips("x", 40).args(["-v", "-j", "1", "x"]).run();
    let failed = |number| format!("(422): {}; check", clip_name("x", number));
    assert!((0..40).all(|number| run.stderr.contains(&failed(number))), "{}", run.stderr);
}

#[test]
fn different_failures_stay_apart_in_the_order_of_the_inputs() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 | 3 => Reply::status(422),
        1 | 4 => Reply::status(400),
        _ => answer("Rain."),
    });
    let run = caption(&stand_in).clips("x", 5).file("x/9.wav", "no sound");
    let run = run.args(["-j", "1", "x", "nowhere.wav"]).run();
    let words = [
        "(422): 2 inputs: x/000.wav, x/003.wav; check",
        "(400): 2 inputs: x/001.wav, x/004.wav; check",
        "x/9.wav; ",
        "no such file: nowhere.wav; check the name",
        "1 captioned · 6 failed",
    ];
    assert_says(&run.stderr, &words);
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
}
