//! Refusals that no wait will mend: the first ends the run, in one line with a hint.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{assert_says, caption, data_path, json_reply};
use support::stand_in::{Reply, StandIn};

const JOBS: usize = 8;
const CLIPS: usize = 40;

/// Refusals by their reply, and the message and the hint of each.
type Stops = Vec<(fn() -> Reply, &'static str, &'static str)>;

fn error(status: u16, error: &Value) -> Reply {
    json_reply(status, &json!({ "error": error }))
}

fn of_the_account() -> Stops {
    vec![
        (|| Reply::status(401), "the key was refused (401)", "create a key"),
        (|| Reply::status(402), "out of credits (402)", "top up"),
        (
            || error(403, &json!({ "data": { "kind": "err_unverified_card" } })),
            "the account is not verified (403",
            "verify the account",
        ),
        (
            || error(429, &json!({ "message": "No.", "code": "insufficient_quota" })),
            "out of credits (429",
            "top up",
        ),
        (
            || error(200, &json!({ "message": "No.", "type": "insufficient_quota" })),
            "out of credits (",
            "top up",
        ),
        (
            || json_reply(400, &json!({ "code": "Arrearage", "message": "Access denied." })),
            "out of credits (400",
            "top up",
        ),
        (
            || json_reply(403, &json!({ "code": "AllocationQuota.FreeTierOnly" })),
            "out of credits (403",
            "top up",
        ),
        (
            || json_reply(429, &json!({ "code": "Throttling.AllocationQuota" })),
            "out of credits (429",
            "top up",
        ),
        (
            || json_reply(429, &json!({ "message": "Free-tier limit: top up." })),
            "the free allowance is used up (429",
            "wait for the next hour, or top up",
        ),
        (
            || Reply::status(429).header("retry-after", "3600"),
            "the quota is used up (429, wait 1 h)",
            "wait that long and run again",
        ),
    ]
}

fn of_the_service() -> Stops {
    vec![
        (
            || Reply::status(503).header("retry-after", "3600"),
            "the service failed (503, wait 1 h)",
            "try again later",
        ),
        (
            || error(404, &json!({ "message": "The model `x` does not exist" })),
            "no such model or address (404, \"The model `x` does not exist\"",
            "--model",
        ),
        (
            || error(400, &json!({ "message": "No.", "code": "model_not_found" })),
            "no such model or address (400",
            "--model",
        ),
        (|| Reply::status(405), "no such model or address (405)", "check --base-url"),
        (
            || Reply::status(301).header("location", "http://127.0.0.1:9/"),
            "a redirect",
            "set --base-url",
        ),
    ]
}

/// Runs many clips against a service that refuses all of them, and asserts that few were sent.
fn assert_stops(reply: fn() -> Reply, args: &[&str], code: i32, words: [&str; 2]) {
    let stand_in = StandIn::always(reply);
    let jobs = JOBS.to_string();
    let run = caption(&stand_in).clips("x", CLIPS).args(["-j", &jobs, "-q", "x"]).args(args).run();
    assert_eq!(run.code, code, "{}", run.stderr);
    let sent = stand_in.requests().len();
    assert!(sent < 2 * JOBS, "{sent} requests: {}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    let not_tried = format!("; {} not tried", CLIPS - sent);
    assert_says(&run.stderr, &["caption: error: ", words[0], "x/00", words[1], &not_tried]);
}

#[test]
fn an_account_without_credits_quota_or_key_ends_the_run_at_once() {
    for (reply, message, hint) in of_the_account() {
        for args in [&[][..], &["--max-retries", "0"]] {
            assert_stops(reply, args, 4, [message, hint]);
        }
    }
}

#[test]
fn a_service_that_can_never_answer_ends_the_run_at_once() {
    for (reply, message, hint) in of_the_service() {
        for args in [&[][..], &["--max-retries", "0"]] {
            assert_stops(reply, args, 3, [message, hint]);
        }
    }
}

#[test]
fn one_refusal_while_all_others_wait_ends_the_run() {
    let replies = Arc::new(std::sync::Mutex::new(vec![Reply::status(402)]));
    let stand_in =
        StandIn::always(move || replies.lock().unwrap().pop().unwrap_or_else(Reply::never));
    let run = caption(&stand_in).clips("x", CLIPS).args(["-j", "1", "-f", "jsonl", "x"]).run();
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_says(&run.stderr, &["39 not tried", "0 captioned · 1 failed · 39 not tried"]);
    stand_in.request();
    let kinds = run.records().into_iter().map(|record| record["error"]["kind"].clone());
    assert!(kinds.eq(std::iter::repeat_n(json!("credits"), CLIPS)));
}

#[test]
fn a_server_that_takes_no_dialect_ends_the_run_after_three_inputs() {
    for jobs in [1, JOBS] {
        let stand_in = StandIn::always(|| {
            json_reply(400, &json!({ "message": "input_audio.format is not supported" }))
        });
        let run = caption(&stand_in).clips("x", CLIPS);
        let run = run.args(["-j", &jobs.to_string(), "x"]).run();
        assert_eq!(run.code, 3, "{}", run.stderr);
        let words = ["rejected the request (400", " inputs: x/000.wav", "--dialect", " not tried"];
        assert_says(&run.stderr, &words);
        assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
        // Each of three inputs in three dialects, and the others once.
        let sent = stand_in.requests().len();
        assert!(sent < 9 + 2 * jobs, "{sent} requests: {}", run.stderr);
    }
}

#[test]
fn a_dialect_of_the_options_or_an_answer_ends_no_run() {
    let refusal = || json_reply(400, &json!({ "message": "input_audio: cannot load audio" }));
    let stand_in = StandIn::always(refusal);
    let run = caption(&stand_in).clips("x", 6).args(["-j", "1", "--dialect", "openai", "x"]);
    assert_says(&run.run().stderr, &["6 inputs: x/000.wav", "6 failed"]);
    assert_eq!(stand_in.requests().len(), 6);
    // The first clip settles the dialect.
    let first = std::sync::Mutex::new(Some(crate::harness::answer("Rain.")));
    let stand_in = StandIn::always(move || first.lock().unwrap().take().unwrap_or_else(refusal));
    let run = caption(&stand_in).clips("x", 6).args(["-j", "1", "x"]).run();
    assert_says(&run.stderr, &["5 inputs: x/001.wav", "1 captioned · 5 failed"]);
}

#[test]
fn a_server_of_downloads_that_asks_for_a_long_wait_ends_no_run() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let first = std::sync::Mutex::new(Some(Reply::status(503).header("retry-after", "3600")));
    let files = StandIn::always(move || {
        let wav = wav.clone();
        let first = first.lock().unwrap().take();
        first.unwrap_or_else(|| Reply::status(200).body("audio/wav", wav))
    });
    let stand_in = StandIn::start();
    let urls = [files.url("a.wav"), files.url("b.wav")];
    let run = caption(&stand_in).args(["-q", "-j", "1"]).args(urls).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["failed with status 503", "a.wav; try again later"]);
    assert!(!run.stderr.contains("not tried"), "{}", run.stderr);
    stand_in.request();
}
