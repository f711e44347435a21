//! Errors of the service, in every format it uses. Each becomes one line: what happened, to which
//! input, and what to do.

use serde_json::json;

use crate::harness::{Run, assert_says, caption, caption_tone, json_reply};
use support::stand_in::{Reply, StandIn};

const PROBLEM: &str = "application/problem+json; charset=utf-8";

#[test]
fn a_refused_key_points_to_the_key_page() {
    // The 401 of the stand-in is a copy of the real one of 2026-08.
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").env("AIMLAPI_KEY", "wrong").arg("tone.wav").run();
    let words = [
        "the key was refused (401, \"This request requires a valid API key.\")",
        "tone.wav",
        "https://aimlapi.com/app/keys",
        "[request stand-in-refusal]",
    ];
    assert_one_line(run, 4, &words);
    assert_eq!(stand_in.requests().len(), 1, "it is not tried again");
}

#[test]
fn missing_credits_point_to_the_billing_page() {
    let body = json!({
        "title": "Forbidden", "status": 403, "instance": "/v1/chat/completions?", "timestamp": "t",
        "message": "You've run out of credits. https://aimlapi.com/app/billing/",
        "error": { "name": "ForbiddenException", "message": "x", "data": { "kind": "err_insufficent_credits" } },
    });
    let stderr = assert_refused(Reply::status(403).body(PROBLEM, body.to_string()), 4);
    assert_says(
        &stderr,
        &["out of credits (403", "tone.wav", "top up at https://aimlapi.com/app/billing/"],
    );
}

#[test]
fn exhausted_funds_of_any_wording_are_credits() {
    for body in [
        json!({ "error": { "name": "OutOfFundsException", "message": "No." } }),
        json!({ "message": "You have run out of funds." }),
    ] {
        assert_says(&assert_refused(json_reply(403, &body), 4), &["out of credits", "top up"]);
    }
    assert_says(&assert_refused(Reply::status(402), 4), &["out of credits (402)", "top up"]);
}

#[test]
fn an_unverified_account_points_to_the_verification_page() {
    let body = json!({ "error": {
        "name": "ForbiddenException", "data": { "kind": "err_unverified_card" },
        "message": "Complete verification to using the API https://aimlapi.com/app/verification",
    } });
    let stderr = assert_refused(json_reply(403, &body), 4);
    assert_says(
        &stderr,
        &[
            "not verified (403",
            "tone.wav",
            "verify the account at https://aimlapi.com/app/verification",
        ],
    );
}

#[test]
fn a_key_without_permission_is_a_refused_key() {
    let body = json!({ "message": "This key cannot use this endpoint" });
    assert_says(
        &assert_refused(json_reply(403, &body), 4),
        &["the key was refused (403", "cannot use this endpoint"],
    );
}

#[test]
fn insufficient_permissions_are_not_missing_credits() {
    let body = json!({ "message": "Insufficient permissions: this key may not use this endpoint" });
    assert_says(&assert_refused(json_reply(403, &body), 4), &["the key was refused (403"]);
}

#[test]
fn fastapi_errors_are_read() {
    assert_says(
        &assert_refused(json_reply(400, &json!({ "detail": "too long" })), 3),
        &["\"too long\""],
    );
}

#[test]
fn the_inference_id_replaces_a_missing_request_id() {
    let stderr = assert_refused(Reply::status(400).header("x-inference-id", "i-1"), 3);
    assert_says(&stderr, &["[request i-1]"]);
}

#[test]
fn validation_errors_are_reported_with_their_paths() {
    let body = json!({
        "message": "Invalid payload", "requestId": "r-1",
        "error": { "name": "PublicApiValidationException", "details": [
            { "path": "tools", "reason": "Expected array, received null", "code": "invalid_type" },
            { "path": "model", "reason": "Unknown model" },
        ] },
    });
    let words = [
        "rejected the request (400, \"Invalid payload; tools: Expected array, received null; model: Unknown model\")",
        "tone.wav",
        "check the audio and --model",
        "[request r-1]",
    ];
    assert_says(&assert_refused(json_reply(400, &body), 3), &words);
}

#[test]
fn the_older_validation_format_is_read() {
    let body = json!({ "error": { "name": "BadRequestException", "message": "Invalid payload provided",
        "data": [{ "code": "invalid_type", "path": ["messages", 0, "role"], "message": "Required" }] } });
    let words = ["400, \"Invalid payload provided; messages.0.role: Required\""];
    assert_says(&assert_refused(json_reply(400, &body), 3), &words);
}

#[test]
fn the_flat_legacy_format_is_read() {
    for status in [json!(404), json!("404")] {
        let body = json!({ "requestId": "r-9", "statusCode": status, "path": "/v1", "message": "Not here" });
        let stderr = assert_refused(json_reply(404, &body), 3);
        assert_says(
            &stderr,
            &["(404, \"Not here\")", "tone.wav", "check --base-url and --model", "[request r-9]"],
        );
    }
}

#[test]
fn the_nested_legacy_format_is_read() {
    let body = json!({ "message": "Invalid input", "meta": { "_errors": [], "messages": {
        "0": { "role": { "_errors": ["Invalid enum value. Expected 'user'"] } } },
        "model": { "_errors": ["Unknown"] } } });
    let words = [
        "400, \"Invalid input; messages.0.role: Invalid enum value. Expected 'user'; model: Unknown\"",
    ];
    assert_says(&assert_refused(json_reply(400, &body), 3), &words);
}

#[test]
fn an_upstream_error_is_reported_in_its_words() {
    let body = json!({ "statusCode": 500, "message": "400 Unable to access model" });
    let stderr = failed_without_retry(json_reply(500, &body));
    assert_says(
        &stderr,
        &[
            "the service failed (500, \"400 Unable to access model\")",
            "tone.wav",
            "try again later",
        ],
    );
}

#[test]
fn a_list_of_messages_is_joined() {
    let body = json!({ "message": ["first", "second"] });
    assert_says(&assert_refused(json_reply(400, &body), 3), &["\"first; second\""]);
}

#[test]
fn an_error_that_is_a_string_is_the_message() {
    assert_says(
        &assert_refused(json_reply(400, &json!({ "error": "no such model" })), 3),
        &["\"no such model\""],
    );
}

#[test]
fn a_title_replaces_a_missing_message() {
    assert_says(
        &assert_refused(json_reply(400, &json!({ "title": "Bad Request" })), 3),
        &["\"Bad Request\""],
    );
}

#[test]
fn an_html_error_page_is_never_printed() {
    let page = "<!DOCTYPE html><html><body>cloud says 524</body></html>";
    let stderr = failed_without_retry(Reply::status(524).body("text/html", page));
    assert_says(&stderr, &["the service failed (524): tone.wav; try again later"]);
}

#[test]
fn an_error_without_a_body_is_reported_by_its_status() {
    let stderr = assert_refused(Reply::status(422).header("x-request-id", "h-1"), 3);
    assert_says(&stderr, &["rejected the request (422): tone.wav", "[request h-1]"]);
}

#[test]
fn a_plain_text_error_is_reported_in_its_words() {
    let reply = Reply::status(400).body("text/plain", "model is loading\n");
    assert_says(&assert_refused(reply, 3), &["(400, \"model is loading\")"]);
}

#[test]
fn a_request_that_is_too_large_has_a_hint() {
    let stderr = assert_refused(Reply::status(413).body("text/html", "<html>nginx</html>"), 3);
    assert_says(&stderr, &["larger than the service allows (413)", "tone.wav", "shrink it"]);
}

#[test]
fn a_firewall_response_is_not_a_refused_key() {
    let stderr = assert_refused(Reply::status(403).body("text/html", "<html>blocked</html>"), 3);
    assert_says(&stderr, &["rejected the request (403): tone.wav; check proxies and firewalls"]);
}

#[test]
fn a_redirect_is_rejected_and_never_gets_the_key() {
    let elsewhere = StandIn::start();
    for status in [301, 302, 303, 307, 308] {
        let stderr =
            assert_refused(Reply::status(status).header("location", &elsewhere.base_url()), 3);
        assert_says(
            &stderr,
            &["a redirect, which is not followed with the key", "tone.wav", "set --base-url"],
        );
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn escape_sequences_and_line_breaks_in_messages_are_removed() {
    let body = json!({ "message": "bad\r\n::error::\u{1b}[2Jworse\u{202e}" });
    let stderr = assert_refused(json_reply(400, &body), 3);
    assert_says(&stderr, &["bad ::error:: [2Jworse\u{fffd}"]);
    assert_eq!(stderr.lines().count(), 1);
}

#[test]
fn a_huge_error_is_read_only_in_part() {
    let reply = Reply::status(400).body("text/plain", "no ".repeat(50_000_000 / 3));
    let stderr = assert_refused(reply, 3);
    assert_says(&stderr, &["(400, \"no no no"]);
    assert!(stderr.len() < 1000, "{} bytes", stderr.len());
}

#[test]
fn the_first_account_error_ends_the_run() {
    let stand_in = StandIn::scripted([Reply::status(401)]);
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
    let run = run.args(["-q", "-j1", "tone.wav", "tone.mp3"]).run();
    assert_one_line(run, 4, &["the key was refused", "tone.wav"]);
    stand_in.request();
}

#[track_caller]
fn assert_refused(reply: Reply, code: i32) -> String {
    let stand_in = StandIn::scripted([reply]);
    let run = caption_tone(&stand_in, &[]);
    assert_eq!(stand_in.requests().len(), 1, "what was refused is not tried again");
    assert_one_line(run, code, &[])
}

#[track_caller]
fn failed_without_retry(reply: Reply) -> String {
    let stand_in = StandIn::scripted([reply]);
    assert_one_line(caption_tone(&stand_in, &["--max-retries", "0"]), 3, &[])
}

#[track_caller]
fn assert_one_line(run: Run, code: i32, words: &[&str]) -> String {
    let stderr = run.failed(code);
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert_says(&stderr, words);
    stderr
}
