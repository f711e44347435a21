//! The token check: a response with too few input tokens did not use the audio.

use serde_json::json;

use crate::harness::{Caption, assert_says, caption, json_reply};
use support::audio::{samples, sine, wav};
use support::stand_in::{Reply, StandIn};

/// Reply with this number of input tokens.
fn reply_with_tokens(prompt_tokens: u64) -> Reply {
    let choice = json!({ "message": { "content": "Silence." }, "finish_reason": "stop" });
    let usage =
        json!({ "prompt_tokens": prompt_tokens, "completion_tokens": 2, "total_tokens": 0 });
    let meta = json!({ "usage": { "usd_spent": 0.25, "credits_used": 1 } });
    json_reply(200, &json!({ "id": "req-7", "choices": [choice], "usage": usage, "meta": meta }))
}

/// Prepares a run on ten seconds of audio: 125 tokens.
fn ten_seconds(stand_in: &StandIn) -> Caption {
    let content = wav(8_000, 1, 8, &samples(8_000, 10.0, sine(440.0)));
    caption(stand_in).file("a.wav", content).arg("a.wav")
}

#[test]
fn fewer_than_half_of_the_expected_tokens_is_a_failure() {
    let stand_in = StandIn::scripted([reply_with_tokens(62)]);
    let stderr = ten_seconds(&stand_in).run().failed(3);
    let words = [
        "counted 62 tokens instead of about 125",
        "ignored the audio",
        "a.wav",
        "--convert always",
    ];
    assert_says(&stderr, &words);
}

#[test]
fn half_of_the_expected_tokens_is_accepted() {
    let stand_in = StandIn::scripted([reply_with_tokens(63)]);
    assert_eq!(ten_seconds(&stand_in).run().captioned(), "Silence.\n");
}

#[test]
fn a_failed_token_check_is_not_heard_and_not_cached() {
    let stand_in = StandIn::scripted([reply_with_tokens(8)]);
    let run = ten_seconds(&stand_in).args(["-f", "jsonl", "--manifest", "m.jsonl"]);
    let manifest = run.folder().join("m.jsonl");
    let mut run = run;
    let ended = crate::harness::finish(run.spawn());
    assert_eq!(ended.code, 3);
    let error = &ended.records()[0]["error"];
    assert_eq!((&error["kind"], &error["retryable"]), (&json!("not_heard"), &json!(false)));
    assert_eq!(std::fs::read_to_string(manifest).unwrap(), "");
}

#[test]
fn a_failed_token_check_counts_as_spent() {
    let stand_in = StandIn::always(|| reply_with_tokens(8));
    let run =
        ten_seconds(&stand_in).file("b.wav", wav(8_000, 1, 8, &vec![0.1; 80_000])).arg("b.wav");
    assert_says(&run.run().failed(3), &["0 captioned · 2 failed", "$0.50"]);
}

#[test]
fn other_models_are_not_checked() {
    let stand_in = StandIn::scripted([reply_with_tokens(8)]);
    ten_seconds(&stand_in).args(["-m", "gpt-4o-audio-preview"]).run().captioned();
}

#[test]
fn the_model_is_recognized_by_its_suffix() {
    let stand_in = StandIn::scripted([reply_with_tokens(8)]);
    ten_seconds(&stand_in).args(["-m", "Qwen/Qwen3-Omni-30B-A3B-Captioner"]).run().failed(3);
}

#[test]
fn each_window_is_checked_by_its_length() {
    // Two windows of 5 s: 63 tokens each, 125 in total.
    let stand_in = StandIn::always(|| reply_with_tokens(40));
    ten_seconds(&stand_in).args(["--window", "5s"]).run().captioned();
    let stand_in = StandIn::always(|| reply_with_tokens(20));
    let stderr = ten_seconds(&stand_in).args(["--window", "5s", "-j", "1"]).run().failed(3);
    assert_says(&stderr, &["window 00:00 – 00:0", "counted 20 tokens instead of about 6", "a.wav"]);
}
