//! Text of the service is passed on unaltered. The key is masked in error texts and diagnostics, if
//! it has 16 characters or more.

use std::fs;
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, finish, json_reply};
use support::stand_in::{Gate, Reply, StandIn};

/// Maximum time until a piece of a stream is shown.
const PIECE_TIMEOUT: Duration = Duration::from_secs(20);

/// The README says of servers without keys that any word will do.
const WORDS: [&str; 12] = [
    "none",
    "a",
    "e",
    "k",
    "key",
    "stop",
    "content",
    "choices",
    "message",
    "usage",
    "index",
    "stand-in-key",
];

/// A text with all of [`WORDS`] in it, and with the start of some of them at its end.
const CAPTION: &str = "A message at index 2: the content of other voices is none. Nonetheless \
                       they stop; usage of choices is a key, a stand-in-key. No";

/// A run on one clip with this key.
fn keyed(stand_in: &StandIn, key: &str) -> Caption {
    caption(stand_in).env("AIMLAPI_KEY", key).data_file("tone.wav").arg("tone.wav")
}

/// A key of so many characters, which are nowhere else.
fn key_of(length: usize) -> String {
    "sk-marked-0123456789-abcdef"[..length].to_owned()
}

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}

fn text(text: &str) -> String {
    event(&json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

fn stop() -> String {
    event(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }))
}

#[test]
fn a_caption_with_the_key_is_unaltered_in_every_format() {
    let stand_in = StandIn::always(|| answer(CAPTION));
    for key in WORDS {
        let run = |args: &[&str]| keyed(&stand_in, key).args(args).run().captioned();
        assert_eq!(run(&[]), format!("{CAPTION}\n"), "{key}");
        let record: Value = serde_json::from_str(&run(&["-f", "jsonl"])).unwrap();
        assert_eq!(record["caption"], CAPTION, "{key}");
        let table = run(&["-f", "csv"]);
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let row = rows.records().next().unwrap().unwrap();
        assert_eq!(&row[3], CAPTION, "{key}");
        let subtitles = run(&["-f", "srt"]);
        let words: Vec<_> = subtitles.lines().skip(2).collect();
        assert_eq!(words.join(" "), CAPTION, "{key}");
    }
}

#[test]
fn a_caption_with_the_key_is_unaltered_in_a_manifest_and_a_sidecar() {
    let stand_in = StandIn::always(|| answer(CAPTION));
    for key in WORDS {
        let mut run = keyed(&stand_in, key).args(["--manifest", "m.jsonl", "--sidecar"]);
        finish(run.spawn()).captioned();
        let kept = fs::read_to_string(run.folder().join("m.jsonl")).unwrap();
        let record: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(record["caption"], CAPTION, "{key}");
        let beside = fs::read_to_string(run.folder().join("tone.txt")).unwrap();
        assert_eq!(beside, format!("{CAPTION}\n"), "{key}");
    }
}

#[test]
fn captions_of_windows_with_the_key_are_unaltered() {
    let stand_in = StandIn::always(|| answer(CAPTION));
    let sound = support::audio::wav(8_000, 1, 8, &vec![0.1; 8_000 * 9]);
    for key in ["none", "a"] {
        let run = caption(&stand_in).env("AIMLAPI_KEY", key).file("a.wav", &sound);
        let run = run.args(["-f", "jsonl", "--window", "5s", "a.wav"]).run();
        for window in run.records()[0]["windows"].as_array().unwrap() {
            assert_eq!(window["caption"], CAPTION, "{key}");
        }
    }
}

#[test]
fn json_with_the_key_is_printed_byte_for_byte() {
    // No serializer would write it like this: spaces, a number's zeros, a name that comes twice.
    let body = format!(
        "{{ \"z\": 1.50, \"z\": 2e0,\n \"model\": \"sk-marked-0123456789\", \"choices\": [ \
         {{\"index\": 0, \"message\": {{\"content\": {}}}, \"finish_reason\":\"stop\"}}] }}",
        json!(CAPTION)
    );
    let body = body.replace("Nonetheless", "\\u006eonetheless");
    for key in WORDS.into_iter().chain(["sk-marked-0123456789"]) {
        let reply = Reply::status(200).body("application/json", body.as_str());
        let stand_in = StandIn::scripted([reply]);
        assert_eq!(keyed(&stand_in, key).arg("--json").run().captioned(), format!("{body}\n"));
    }
}

#[test]
fn fields_of_a_record_with_the_key_are_unaltered() {
    for key in ["stop", "s", "o", "stand-in", "request", "t"] {
        let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
        let reply = json_reply(200, &json!({ "choices": [choice] }));
        let stand_in = StandIn::scripted([reply.header("x-request-id", "stand-in-request-not")]);
        let run = keyed(&stand_in, key).args(["-f", "jsonl"]).run();
        let record = &run.records()[0];
        assert_eq!(record["finish_reason"], "stop", "{key}: {}", run.stderr);
        assert_eq!(record["request_id"], "stand-in-request-not", "{key}");
    }
}

#[test]
fn a_stream_with_the_key_is_unaltered() {
    let pieces = ["A message", ": no", "ne. ", "No", "ne", "theless a", " stop", "-content no"];
    for key in WORDS.into_iter().chain(["none. Nonetheless a stop"]) {
        let events = pieces.into_iter().map(text).chain([stop()]);
        let reply = Reply::status(200).pieces("text/event-stream", events);
        let stand_in = StandIn::scripted([reply]);
        let key = key.replace(' ', "-");
        let printed = keyed(&stand_in, &key).arg("--stream").run().captioned();
        assert_eq!(printed, format!("{}\n", pieces.concat()), "{key}");
    }
}

#[test]
fn a_piece_of_a_stream_that_ends_like_the_key_begins_is_shown_at_once() {
    let gate = Gate::closed();
    let reply = Reply::status(200).pieces("text/event-stream", [text("Other voices: no")]);
    let stand_in = StandIn::scripted([reply.pieces_after(&gate, [text("ise."), stop()])]);
    let mut run = keyed(&stand_in, "noise-is-all-there-is").arg("--stream");
    let mut child = run.spawn();
    let mut stdout = child.stdout.take().unwrap();
    let (sender, shown) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut first = [0; 16];
        stdout.read_exact(&mut first).unwrap();
        // Nobody listens any more where it took too long.
        let _ = sender.send(first);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        rest
    });
    let first = shown.recv_timeout(PIECE_TIMEOUT);
    gate.open();
    assert_eq!(reader.join().unwrap(), "ise.\n");
    assert_eq!(finish(child).code, 0);
    assert_eq!(first.as_ref().map(|bytes| &bytes[..]), Ok(&b"Other voices: no"[..]));
}

#[test]
fn a_caption_with_a_long_key_is_unaltered() {
    let key = key_of(20);
    let caption = format!("A voice spells {key}, then {}", &key[..12]);
    for args in [&[][..], &["--stream"], &["-f", "jsonl"], &["-f", "csv"], &["--json"]] {
        let stand_in = StandIn::scripted([answer(&caption)]);
        let run = keyed(&stand_in, &key).args(args).args(["--deny", "spells"]).run();
        assert_says(&run.stdout, &[&caption]);
        assert!(!run.stdout.contains("(key)"), "{args:?}: {}", run.stdout);
    }
    let whole: Vec<_> = caption.split_inclusive(' ').map(text).chain([stop()]).collect();
    let stand_in = StandIn::scripted([Reply::status(200).pieces("text/event-stream", whole)]);
    let printed = keyed(&stand_in, &key).arg("--stream").run().captioned();
    assert_eq!(printed, format!("{caption}\n"));
}

#[test]
fn a_short_key_is_not_masked_in_an_error() {
    let said = "none of the models is known; a stand-in, sk-marked-01234";
    for key in ["none", "a", "s", "known", "models is", "stand-in", &key_of(15)] {
        let key = key.replace(' ', "-");
        let stand_in = StandIn::scripted([json_reply(400, &json!({ "message": said }))]);
        let run = keyed(&stand_in, &key).args(["-v", "-f", "jsonl"]).run();
        assert_eq!(run.code, 3);
        assert_says(&run.stderr, &[&format!("\"{said}\"")]);
        assert_says(run.records()[0]["error"]["message"].as_str().unwrap(), &[said]);
    }
}

#[test]
fn a_key_of_16_characters_is_masked_in_errors_retry_notes_and_reports() {
    let key = key_of(16);
    let reply = |status: u16, name: &str| {
        let said = format!("no such account: Bearer {key}");
        let body = match name {
            "json" => json!({ "message": said }).to_string(),
            "escaped" => json!({ "message": said }).to_string().replace("sk-", "\\u0073k-"),
            _ => said,
        };
        let kind = if name == "plain" { "text/plain" } else { "application/json" };
        Reply::status(status).body(kind, body).header("x-request-id", &format!("of-{key}"))
    };
    for name in ["json", "escaped", "plain"] {
        let stand_in = StandIn::scripted([reply(503, name), reply(400, name)]);
        let run = keyed(&stand_in, &key).args(["-v", "-f", "jsonl"]);
        let mut run = run.args(["--report", "junit=r.xml", "--report", "html=r.html"]);
        let ended = finish(run.spawn());
        assert_says(&ended.stderr, &["no such account: Bearer (key)", "attempt 2"]);
        assert_says(&ended.stderr, &["error: ", "no such account: Bearer (key)", "tone.wav"]);
        let record = &ended.records()[0];
        assert_says(record["error"]["message"].as_str().unwrap(), &["Bearer (key)"]);
        let reports = ["r.xml", "r.html"].map(|file| run.folder().join(file));
        let reports = reports.map(|report| fs::read_to_string(report).unwrap());
        for text in reports.iter().chain([&ended.stderr]) {
            assert!(!text.contains(&key), "{name}: {text}");
        }
    }
}

#[test]
fn the_name_of_an_input_with_the_key_is_unaltered() {
    let key = "door-wooden-slam-01";
    let name = format!("{key}.wav");
    let stand_in = StandIn::always(|| json_reply(400, &json!({ "message": "no" })));
    let run = caption(&stand_in).env("AIMLAPI_KEY", key).file(&name, crate::harness::clip(0));
    let run = run.args(["-f", "jsonl", &name]).run();
    assert_says(&run.stderr, &[&name]);
    assert_eq!(run.records()[0]["input"], name);
}
