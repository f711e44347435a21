//! Faults in the response of the service.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Expected, Row, captioned, check, failed, refused};
use crate::harness::json_reply;
use support::stand_in::Reply;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json; charset=utf-8";

#[test]
fn every_status_has_a_kind_and_a_number_of_attempts() {
    let mut rows = Vec::new();
    for (status, expected) in [
        (204, failed("server", 1)),
        (205, failed("server", 1)),
        (304, failed("rejected", 1)),
        (400, failed("rejected", 1)),
        (401, refused("auth", 1)),
        (402, refused("credits", 1)),
        (403, failed("rejected", 1)),
        (404, failed("rejected", 1)),
        (405, failed("rejected", 1)),
        (408, failed("server", 2)),
        (409, failed("rejected", 1)),
        (411, failed("rejected", 1)),
        (413, failed("rejected", 1)),
        (415, failed("rejected", 1)),
        (422, failed("rejected", 1)),
        (451, failed("rejected", 1)),
        (500, failed("server", 2)),
        (501, failed("server", 2)),
        (502, failed("server", 2)),
        (503, failed("server", 2)),
        (504, failed("server", 2)),
        (524, failed("server", 2)),
        (599, failed("server", 2)),
        (700, failed("server", 1)),
    ] {
        rows.push(Row::with_reply(&status.to_string(), move || Reply::status(status), expected));
    }
    let quota = || Reply::status(429).header("retry-after", "901");
    rows.push(Row::with_reply("429", quota, refused("rate_limited", 1)));
    for status in [301, 302, 303, 307, 308] {
        // Nothing listens there, and nothing is sent.
        let reply = move || Reply::status(status).header("location", "http://127.0.0.2:9/v1");
        rows.push(Row::with_reply(&format!("{status} elsewhere"), reply, failed("rejected", 1)));
    }
    check("statuses", rows);
}

#[test]
fn every_error_body_is_read() {
    let body = |name: &str, status: u16, media_type: &'static str, body: Vec<u8>, expected| {
        let reply = move || Reply::status(status).body(media_type, body.clone());
        Row::with_reply(&format!("{status} with {name}"), reply, expected)
    };
    let error = |name: &str, status: u16, document: Value, expected: Expected| {
        body(name, status, PROBLEM, document.to_string().into(), expected)
    };
    let rejected = failed("rejected", 1);
    let echo = format!("bad header: Bearer {}", super::KEY);
    let mut rows = vec![
        error("the key repeated", 400, json!({ "message": echo }), rejected),
        error("the key in its id", 400, json!({ "message": "x", "requestId": echo }), rejected),
        error(
            "credits",
            403,
            json!({ "error": { "name": "OutOfFundsException" } }),
            refused("credits", 1),
        ),
        error(
            "verification",
            403,
            json!({ "message": "Complete verification" }),
            refused("auth", 1),
        ),
        error("a right that the key lacks", 403, json!({ "message": "no" }), refused("auth", 1)),
        error(
            "a used-up allowance",
            429,
            json!({ "message": "Free-tier limit" }),
            refused("rate_limited", 1),
        ),
        error(
            "words of all types",
            400,
            json!({ "message": [1, null, {}], "error": 7, "meta": [[]] }),
            rejected,
        ),
        body("HTML", 403, "text/html", "<html>blocked".into(), rejected),
        body("HTML", 502, "text/html", "<html>bad gateway".into(), failed("server", 2)),
        body("50 MB", 400, "text/plain", vec![b'x'; 50_000_000], rejected),
        body("50 MB of brackets", 500, JSON, vec![b'['; 50_000_000], failed("server", 2)),
        body("10,000 levels", 400, JSON, nested(10_000).into(), rejected),
        body("no UTF-8", 400, "text/plain", b"\xff\xfe\x00bad\xc3".to_vec(), rejected),
        body("half a pair", 400, JSON, b"{\"message\":\"\\ud83c\"}".to_vec(), rejected),
        body(
            "a byte order mark",
            401,
            JSON,
            "\u{feff}{\"message\":\"no\"}".into(),
            refused("auth", 1),
        ),
        body("a compressed body", 400, JSON, gzip(&vec![0; 1_000_000]), rejected),
        body(
            "a stream",
            400,
            "text/event-stream",
            b"data: {\"error\":\"x\"}\n\n".to_vec(),
            rejected,
        ),
    ];
    let cut = || Reply::status(400).pieces(JSON, ["{\"message\": \"ab"]).disconnect();
    rows.push(Row::with_reply("400 that is cut", cut, rejected));
    let id = || Reply::status(400).header("x-request-id", &format!("Bearer {}", super::KEY));
    rows.push(Row::with_reply("400 with the key in a header", id, rejected));
    check("refusals", rows);
}

#[test]
fn every_requested_wait_is_bounded() {
    let row = |name: &str, headers: &[(&'static str, &'static str)], attempts| {
        let headers = headers.to_vec();
        let reply = move || {
            let reply = Reply::status(503);
            headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
        };
        Row::with_reply(name, reply, failed("server", attempts))
    };
    let past = ("date", "Sun, 09 Sep 2001 01:46:40 GMT");
    let future = ("date", "Fri, 01 Jan 2100 00:00:00 GMT");
    check(
        "waits",
        vec![
            row("no wait", &[("retry-after", "0")], 2),
            row("a wait of an hour", &[("retry-after", "3600")], 1),
            row("a wait of an age", &[("retry-after", "1e300")], 1),
            row("a wait that is none", &[("retry-after", "soon")], 2),
            row("a wait of no number", &[("retry-after", "NaN")], 2),
            row("a negative wait", &[("retry-after", "-5")], 2),
            row("a clock years behind", &[past, ("retry-after", past.1)], 2),
            row("a clock years ahead", &[future, ("retry-after", future.1)], 2),
            row("a clock that jumped back", &[future, ("retry-after", past.1)], 2),
            row("a clock that jumped ahead", &[past, ("retry-after", future.1)], 1),
        ],
    );
}

#[test]
fn every_response_is_a_caption_or_a_failure_without_retry() {
    let body = |name: &str, media_type: &'static str, body: Vec<u8>, expected| {
        Row::with_reply(name, move || Reply::status(200).body(media_type, body.clone()), expected)
    };
    let json = |name: &str, text: &str, expected| body(name, JSON, text.into(), expected);
    let (senseless, incomplete) = (failed("server", 1), failed("incomplete", 1));
    let completion = |content: &str| {
        format!(
            "{{\"choices\":[{{\"message\":{{\"content\":{content}}},\"finish_reason\":\"stop\"}}]}}"
        )
    };
    let with =
        |name: &str, value: &str| format!("{{\"{name}\":{value},{}", &completion("\"Rain.\"")[1..]);
    let no = |status: u16| {
        move || json_reply(200, &json!({ "error": { "message": "x", "code": status } }))
    };
    let mut latin = completion("\"caf@\"").into_bytes();
    latin.iter_mut().filter(|byte| **byte == b'@').for_each(|byte| *byte = 0xe9);
    check(
        "answers",
        vec![
            body("an empty body", JSON, Vec::new(), senseless),
            body("HTML", "text/html", "<html>hello".into(), senseless),
            body("HTML that says JSON", JSON, "<html>hello".into(), senseless),
            body("text", "text/plain", "Rain.".into(), senseless),
            body("compressed", JSON, gzip(completion("\"Rain.\"").as_bytes()), senseless),
            body("a bomb of gzip", JSON, gzip(&vec![b'['; 100_000_000]), senseless),
            body(
                "50 MB",
                JSON,
                completion(&format!("\"{}\"", "x".repeat(50_000_000))).into(),
                senseless,
            ),
            body(
                "a caption of 1.5 MB",
                JSON,
                completion(&format!("\"{}\"", "x".repeat(1_500_000))).into(),
                senseless,
            ),
            body(
                "a million numbers",
                JSON,
                with("x", &format!("[{}0]", "0,".repeat(900_000))).into(),
                senseless,
            ),
            body(
                "a million objects",
                JSON,
                with("x", &format!("[{}0]", "{},".repeat(600_000))).into(),
                senseless,
            ),
            body("no UTF-8", JSON, latin, captioned(1)),
            body("no media type", "", completion("\"Rain.\"").into(), captioned(1)),
            json("10,000 levels", &with("x", &nested(10_000)), senseless),
            json("half a pair", &completion("\"Rain \\ud83c.\""), captioned(1)),
            json("names that come twice", &with("choices", "[]"), captioned(1)),
            json(
                "a byte order mark",
                &format!("\u{feff}{}", completion("\"Rain.\"")),
                captioned(1),
            ),
            json("something behind", &format!("{}x", completion("\"Rain.\"")), senseless),
            json("half of it", &completion("\"Rain.\"")[..40], senseless),
            json("no number", &with("x", "NaN"), senseless),
            json("a list", "[1, 2]", senseless),
            json("null", "null", senseless),
            json("nothing", "{}", incomplete),
            json("no choice", "{\"choices\": []}", incomplete),
            json("choices of another type", "{\"choices\": \"Rain.\"}", incomplete),
            json("no text", &completion("null"), incomplete),
            json("spaces", &completion("\" \\n\""), incomplete),
            json("a number", &completion("7"), incomplete),
            json(
                "a filter",
                &completion("\"Rain.\"").replace("stop", "content_filter"),
                incomplete,
            ),
            json(
                "the model's limit",
                &completion("\"Rain.\"").replace("stop", "length"),
                incomplete,
            ),
            json(
                "the key as reason",
                &completion("\"Rain.\"").replace("stop", super::KEY),
                incomplete,
            ),
            Row::with_reply("an error of the server", no(500), failed("server", 2)),
            Row::with_reply("an error of the request", no(400), failed("rejected", 1)),
            Row::with_reply("an error of the account", no(402), refused("credits", 1)),
        ],
    );
}

fn nested(levels: usize) -> String {
    [&"[".repeat(levels), "1", &"]".repeat(levels)].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
