//! A billed response is used in every form that servers write. If it holds no usable caption, its
//! text, its cost and its body are reported.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Caption, Run, answer, assert_says, caption, caption_tone, json_reply};
use support::audio::wav;
use support::stand_in::{Gate, Reply, StandIn};

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}

/// An event with a piece of text of the choice of an index.
fn piece(index: u64, text: &str) -> String {
    event(&json!({ "choices": [{ "index": index, "delta": { "content": text } }] }))
}

/// An event with the reason why the choice of an index ended.
fn end(index: u64, reason: &str) -> String {
    event(&json!({ "choices": [{ "index": index, "delta": {}, "finish_reason": reason }] }))
}

/// An event with nothing but the cost.
fn bill(usd: f64) -> String {
    event(&json!({ "choices": [], "meta": cost(usd) }))
}

fn done() -> String {
    "data: [DONE]\n\n".to_owned()
}

fn cost(usd: f64) -> Value {
    json!({ "usage": { "usd_spent": usd, "credits_used": 1 } })
}

fn streamed(events: impl IntoIterator<Item = String>) -> Reply {
    Reply::status(200).pieces("text/event-stream", events)
}

/// A whole answer with this choice, which cost 25 cents.
fn billed(choice: &Value) -> Reply {
    json_reply(200, &json!({ "id": "r-1", "choices": [choice], "meta": cost(0.25) }))
}

/// A choice that stopped for this reason.
fn stopped(text: &str, reason: &str) -> Value {
    json!({ "index": 0, "message": { "content": text }, "finish_reason": reason })
}

/// What is printed of one answer, which has to be a caption.
#[track_caller]
fn captioned(reply: Reply, args: &[&str]) -> String {
    let stand_in = StandIn::scripted([reply]);
    caption_tone(&stand_in, args).captioned()
}

/// The record of one answer, which is no caption, after a single request.
#[track_caller]
fn failed(reply: Reply, args: &[&str]) -> Value {
    let stand_in = StandIn::scripted([reply]);
    let run = caption_tone(&stand_in, &[&["-f", "jsonl"], args].concat());
    assert_ne!(run.code, 0, "stdout: {}", run.stdout);
    stand_in.request();
    let [record] = &run.records()[..] else { panic!("one record: {}", run.stdout) };
    assert_eq!(record.get("caption"), None, "{record}");
    record.clone()
}

/// Ten seconds, which come to 125 tokens.
fn ten_seconds(stand_in: &StandIn) -> Caption {
    caption(stand_in).file("a.wav", wav(8_000, 1, 8, &vec![0.1; 80_000])).arg("a.wav")
}

#[test]
fn a_list_of_text_parts_is_joined() {
    let part = |text: &str| json!({ "type": "text", "text": text });
    for (content, caption) in [
        (json!([part("A bell, "), part("then rain.")]), "A bell, then rain."),
        (json!([part("A bell.")]), "A bell."),
        (json!([part("A bell,"), part(""), part(" rain.")]), "A bell, rain."),
        (json!([{ "type": "output_text", "text": "A bell." }]), "A bell."),
        (json!([{ "type": "TEXT", "text": "A bell." }]), "A bell."),
        (json!([{ "type": "input_text", "text": "A bell." }]), "A bell."),
        (json!([{ "type": "text", "text": { "value": "A bell." } }]), "A bell."),
        (json!(["A bell, ", "then rain."]), "A bell, then rain."),
        // What is no text of the caption is left out of it.
        (json!([{ "type": "thinking", "thinking": "Hm." }, part("A bell.")]), "A bell."),
        (json!([{ "type": "reasoning", "text": "Hm." }, part("A bell.")]), "A bell."),
        (json!([null, 7, {}, { "type": "image_url" }, part("A bell.")]), "A bell."),
    ] {
        let choice = json!({ "message": { "content": content }, "finish_reason": "stop" });
        let reply = json_reply(200, &json!({ "choices": [choice] }));
        assert_eq!(captioned(reply, &[]), format!("{caption}\n"), "{content}");
        let delta = json!({ "choices": [{ "index": 0, "delta": { "content": content } }] });
        let reply = streamed([event(&delta), end(0, "stop"), done()]);
        assert_eq!(captioned(reply, &["--stream"]), format!("{caption}\n"), "{content}");
    }
}

#[test]
fn an_invalid_choice_does_not_lose_the_caption() {
    let good = stopped("A bell.", "stop");
    for choices in [
        json!([good, null]),
        json!([null, good]),
        json!(["none", good, 7]),
        json!([good, { "index": "one", "message": [] }]),
    ] {
        let reply = json_reply(200, &json!({ "choices": choices }));
        assert_eq!(captioned(reply, &[]), "A bell.\n", "{choices}");
    }
}

#[test]
fn choices_of_a_stream_are_separated_by_index() {
    let both = |texts: [(u64, &str); 2]| {
        let choices = texts.map(|(n, text)| json!({ "index": n, "delta": { "content": text } }));
        event(&json!({ "choices": choices }))
    };
    for events in [
        vec![piece(0, "A bell,"), piece(1, "Rain"), piece(0, " far away."), piece(1, " falls.")],
        vec![piece(1, "Rain"), piece(0, "A bell,"), piece(1, " falls."), piece(0, " far away.")],
        vec![both([(1, "Rain"), (0, "A bell,")]), both([(0, " far away."), (1, " falls.")])],
    ] {
        let ends = [end(1, "stop"), end(0, "stop"), done()];
        let reply = streamed(events.into_iter().chain(ends));
        assert_eq!(captioned(reply, &["--stream"]), "A bell, far away.\n");
    }
}

#[test]
fn the_end_of_another_choice_is_not_the_end_of_the_caption() {
    let filtered = [piece(0, "A bell."), piece(1, "Ra"), end(1, "content_filter"), end(0, "stop")];
    assert_eq!(captioned(streamed(filtered), &["--stream"]), "A bell.\n");
    let torn = [piece(0, "A bell and"), piece(1, "Rain."), end(1, "stop")];
    let record = failed(streamed(torn), &["--stream"]);
    assert_eq!(record["error"]["kind"], "incomplete");
}

#[test]
fn the_caption_is_the_first_choice_by_index_that_has_text() {
    let choice = |index: u64, text: &str| json!({ "index": index, "message": { "content": text }, "finish_reason": "stop" });
    let reply = json_reply(200, &json!({ "choices": [choice(1, "Rain."), choice(0, "A bell.")] }));
    assert_eq!(captioned(reply, &[]), "A bell.\n");
    // The one that is there, where the first is missing or empty.
    let reply = json_reply(200, &json!({ "choices": [choice(1, "Rain.")] }));
    assert_eq!(captioned(reply, &[]), "Rain.\n");
    let reply = json_reply(200, &json!({ "choices": [choice(0, ""), choice(1, "Rain.")] }));
    assert_eq!(captioned(reply, &[]), "Rain.\n");
    let reply = streamed([piece(1, "Rain."), end(1, "stop"), done()]);
    assert_eq!(captioned(reply, &["--stream"]), "Rain.\n");
}

#[test]
fn the_type_of_a_response_is_read_in_any_case() {
    for name in [
        "Text/Event-Stream",
        "TEXT/EVENT-STREAM",
        "text/event-stream;charset=UTF-8",
        "text/Event-stream ; Charset=utf-8",
    ] {
        let events = [piece(0, "A bell."), end(0, "stop"), done()];
        let reply = Reply::status(200).pieces(name, events);
        assert_eq!(captioned(reply, &["--stream"]), "A bell.\n", "{name}");
    }
}

#[test]
fn a_response_of_the_wrong_type_is_read_as_what_it_is() {
    let events = [": hello\n\n".to_owned(), piece(0, "A bell."), end(0, "stop"), done()];
    for name in ["text/plain", "application/json", "application/octet-stream"] {
        let reply = Reply::status(200).pieces(name, events.clone());
        assert_eq!(captioned(reply, &["--stream"]), "A bell.\n", "{name}");
    }
    let whole = json!({ "choices": [stopped("A bell.", "stop")] }).to_string();
    let reply = Reply::status(200).body("text/event-stream", whole);
    assert_eq!(captioned(reply, &["--stream"]), "A bell.\n");
}

#[test]
fn every_spelling_of_a_complete_finish_reason_is_accepted() {
    for reason in [
        "stop",
        "STOP",
        "Stop",
        "eos",
        "EOS",
        "eos_token",
        "stop_sequence",
        "STOP_SEQUENCE",
        "completed",
        "COMPLETED",
        "end_turn",
        "END_TURN",
        "complete",
        "finished",
        "done",
    ] {
        let reply = billed(&stopped("A bell.", reason));
        let record: Value = serde_json::from_str(&captioned(reply, &["-f", "jsonl"])).unwrap();
        assert_eq!(record["caption"], "A bell.");
        // The service's own word, as it was received.
        assert_eq!(record["finish_reason"], reason);
        // What comes after the end of a stream comes too late, whatever the end is called.
        let late = event(&json!({ "error": { "message": "late" } }));
        let reply = streamed([piece(0, "A bell."), end(0, reason), late]);
        assert_eq!(captioned(reply, &["--stream"]), "A bell.\n", "{reason}");
    }
}

#[test]
fn every_spelling_of_the_token_limit_is_reported() {
    for reason in [
        "length",
        "LENGTH",
        "max_tokens",
        "MAX_TOKENS",
        "max_output_tokens",
        "max_length",
        "model_length",
    ] {
        let stand_in = StandIn::scripted([billed(&stopped("A bell.", reason))]);
        let run = caption_tone(&stand_in, &["--max-tokens", "3"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, "A bell.\n"), "{reason}: {}", run.stderr);
        assert_says(&run.stderr, &["cut at --max-tokens", "tone.wav"]);
        let record = failed(billed(&stopped("A bell.", reason)), &[]);
        assert_says(record["error"]["message"].as_str().unwrap(), &["cut at the model's limit"]);
    }
}

#[test]
fn a_token_count_of_0_is_unknown() {
    for prompt_tokens in [json!(0), json!(null), json!("?")] {
        let usage = json!({ "prompt_tokens": prompt_tokens, "completion_tokens": 212 });
        let body = json!({ "choices": [stopped("A bell.", "stop")], "usage": usage });
        let stand_in = StandIn::scripted([json_reply(200, &body)]);
        let run = ten_seconds(&stand_in).args(["-f", "jsonl"]).run();
        assert_eq!(run.code, 0, "{prompt_tokens}: {}", run.stderr);
        let record = &run.records()[0];
        assert_eq!(record["usage"]["completion_tokens"], 212, "{record}");
        assert!(record["usage"]["prompt_tokens"].is_null(), "{record}");
        let stand_in = StandIn::scripted([json_reply(200, &body)]);
        let table = ten_seconds(&stand_in).args(["-f", "csv"]).run().captioned();
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let row = rows.records().next().unwrap().unwrap();
        assert_eq!((&row[6], &row[7]), ("", "212"), "{table}");
    }
}

#[test]
fn an_unknown_token_count_of_a_later_event_does_not_replace_a_known_one() {
    let usage = |prompt: Value, completion: u64| {
        let usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion });
        event(&json!({ "choices": [], "usage": usage }))
    };
    for last in [json!(0), json!(null)] {
        let events = [usage(json!(15), 1), piece(0, "A bell."), end(0, "stop"), usage(last, 7)];
        let printed = captioned(streamed(events), &["-q", "--stream", "-f", "jsonl"]);
        let record: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(record["usage"]["prompt_tokens"], 15, "{record}");
        assert_eq!(record["usage"]["completion_tokens"], 7, "{record}");
    }
}

#[test]
fn an_empty_error_beside_a_caption_is_ignored() {
    for error in [
        json!({}),
        json!(null),
        json!(""),
        json!(false),
        json!([]),
        json!({ "code": null, "message": null }),
        json!({ "message": "" }),
        json!({ "message": "", "details": [], "data": {} }),
        json!({ "code": 200, "message": "OK" }),
        json!({ "type": "none" }),
        json!("none"),
    ] {
        let body = json!({ "error": error, "choices": [stopped("A bell.", "stop")] });
        assert_eq!(captioned(json_reply(200, &body), &[]), "A bell.\n", "{error}");
        let beside = event(&json!({
            "error": error, "choices": [{ "index": 0, "delta": { "content": "A bell." } }],
        }));
        let reply = streamed([beside, end(0, "stop"), done()]);
        assert_eq!(captioned(reply, &["--stream"]), "A bell.\n", "{error}");
    }
}

#[test]
fn an_event_without_a_choice_or_an_error_does_not_end_a_stream() {
    for document in [
        json!({ "error": {} }),
        json!({ "error": null }),
        json!({ "message": null }),
        json!({ "message": "" }),
        json!({ "type": "ping" }),
    ] {
        let between = event(&document);
        let reply = streamed([piece(0, "A bell, "), between, piece(0, "rain."), end(0, "stop")]);
        assert_eq!(captioned(reply, &["--stream"]), "A bell, rain.\n", "{document}");
    }
}

#[test]
fn a_native_finish_reason_with_an_error_makes_the_caption_incomplete() {
    for native in ["error", "ERROR", "upstream_error", "internal_server_error"] {
        let reasons = json!({ "finish_reason": "stop", "native_finish_reason": native });
        let merged = |part: Value| {
            let mut choice = reasons.clone();
            choice.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
            choice
        };
        let whole = billed(&merged(json!({ "message": { "content": "A bell and" } })));
        let last = event(&json!({ "choices": [merged(json!({ "index": 0, "delta": {} }))] }));
        let pieces = streamed([piece(0, "A bell and"), last, bill(0.25), done()]);
        for (reply, args) in [(whole, &[][..]), (pieces, &["--stream"])] {
            let record = failed(reply, args);
            assert_eq!(record["error"]["kind"], "incomplete", "{native}: {record}");
            assert_says(record["error"]["message"].as_str().unwrap(), &[native]);
            assert_eq!((&record["partial"], &record["usd"]), (&json!("A bell and"), &json!(0.25)));
        }
    }
    for native in [
        json!("STOP"),
        json!("eos"),
        json!("end_turn"),
        json!("completed"),
        json!("no_error"),
        json!(null),
    ] {
        let choice = json!({
            "message": { "content": "A bell." },
            "finish_reason": "stop", "native_finish_reason": native,
        });
        assert_eq!(captioned(billed(&choice), &[]), "A bell.\n", "{native}");
    }
}

#[test]
fn an_error_of_the_choice_is_the_reported_reason() {
    for reason in ["stop", "error"] {
        let choice = json!({
            "message": { "content": "A bell and" }, "finish_reason": reason,
            "error": { "code": 502, "message": "upstream broke" },
        });
        let record = failed(billed(&choice), &[]);
        assert_eq!(record["error"]["kind"], "incomplete", "{record}");
        assert_says(record["error"]["message"].as_str().unwrap(), &["upstream broke"]);
        assert_eq!(record["partial"], "A bell and");
    }
}

#[test]
fn a_refusal_without_a_caption_is_the_reported_reason() {
    let refusal = "I cannot describe\u{1b}[2J this recording.";
    let shown = ["I cannot describe", "this recording."];
    for content in
        [json!(null), json!(""), json!([]), json!([{ "type": "refusal", "refusal": "x" }])]
    {
        let message = json!({ "content": content, "refusal": refusal });
        let choice = json!({ "message": message, "finish_reason": "stop" });
        let stand_in = StandIn::scripted([billed(&choice)]);
        let said = caption_tone(&stand_in, &[]).failed(3);
        assert_says(&said, &["incomplete"]);
        assert_says(&said, &shown);
        assert!(!said.contains('\u{1b}'), "{said}");
        let record = failed(billed(&choice), &[]);
        assert_eq!(
            (&record["error"]["kind"], &record["usd"]),
            (&json!("incomplete"), &json!(0.25))
        );
        assert_says(record["error"]["message"].as_str().unwrap(), &shown);
        // There was no text.
        assert_eq!(record.get("partial"), None);
    }
    let part = json!([{ "type": "refusal", "refusal": refusal }]);
    let choice = json!({ "message": { "content": part }, "finish_reason": "stop" });
    assert_says(failed(billed(&choice), &[])["error"]["message"].as_str().unwrap(), &shown);
    let delta = |refusal: &str| {
        event(&json!({ "choices": [{ "index": 0, "delta": { "refusal": refusal } }] }))
    };
    let (left, right) = refusal.split_at(9);
    let record = failed(streamed([delta(left), delta(right), end(0, "stop")]), &["--stream"]);
    assert_says(record["error"]["message"].as_str().unwrap(), &shown);
}

#[test]
fn a_refusal_beside_a_caption_is_ignored() {
    for refusal in [json!(null), json!(""), json!("no")] {
        let message = json!({ "content": "A bell.", "refusal": refusal });
        let reply = billed(&json!({ "message": message, "finish_reason": "stop" }));
        assert_eq!(captioned(reply, &[]), "A bell.\n", "{refusal}");
    }
}

#[test]
fn an_incomplete_caption_is_in_the_record_with_its_cost() {
    for reason in ["length", "content_filter", "tool_calls"] {
        let record = failed(billed(&stopped("A bell and", reason)), &[]);
        assert_eq!(record["error"]["kind"], "incomplete");
        assert_eq!((&record["partial"], &record["usd"]), (&json!("A bell and"), &json!(0.25)));
        let events = [piece(0, "A bell"), piece(0, " and"), end(0, reason), bill(0.25), done()];
        let record = failed(streamed(events), &["--stream"]);
        assert_eq!((&record["partial"], &record["usd"]), (&json!("A bell and"), &json!(0.25)));
    }
}

#[test]
fn an_answer_that_ignored_the_audio_is_in_the_record_with_its_cost() {
    let body = json!({
        "choices": [stopped("I cannot hear any audio.", "stop")], "meta": cost(0.25),
        "usage": { "prompt_tokens": 8, "completion_tokens": 7, "total_tokens": 15 },
    });
    let stand_in = StandIn::scripted([json_reply(200, &body)]);
    let run = ten_seconds(&stand_in).args(["-f", "jsonl"]).run();
    assert_eq!(run.code, 3);
    let record = &run.records()[0];
    assert_eq!(record["error"]["kind"], "not_heard");
    assert_eq!(record["partial"], "I cannot hear any audio.", "{record}");
    assert_eq!(record["usd"], 0.25, "{record}");
}

#[test]
fn the_text_of_a_broken_stream_is_in_the_record_with_its_cost() {
    let text = || [bill(0.25), piece(0, "A bell"), piece(0, " and")];
    let upstream = event(&json!({ "error": { "message": "upstream broke" } }));
    let credits = event(&json!({ "error": { "code": 402, "message": "no credits" } }));
    let gate = Gate::closed();
    for (reply, kind) in [
        (streamed(text()), "incomplete"),
        (streamed(text()).disconnect(), "incomplete"),
        (streamed(text().into_iter().chain([upstream])), "incomplete"),
        (streamed(text().into_iter().chain(["data: {\n\n".to_owned()])), "incomplete"),
        (streamed(text().into_iter().chain([credits])), "credits"),
        (streamed(text()).pieces_after(&gate, [done()]), "incomplete"),
    ] {
        let record = failed(reply, &["--stream", "--timeout", "2s"]);
        assert_eq!(record["error"]["kind"], kind, "{record}");
        assert_eq!(record["partial"], "A bell and", "{record}");
        assert_eq!(record["usd"], 0.25, "{record}");
    }
}

#[test]
fn a_failure_without_text_or_cost_has_no_such_fields() {
    let choice = json!({ "message": { "content": "" }, "finish_reason": "stop" });
    let record = failed(billed(&choice), &[]);
    assert_eq!((record.get("partial"), &record["usd"]), (None, &json!(0.25)));
    let record = failed(json_reply(400, &json!({ "message": "no" })), &[]);
    assert_eq!((record.get("partial"), record.get("usd")), (None, None));
}

#[test]
fn the_cost_of_every_failed_response_is_counted() {
    for reply in [
        || json_reply(200, &json!({ "error": { "code": 400 }, "meta": cost(0.25) })),
        || json_reply(200, &json!([1])).header("x-aimlapi-usd-spent", "0.25"),
        || Reply::status(200).body("text/plain", "oops").header("x-aimlapi-usd-spent", "0.25"),
        || json_reply(200, &json!({ "choices": [], "meta": cost(0.25) })),
        || billed(&stopped("A bell and", "length")),
    ] {
        let stand_in = StandIn::scripted([reply(), reply(), answer("Rain.")]);
        let run = caption(&stand_in).clips("x", 3).args(["-f", "jsonl", "-j", "1", "x"]).run();
        let records = run.records();
        let costs: Vec<_> = records.iter().map(|record| record.get("usd")).collect();
        assert_eq!(costs, [Some(&json!(0.25)), Some(&json!(0.25)), None], "{}", run.stdout);
        assert_says(&run.stderr, &["1 captioned · 2 failed", "$0.50"]);
    }
    // A failure that is tried again was billed all the same.
    let broken =
        json!({ "error": { "code": 500, "message": "upstream broke" }, "meta": cost(0.5) });
    let good = json!({ "choices": [stopped("Rain.", "stop")], "meta": cost(0.25) });
    let script = [json_reply(200, &broken), json_reply(200, &good), json_reply(200, &good)];
    let stand_in = StandIn::scripted(script);
    let run = caption(&stand_in).clips("x", 2).args(["-j", "1", "x"]).run();
    assert_says(&run.stderr, &["2 captioned", "$1.00"]);
}

#[test]
fn a_csv_row_of_a_failure_has_its_cost() {
    let stand_in = StandIn::scripted([billed(&stopped("A bell and", "content_filter"))]);
    let run = caption_tone(&stand_in, &["-f", "csv"]);
    let mut table = csv::Reader::from_reader(run.stdout.as_bytes());
    let column = table.headers().unwrap().iter().position(|name| name == "usd").unwrap();
    let row = table.records().next().unwrap().unwrap();
    assert_eq!(&row[column], "0.25", "{}", run.stdout);
}

#[test]
fn captions_and_cost_of_windows_are_in_the_record_of_a_failed_file() {
    let window = |text: &str| billed(&stopped(text, "stop"));
    let script = [window("A bell."), window("Rain."), json_reply(400, &json!({ "message": "no" }))];
    let stand_in = StandIn::scripted(script);
    let run = caption(&stand_in).file("a.wav", wav(8_000, 1, 8, &vec![0.1; 8_000 * 14]));
    let run = run.args(["-f", "jsonl", "-j", "1", "--window", "5s", "a.wav"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let record = &run.records()[0];
    assert_eq!(record["usd"], 0.5, "{record}");
    assert_says(record["partial"].as_str().unwrap_or_default(), &["A bell.", "Rain."]);
}

#[test]
fn json_prints_a_received_document_without_a_usable_caption() {
    let heard = json!({
        "choices": [stopped("I cannot hear any audio.", "stop")], "meta": cost(0.25),
        "usage": { "prompt_tokens": 8, "completion_tokens": 7, "total_tokens": 15 },
    });
    for body in [
        json!({ "choices": [stopped("A bell and", "content_filter")], "meta": cost(0.25) }),
        json!({ "choices": [stopped("A bell and", "length")], "meta": cost(0.25) }),
        json!({ "choices": [stopped("", "stop")], "meta": cost(0.25) }),
        json!({ "choices": [], "meta": cost(0.25) }),
        json!({ "error": { "code": 400, "message": "no" }, "meta": cost(0.25) }),
        heard,
    ] {
        // As received, to the byte.
        let body = format!("{{ \"z\": 1.50,{}", body.to_string().split_at(1).1);
        let reply = Reply::status(200).body("application/json", body.as_str());
        let stand_in = StandIn::scripted([reply]);
        let run = ten_seconds(&stand_in).arg("--json").run();
        assert_eq!((run.code, run.stdout), (3, format!("{body}\n")), "{}", run.stderr);
    }
}

#[test]
fn json_of_several_inputs_has_unusable_documents_in_input_order() {
    let body = |text: &str, reason: &str| json!({ "choices": [stopped(text, reason)] }).to_string();
    let bodies =
        [body("A bell.", "stop"), body("Rain and", "content_filter"), body("Wind.", "stop")];
    let replies = bodies.clone().map(|body| Reply::status(200).body("application/json", body));
    let stand_in = StandIn::scripted(replies);
    let run = caption(&stand_in).clips("x", 3).args(["-q", "--json", "-j", "1", "x"]).run();
    assert_eq!((run.code, run.stdout), (3, bodies.map(|body| body + "\n").concat()));
}

#[test]
fn json_of_windows_prints_every_received_document() {
    let reasons = [("A bell.", "stop"), ("Rain.", "stop"), ("Wind and", "content_filter")];
    let bodies = reasons.map(|(text, reason)| json!({ "choices": [stopped(text, reason)] }));
    let stand_in = StandIn::scripted(bodies.iter().map(|body| json_reply(200, body)));
    let run = caption(&stand_in).file("a.wav", wav(8_000, 1, 8, &vec![0.1; 8_000 * 14]));
    let run = run.args(["--json", "-j", "1", "--window", "5s", "a.wav"]).run();
    assert_eq!((run.code, run.stdout), (3, bodies.map(|body| format!("{body}\n")).concat()));
}

#[test]
fn json_prints_no_error_responses_and_no_html() {
    let stand_in = StandIn::scripted([json_reply(400, &json!({ "message": "no" }))]);
    caption_tone(&stand_in, &["--json"]).failed(3);
    let page = Reply::status(200).body("text/html", "<html>Welcome to the hotel Wi-Fi</html>");
    let stand_in = StandIn::scripted([page]);
    let Run { stdout, .. } = caption_tone(&stand_in, &["--json"]);
    assert_eq!(stdout, "");
}

#[test]
fn the_cost_of_failed_responses_counts_towards_max_spend() {
    let body = json!({ "error": { "code": 400, "message": "no" }, "meta": cost(0.25) });
    let stand_in =
        StandIn::always(move || json_reply(200, &body).delayed(Duration::from_millis(5)));
    let run = caption(&stand_in).clips("x", 6).args(["-j", "1", "--max-spend", "0.50", "x"]).run();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert_eq!(stand_in.posts(), 2, "{}", run.stderr);
}
