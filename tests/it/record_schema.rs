//! Records match the JSON schema of the guide.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{answer, caption, clip, json_reply};
use support::audio::{samples, sine, wav};
use support::stand_in::{Reply, StandIn};

/// Asserts that each record matches the schema, and returns the names of all fields.
fn assert_valid(records: &[Value]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/guide/record.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let config = jsonschema_valid::Config::from_schema(&schema, None).unwrap();
    for record in records {
        let errors = config.validate(record).err();
        let errors: Vec<_> = errors.into_iter().flatten().map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{record}: {errors:?}");
    }
    records.iter().flat_map(|record| record.as_object().unwrap().keys().cloned()).collect()
}

#[test]
fn records_of_captions_findings_windows_and_failures_match_the_schema() {
    let choice = json!({ "message": { "content": "A voice." }, "finish_reason": "length" });
    let body = json!({
        "choices": [choice],
        "usage": { "prompt_tokens": 13, "completion_tokens": 2, "total_tokens": 15 },
        "meta": { "usage": { "usd_spent": 0.01 } },
    });
    let stand_in = StandIn::always(move || json_reply(200, &body).header("x-request-id", "r1"));
    let run = caption(&stand_in).file("a.wav", clip(1)).file("empty.wav", "").file("text.wav", "x");
    let run = run.args(["--max-tokens", "2", "--deny", "voice", "-v", "-f", "jsonl"]);
    let run = run.args(["a.wav", "empty.wav", "text.wav", "nowhere.wav"]).run();
    let mut fields = assert_valid(&run.records());

    let stand_in = StandIn::always(|| answer("Rain."));
    let long = wav(16_000, 1, 16, &samples(16_000, 25.0, |t| 0.5 * sine(440.0)(t)));
    let run = caption(&stand_in).file("a.wav", &long).args(["--window", "10s", "-f", "jsonl"]);
    fields.extend(assert_valid(&run.arg("a.wav").run().records()));

    let cut = "data: {\"choices\":[{\"delta\":{\"content\":\"Rain\"}}]}\n\n";
    let stand_in = StandIn::scripted([Reply::status(200).body("text/event-stream", cut)]);
    let whole = clip(1);
    let run = caption(&stand_in).file("a.wav", &whole[..whole.len() * 3 / 4]);
    let run = run.args(["-v", "--stream", "--max-retries", "0", "-f", "jsonl", "a.wav"]).run();
    fields.extend(assert_valid(&run.records()));
    for field in [
        "caption",
        "sound",
        "findings",
        "windows",
        "window",
        "max_tokens",
        "usd",
        "request_id",
        "partial",
        "truncated",
        "error",
    ] {
        assert!(fields.iter().any(|one| one == field), "no record has {field}: {fields:?}");
    }
}
