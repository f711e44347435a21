//! The reason of a failure reaches the user, with the option that helps in its case.

use serde_json::{Value, json};

use crate::harness::{assert_says, caption, caption_tone, json_reply};
use support::stand_in::{Gate, Reply, StandIn};

/// Returns standard error of a run whose only request is answered so.
#[track_caller]
fn failed_with(reply: Reply, args: &[&str]) -> String {
    let stand_in = StandIn::scripted([reply]);
    let args = [args, &["--max-retries", "0"]].concat();
    let run = caption_tone(&stand_in, &args);
    assert!([3, 4].contains(&run.code), "{}: {}", run.code, run.stderr);
    stand_in.request();
    run.stderr
}

fn error(status: u16, error: &Value) -> Reply {
    json_reply(status, &json!({ "error": error }))
}

#[test]
fn the_reason_of_a_provider_behind_a_gateway_is_printed() {
    let text = json!({ "error": { "message": "audio longer than 60 s" } }).to_string();
    for raw in [
        json!(text),
        json!({ "error": { "message": "audio longer than 60 s" } }),
        json!("[{\"error\": {\"message\": \"audio longer than 60 s\"}}]"),
        json!("audio longer than 60 s"),
        json!({ "detail": "audio longer than 60 s" }),
    ] {
        let metadata = json!({ "provider_name": "Acme", "raw": raw });
        let message = "Provider returned error";
        let reply = error(400, &json!({ "code": 400, "message": message, "metadata": metadata }));
        let words = ["(400, \"Provider returned error; Acme: audio longer than 60 s\"): tone.wav"];
        assert_says(&failed_with(reply, &[]), &words);
    }
    let reply = error(502, &json!({ "message": "Down.", "metadata": { "provider_name": "Acme" } }));
    assert_says(&failed_with(reply, &[]), &["(502, \"Down.; Acme\")"]);
}

#[test]
fn codes_and_types_stand_after_the_message_that_does_not_hold_them() {
    for (status, body, words) in [
        (
            400,
            json!({ "error": { "message": "No.", "type": "invalid_request_error", "code": "bad_x" } }),
            "(400, \"No. (bad_x, invalid_request_error)\")",
        ),
        (
            400,
            json!({ "error": { "message": "bad_x: no.", "type": null, "code": "bad_x" } }),
            "(400, \"bad_x: no.\")",
        ),
        (
            400,
            json!({ "code": "InvalidParameter", "message": "No." }),
            "\"No. (InvalidParameter)\"",
        ),
        (400, json!({ "code": "InvalidParameter" }), "\"InvalidParameter\""),
        (400, json!({ "error": { "message": "No.", "code": 400 } }), "\"No.\""),
        (429, json!({ "error": { "code": "insufficient_quota" } }), "\"insufficient_quota\""),
    ] {
        assert_says(&failed_with(json_reply(status, &body), &[]), &[words, "tone.wav"]);
    }
    // A long message does not push them out.
    let body = json!({ "error": { "message": "x".repeat(2000), "code": "bad_x" } });
    assert_says(&failed_with(json_reply(400, &body), &[]), &["… (bad_x)\")"]);
}

#[test]
fn an_unknown_address_is_shown_without_its_query() {
    for status in [404, 405] {
        let stand_in = StandIn::scripted([Reply::status(status)]);
        let base = format!("{}?api-key=hunter2", stand_in.url("v2"));
        let run = caption(&stand_in).data_file("tone.wav").args(["--base-url", &base, "tone.wav"]);
        let stderr = run.run().failed(3);
        let address = format!("({status}) at {}", stand_in.url("v2/chat/completions?"));
        assert_says(&stderr, &[&address, ": tone.wav; check --base-url"]);
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    let reply = Reply::status(307).header("location", "https://b:hunter2@x.test/v1?key=hunter2");
    let stderr = failed_with(reply, &[]);
    assert_says(&stderr, &["(307) to https://x.test/v1?", "set --base-url"]);
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn the_base_url_may_be_the_whole_address() {
    for path in ["v1/chat/completions", "v1/chat/completions/", "v1/", "v1"] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).data_file("tone.wav");
        let run = run.args(["--base-url", &stand_in.url(path), "tone.wav"]).run();
        assert_eq!(run.code, 0, "{path}: {}", run.stderr);
        let run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
        let run = run.env("AIMLAPI_BASE_URL", stand_in.url(path)).run();
        assert_eq!(run.code, 0, "{path}: {}", run.stderr);
    }
}

#[test]
fn a_limit_per_minute_is_named_with_its_option() {
    for message in [
        "Rate limit exceeded: 15 requests per minute",
        "limit 15/min",
        "on requests per min (RPM): Limit 15, Used 15, Requested 1",
        "on requests per min. Limit: 15 / min.",
    ] {
        let reply = error(429, &json!({ "message": message }));
        assert_says(&failed_with(reply, &[]), &["too many requests (429", "--rate 15/m"]);
    }
    for policy in ["15;w=60", "\"burst\";q=5;w=1, \"minute\";q=15;w=60"] {
        let reply = Reply::status(429).header("ratelimit-policy", policy);
        assert_says(&failed_with(reply, &[]), &["too many requests (429)", "--rate 15/m"]);
    }
    for message in ["on tokens per min (TPM): Limit 15, Used 15", "Slow down.", "0 per minute"] {
        let stderr = failed_with(error(429, &json!({ "message": message })), &[]);
        assert!(!stderr.contains("--rate"), "{stderr}");
    }
}

#[test]
fn a_response_that_the_timeout_cuts_points_to_its_option() {
    let event = |text: &str| {
        let choice = json!({ "index": 0, "delta": { "content": text } });
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let reply = Reply::status(200).pieces("text/event-stream", [event("Rain")]);
    let reply = reply.pieces_after(&Gate::closed(), [event(".")]);
    let stderr = failed_with(reply, &["--timeout", "700ms"]);
    let words = ["incomplete: no complete response within 0.7 s: tone.wav; raise --timeout"];
    assert_says(&stderr, &words);
    assert!(!stderr.contains("less"), "{stderr}");
    // One that breaks is another case.
    let reply = Reply::status(200).pieces("text/event-stream", [event("Rain")]).disconnect();
    assert_says(&failed_with(reply, &[]), &["incomplete", "tone.wav; try again"]);
}

/// Refusals of the content of a clip, in all the forms that servers have.
fn filtered() -> Vec<Reply> {
    let choice = |message: Value, reason: &str| {
        json_reply(200, &json!({ "choices": [{ "message": message, "finish_reason": reason }] }))
    };
    vec![
        choice(json!({ "content": "A" }), "content_filter"),
        choice(json!({ "content": "" }), "content_filter"),
        choice(json!({ "content": null, "refusal": "I cannot." }), "stop"),
        error(400, &json!({ "message": "No.", "code": "content_filter" })),
        json_reply(400, &json!({ "code": "DataInspectionFailed", "message": "No." })),
        error(403, &json!({ "message": "No.", "metadata": { "reasons": ["violence"] } })),
    ]
}

#[test]
fn a_filter_of_content_asks_for_no_shorter_sound_and_ends_no_run() {
    for (reply, again) in filtered().into_iter().zip(filtered()) {
        let stderr = failed_with(reply, &[]);
        assert_says(&stderr, &["tone.wav; leave it out, or try another --model"]);
        assert!(!stderr.contains("less"), "{stderr}");
        let stand_in = StandIn::scripted([again]);
        let run = caption(&stand_in).clips("x", 2).args(["-j", "1", "x"]).run();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert_says(&run.stderr, &["x/000.wav; leave", "1 captioned · 1 failed"]);
    }
}

#[test]
fn a_budget_of_requests_in_flight_is_waited_for() {
    let stand_in = StandIn::scripted([Reply::status(402).header("retry-after", "1")]);
    let run = caption_tone(&stand_in, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["402, wait 1 s", "attempt 2"]);
}
