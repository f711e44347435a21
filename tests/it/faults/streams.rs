//! Faults of a streamed response.

use serde_json::json;

use super::{Expected, Row, captioned, check, failed, refused};
use support::stand_in::Reply;

#[test]
fn every_stream_is_a_caption_or_a_failure_without_retry() {
    let piece = |text: &str| {
        format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] }))
    };
    let stop =
        format!("data: {}\n\n", json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }));
    let (rain, done) = (piece("Rain."), "data: [DONE]\n\n");
    let whole = [&rain, &stop, done].concat();
    let (cut_short, senseless) = (failed("incomplete", 1), failed("server", 1));
    let error =
        |code: u16| format!("data: {}\n\n", json!({ "error": { "message": "x", "code": code } }));
    let half = &rain[..rain.len() / 2];
    let mut rows = vec![
        stream("whole", &[&whole], captioned(1)),
        stream("CRLF", &[&whole.replace('\n', "\r\n")], captioned(1)),
        stream("CR", &[&whole.replace('\n', "\r")], captioned(1)),
        stream("a byte order mark", &["\u{feff}", &whole], captioned(1)),
        stream(
            "comments and other fields",
            &[": hi\n\nevent: x\nid: 1\nretry: 5\n", &whole],
            captioned(1),
        ),
        stream("no space", &[&whole.replace("data: ", "data:")], captioned(1)),
        stream("no DONE", &[&rain, &stop], captioned(1)),
        stream("no reason to stop", &[&rain, done], captioned(1)),
        stream("no last empty line", &[whole.trim_end()], captioned(1)),
        stream("garbage behind DONE", &[&whole, "data: {\n\n\u{0}"], captioned(1)),
        stream("an event of two lines", &[&whole.replace(',', ",\ndata: ")], captioned(1)),
        stream("half a pair", &[&whole.replace("Rain.", "Rain\\ud83c.")], captioned(1)),
        stream("one byte a chunk", &whole.split_inclusive("").collect::<Vec<_>>(), captioned(1)),
        stream("nothing", &[""], cut_short),
        stream("comments alone", &[": ping\n\n", ": ping\n\n"], cut_short),
        stream("DONE alone", &[done], cut_short),
        stream("no text", &[&stop, done], cut_short),
        stream("the end amid an event", &[&rain, half], cut_short),
        stream("the end amid the first event", &[half], cut_short),
        stream("the end after text", &[&rain], cut_short),
        stream("a filter", &[&whole.replace("stop", "content_filter")], cut_short),
        stream("an event of no JSON", &["data: {\n\n", &whole], senseless),
        stream("an event of no JSON after text", &[&rain, "data: {\n\n"], cut_short),
        stream(
            "an event of 10,000 levels",
            &["data: ", &"[".repeat(10_000), "\n\n", &whole],
            senseless,
        ),
        stream("an event without an end", &["data: ", &"x".repeat(2_000_000)], senseless),
        stream("a line without an end", &[&"x".repeat(2_000_000)], senseless),
        stream("text without an end", &[&piece(&"x".repeat(100_000)).repeat(20)], cut_short),
        stream("comments without an end", &[&": ping\n".repeat(2_500_000)], senseless),
        stream("an error before text", &[&error(500)], failed("server", 2)),
        stream("an error after text", &[&rain, &error(500)], cut_short),
        stream("an error of the account", &[&rain, &error(402)], refused("credits", 1)),
        stream("no UTF-8", &[&whole], captioned(1)),
    ];
    for (name, before, expected) in [
        ("cut before text", ": hello\n\n", failed("network", 2)),
        ("cut after text", rain.as_str(), cut_short),
        ("cut amid an event", half, failed("network", 2)),
    ] {
        let before = before.to_owned();
        let reply =
            move || Reply::status(200).pieces("text/event-stream", [before.clone()]).disconnect();
        rows.push(Row::with_reply(name, reply, expected).args(&["--stream"]));
    }
    check("streams", rows);
}

fn stream(name: &str, pieces: &[&str], expected: Expected) -> Row {
    let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
    let reply = move || Reply::status(200).pieces("text/event-stream", pieces.clone());
    Row::with_reply(name, reply, expected).args(&["--stream"])
}
