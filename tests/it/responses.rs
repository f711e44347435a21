//! Responses of the service: captions, and responses that hold none.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{answer, assert_says, caption, caption_tone, json_reply};
use support::stand_in::{Reply, StandIn};

#[test]
fn standard_output_is_the_caption_and_a_newline() {
    let stand_in = StandIn::scripted([answer("  A bell, then – silence.\n\n")]);
    assert_eq!(caption_tone(&stand_in, &[]).captioned(), "A bell, then – silence.\n");
}

#[test]
fn json_is_the_response_as_received() {
    let body = "{ \"z\": 1.50, \"choices\": [{\"message\": {\"content\": \"caf\\u00e9\"}}],\n \"a\": null}";
    let stand_in = StandIn::scripted([Reply::status(200).body("application/json", body)]);
    assert_eq!(caption_tone(&stand_in, &["--json"]).captioned(), format!("{body}\n"));
}

#[test]
fn json_has_the_caption_where_jq_users_expect_it() {
    let stand_in = StandIn::start();
    let printed = caption_tone(&stand_in, &["--format", "json"]).captioned();
    let document: Value = serde_json::from_str(&printed).unwrap();
    let caption = document["choices"][0]["message"]["content"].as_str().unwrap();
    assert_says(caption, &["near 1000 Hz"]);
}

#[test]
fn several_responses_are_printed_one_per_line() {
    let pretty =
        "{\n  \"b\": 1.50,\n  \"choices\": [{\"message\": {\"content\": \"x\"}}],\n  \"a\": 2\n}";
    let reply = || Reply::status(200).body("application/json", pretty);
    let stand_in = StandIn::scripted([reply(), reply()]);
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
    let printed = run.args(["-q", "--json", "tone.wav", "tone.mp3"]).run().captioned();
    let line = "{  \"b\": 1.50,  \"choices\": [{\"message\": {\"content\": \"x\"}}],  \"a\": 2}\n";
    assert_eq!(printed, [line, line].concat());
}

#[test]
fn stream_and_json_cannot_be_combined() {
    let stand_in = StandIn::start();
    let stderr = caption_tone(&stand_in, &["--json", "--stream"]).failed(2);
    assert_says(&stderr, &["--stream gives no single JSON document"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn every_2xx_is_a_success() {
    for status in [200, 201, 202] {
        let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
        let stand_in = StandIn::scripted([json_reply(status, &json!({ "choices": [choice] }))]);
        assert_eq!(caption_tone(&stand_in, &[]).captioned(), "Rain.\n", "{status}");
    }
}

#[test]
fn unknown_fields_and_types_are_ignored() {
    let body = json!({
        "choices": [{ "message": { "content": "Rain.", "role": 7 }, "finish_reason": null, "x": {} }],
        "usage": "none", "meta": [1], "model": null, "id": 3, "error": null,
    });
    let stand_in = StandIn::scripted([json_reply(200, &body)]);
    assert_eq!(caption_tone(&stand_in, &[]).captioned(), "Rain.\n");
}

#[test]
fn verbose_reports_tokens_cost_model_and_request_id() {
    let stand_in = StandIn::start();
    let run = caption_tone(&stand_in, &["-v"]);
    assert_eq!(run.code, 0);
    let words = [
        "tone.wav",
        "21 + ",
        " tokens",
        "$0.000",
        "qwen3-omni-30b-a3b-captioner",
        "request stand-in-request",
    ];
    assert_says(&run.stderr, &words);
}

#[test]
fn the_cost_is_read_from_the_body_or_the_headers() {
    let choices = json!([{ "message": { "content": "Rain." } }]);
    let body = |usage: Value| json!({ "choices": choices, "meta": { "usage": usage } });
    let usd = json!({ "usd_spent": 0.25, "credits_used": 1 });
    let credits = json!({ "credits_used": 1_000_000 });
    for (reply, cost) in [
        (json_reply(200, &body(usd)).header("x-aimlapi-usd-spent", "9"), "$0.250000"),
        (json_reply(200, &body(credits)), "$0.500000"),
        (json_reply(200, &body(Value::Null)).header("x-aimlapi-usd-spent", "0.125"), "$0.125000"),
        (json_reply(200, &body(Value::Null)).header("x-aimlapi-credits-used", "20"), "$0.000010"),
    ] {
        let stand_in = StandIn::scripted([reply]);
        assert_says(&caption_tone(&stand_in, &["-v"]).stderr, &[cost]);
    }
}

#[test]
fn a_caption_cut_by_max_tokens_is_printed_with_a_note() {
    let stand_in = StandIn::scripted([reply_with_finish_reason("length")]);
    let run = caption_tone(&stand_in, &["--max-tokens", "3"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "A bell.\n"));
    assert_says(&run.stderr, &["note", "cut at --max-tokens", "tone.wav"]);
}

#[test]
fn a_caption_cut_by_the_model_limit_is_incomplete() {
    assert_incomplete(
        reply_with_finish_reason("length"),
        &["cut at the model's limit", "--window 30s"],
    );
}

#[test]
fn a_caption_stopped_by_a_content_filter_is_incomplete() {
    assert_incomplete(
        reply_with_finish_reason("content_filter"),
        &["stopped for \"content_filter\"", "leave it out"],
    );
}

#[test]
fn a_response_without_text_is_incomplete() {
    for content in [json!(""), json!(" \n"), Value::Null] {
        let choice = json!({ "message": { "content": content }, "finish_reason": "stop" });
        assert_incomplete(
            json_reply(200, &json!({ "choices": [choice] })),
            &["no text in it", "try again"],
        );
    }
    assert_incomplete(json_reply(200, &json!({ "choices": [] })), &["no text in it", "try again"]);
}

#[test]
fn an_error_in_a_200_response_is_an_error() {
    let body = json!({ "error": { "message": "upstream broke", "code": 500 } });
    let stand_in = StandIn::scripted([json_reply(200, &body)]);
    let stderr = caption_tone(&stand_in, &["--max-retries", "0"]).failed(3);
    assert_says(&stderr, &["the service failed (500, \"upstream broke\")", "tone.wav"]);
}

#[test]
fn html_with_status_200_is_an_error() {
    let page = "<html><body>Welcome to the hotel Wi-Fi</body></html>";
    let stand_in = StandIn::scripted([Reply::status(200).body("text/html", page)]);
    let stderr = caption_tone(&stand_in, &[]).failed(3);
    assert_says(&stderr, &["response 200 has an HTML page", "tone.wav", "check --base-url"]);
    assert!(!stderr.contains("Wi-Fi"), "{stderr}");
}

#[test]
fn an_empty_200_response_is_an_error() {
    let stand_in = StandIn::scripted([Reply::status(204)]);
    let stderr = caption_tone(&stand_in, &[]).failed(3);
    assert_says(&stderr, &["response 204 has an empty body", "tone.wav"]);
}

#[test]
fn a_200_response_must_be_a_json_object() {
    for (body, found) in [("captions!", "not JSON"), ("[1]", "JSON of another kind")] {
        let stand_in = StandIn::scripted([Reply::status(200).body("application/json", body)]);
        assert_says(&caption_tone(&stand_in, &[]).failed(3), &["response 200 has", found]);
    }
}

#[test]
fn an_endless_response_is_an_error() {
    let stand_in =
        StandIn::scripted([Reply::status(200).body("application/json", vec![b' '; 9_000_000])]);
    assert_says(&caption_tone(&stand_in, &[]).failed(3), &["an endless body"]);
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    // Without repetitions, of which the program would warn.
    let number = |n: u64| format!("{:x} ", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let numbers: String = (0..30_000).map(number).collect();
    let stand_in = StandIn::scripted([answer(&numbers)]);
    let mut run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let mut child = run.spawn();
    let mut first = [0];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run = crate::harness::finish(child);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let stand_in = StandIn::start();
    let mut run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let full = std::fs::File::create("/dev/full").unwrap();
    let command = run.command().stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
    let run = crate::harness::finish(command.spawn().unwrap());
    assert_says(&run.failed(3), &["could not write the output", "No space left"]);
}

fn reply_with_finish_reason(reason: &str) -> Reply {
    let choice = json!({ "message": { "content": "A bell." }, "finish_reason": reason });
    json_reply(200, &json!({ "choices": [choice] }))
}

#[track_caller]
fn assert_incomplete(reply: Reply, words: &[&str]) {
    let stand_in = StandIn::scripted([reply.header("x-request-id", "r-77")]);
    let stderr = caption_tone(&stand_in, &[]).failed(3);
    assert_says(&stderr, &["the caption is incomplete"]);
    assert_says(&stderr, words);
    assert_says(&stderr, &["tone.wav; ", "[request r-77]"]);
    stand_in.request();
}

#[test]
fn choices_without_an_index_are_told_apart_by_their_position() {
    let choice = |text: &str| json!({ "message": { "content": text }, "finish_reason": "stop" });
    let body = json!({ "choices": [choice("First."), choice("Second.")] });
    let stand_in = StandIn::scripted([json_reply(200, &body)]);
    let run = caption_tone(&stand_in, &[]);
    assert_eq!(run.captioned(), "First.\n");
}
