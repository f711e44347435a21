//! Streamed responses, with every variation that servers send.

use serde_json::{Value, json};

use crate::harness::{Run, assert_says, caption, caption_tone};
use support::stand_in::{Reply, StandIn};

#[test]
fn streamed_and_whole_responses_print_the_same() {
    let stand_in = StandIn::start();
    let whole = caption_tone(&stand_in, &["--no-stream"]).captioned();
    let streamed = caption_tone(&stand_in, &["--stream"]).captioned();
    assert_eq!(whole, streamed);
}

#[test]
fn usage_is_taken_from_the_last_chunk() {
    let stand_in = StandIn::start();
    let run = caption_tone(&stand_in, &["--stream", "-v"]);
    assert_says(&run.stderr, &["21 + ", " tokens"]);
}

#[test]
fn usage_may_come_before_the_last_chunk_which_may_have_no_delta() {
    let early = json!({ "choices": [{ "delta": { "content": "Rain." } }],
        "usage": { "prompt_tokens": 15, "completion_tokens": 6, "total_tokens": 21 } });
    let last = json!({ "choices": [{ "finish_reason": "stop" }], "usage": null });
    let run = stream(&[event(&early), event(&last), "data: [DONE]\n\n".into()], &["-v"]);
    assert_eq!(run.stdout, "Rain.\n");
    assert_says(&run.stderr, &["15 + 6 tokens"]);
}

#[test]
fn the_cost_may_come_in_the_last_chunk() {
    let bill =
        json!({ "choices": [], "meta": { "usage": { "usd_spent": 0.5, "credits_used": 1 } } });
    let run = stream(&[text("Rain."), event(&bill), "data: [DONE]\n\n".into()], &["-v"]);
    assert_says(&run.stderr, &["$0.500000"]);
}

#[test]
fn the_cost_survives_later_chunks_without_it() {
    let bill =
        json!({ "choices": [], "meta": { "usage": { "usd_spent": 0.5, "credits_used": 1 } } });
    let run = stream(&[event(&bill), text("Rain."), stop()], &["-v"]);
    assert_says(&run.stderr, &["$0.500000"]);
}

#[test]
fn comments_and_other_fields_are_ignored() {
    let noise = ": PROCESSING\n\nevent: chunk\nid: 7\nretry: 10\n";
    assert_eq!(captioned(&[noise.into(), text("Rain."), ": bye\n\n".into(), stop()]), "Rain.\n");
}

#[test]
fn lines_may_end_in_crlf_or_cr() {
    let crlf = [text("Ra"), text("in."), stop()].concat();
    assert_eq!(captioned(&[crlf.replace('\n', "\r\n")]), "Rain.\n");
    assert_eq!(captioned(&[crlf.replace('\n', "\r")]), "Rain.\n");
}

#[test]
fn a_byte_order_mark_is_ignored() {
    assert_eq!(captioned(&["\u{feff}".to_owned() + &text("Rain."), stop()]), "Rain.\n");
}

#[test]
fn an_event_may_span_several_data_lines() {
    let event = "data: {\"choices\": [{\ndata: \"delta\": {\"content\": \"Rain.\"}}]}\n\n";
    assert_eq!(captioned(&[event.into(), stop()]), "Rain.\n");
}

#[test]
fn data_may_follow_its_colon_without_a_space() {
    assert_eq!(captioned(&[text("Rain.").replace("data: ", "data:"), stop()]), "Rain.\n");
}

#[test]
fn a_finish_reason_without_done_is_an_end() {
    assert_eq!(captioned(&[text("Rain."), stop()]), "Rain.\n");
}

#[test]
fn done_without_a_finish_reason_is_an_end() {
    assert_eq!(captioned(&[text("Rain."), "data: [DONE]\n\n".into()]), "Rain.\n");
}

#[test]
fn the_last_event_may_lack_its_empty_line() {
    assert_eq!(captioned(&[text("Rain."), "data: [DONE]".into()]), "Rain.\n");
    assert_eq!(captioned(&[text("Rain."), stop().trim_end().into()]), "Rain.\n");
}

#[test]
fn empty_events_and_white_space_around_done_are_ignored() {
    let heartbeat = "data:\n\n".to_owned();
    let done = "data: [DONE] \n\n".to_owned();
    assert_eq!(captioned(&[heartbeat.clone(), text("Rain."), heartbeat, done]), "Rain.\n");
}

#[test]
fn an_empty_finish_reason_is_ignored() {
    let empty = json!({ "choices": [{ "delta": {}, "finish_reason": "" }] });
    assert_eq!(captioned(&[text("Rain."), stop(), event(&empty)]), "Rain.\n");
}

#[test]
fn an_error_after_the_finish_reason_is_ignored() {
    let error = json!({ "error": { "message": "late" } });
    assert_eq!(captioned(&[text("Rain."), stop(), event(&error)]), "Rain.\n");
}

#[test]
fn missing_credits_during_a_stream_are_reported() {
    let error = json!({ "error": { "code": 403, "message": "You have run out of credits" } });
    let run = stream(&[text("Rain"), event(&error)], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (4, "Rain\n"));
    assert_says(&run.stderr, &["out of credits (403", "tone.wav", "top up"]);
}

#[test]
fn an_endless_stream_is_an_error() {
    let piece = text(&"x".repeat(500_000));
    let run = stream(&vec![piece; 80], &[]);
    assert_eq!(run.code, 3);
    assert_says(&run.stderr, &["incomplete", "an endless text"]);
}

#[test]
fn an_unrequested_stream_is_not_a_json_document() {
    let reply = Reply::status(200).pieces("text/event-stream", [text("Rain."), stop()]);
    let stand_in = StandIn::scripted([reply]);
    assert_says(
        &caption_tone(&stand_in, &["--json"]).failed(3),
        &["a stream that was not asked for"],
    );
}

#[test]
fn nothing_after_done_is_read() {
    let done = "data: [DONE]\n\ndata: {\"error\": {\"message\": \"late\"}}\n\n";
    assert_eq!(captioned(&[text("Rain."), done.into()]), "Rain.\n");
}

#[test]
fn null_content_and_empty_choices_are_ignored() {
    let role =
        json!({ "choices": [{ "delta": { "role": "assistant", "content": null } }], "id": "" });
    let none = json!({ "choices": [] });
    assert_eq!(captioned(&[event(&role), event(&none), text("Rain."), stop()]), "Rain.\n");
}

#[test]
fn characters_split_between_packets_are_joined() {
    let whole = [text("Café – 🎵 –"), text(" “crème”."), stop()].concat();
    let stand_in = StandIn::scripted([
        Reply::status(200).pieces("text/event-stream", whole.bytes().map(|byte| [byte]))
    ]);
    let printed = caption_tone(&stand_in, &["--stream"]).captioned();
    assert_eq!(printed, "Café – 🎵 – “crème”.\n");
}

#[test]
fn white_space_around_the_caption_is_trimmed() {
    let pieces = [text(" \n"), text("Rain,"), text(" "), text("\n\nwind. "), text("\n"), stop()];
    assert_eq!(captioned(&pieces), "Rain, \n\nwind.\n");
}

#[test]
fn a_whole_response_to_a_stream_request_is_accepted() {
    let stand_in = StandIn::scripted([crate::harness::answer("Rain.")]);
    assert_eq!(caption_tone(&stand_in, &["--stream"]).captioned(), "Rain.\n");
}

#[test]
fn an_unrequested_stream_is_accepted() {
    let reply = Reply::status(200).pieces("text/event-stream", [text("Rain."), stop()]);
    let stand_in = StandIn::scripted([reply]);
    assert_eq!(caption_tone(&stand_in, &["--no-stream"]).captioned(), "Rain.\n");
}

#[test]
fn a_stream_that_ends_early_is_not_retried() {
    let run = stream(&[text("Rain and")], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (3, "Rain and\n"));
    assert_says(
        &run.stderr,
        &["error: the caption is incomplete: the stream stopped in the middle: tone.wav"],
    );
}

#[test]
fn a_stream_without_finish_reason_or_done_is_incomplete() {
    let run = stream(&[text("Rain and"), text(" wind").trim_end().into()], &[]);
    assert_eq!(run.code, 3, "{run:?}");
    assert_says(&run.stderr, &["incomplete", "stopped in the middle"]);
}

#[test]
fn a_stream_that_breaks_after_text_is_not_retried() {
    let pieces = Reply::status(200).pieces("text/event-stream", [text("Rain and")]);
    let stand_in = StandIn::scripted([pieces.disconnect()]);
    let run = caption_tone(&stand_in, &["--stream"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, "Rain and\n"));
    assert_says(&run.stderr, &["incomplete", "connection closed", "tone.wav"]);
    stand_in.request();
}

#[test]
fn a_stream_that_breaks_before_text_is_retried() {
    let role = json!({ "choices": [{ "delta": { "role": "assistant", "content": null } }] });
    let pieces = Reply::status(200).pieces("text/event-stream", [event(&role)]);
    let stand_in = StandIn::scripted([pieces.disconnect()]);
    let run = caption_tone(&stand_in, &["--stream", "-q"]).captioned();
    assert_says(&run, &["near 1000 Hz"]);
    assert_eq!(stand_in.requests().len(), 2);
}

#[test]
fn a_stream_that_breaks_after_the_finish_reason_is_complete() {
    let pieces = Reply::status(200).pieces("text/event-stream", [text("Rain."), stop()]);
    let stand_in = StandIn::scripted([pieces.disconnect()]);
    assert_eq!(caption_tone(&stand_in, &["--stream"]).captioned(), "Rain.\n");
}

#[test]
fn an_error_object_in_the_stream_is_an_error() {
    for error in [
        json!({ "error": { "message": "upstream broke" } }),
        json!({ "message": "upstream broke" }),
    ] {
        let run = stream(&[text("Rain and"), event(&error)], &[]);
        assert_eq!((run.code, run.stdout.as_str()), (3, "Rain and\n"));
        assert_says(&run.stderr, &["incomplete", "upstream broke", "tone.wav"]);
    }
}

#[test]
fn an_error_object_may_lack_its_empty_line() {
    let error = event(&json!({ "error": { "message": "upstream broke" } }));
    let run = stream(&[text("Rain and"), error.trim_end().into()], &[]);
    assert_says(&run.stderr, &["incomplete", "upstream broke"]);
}

#[test]
fn an_event_that_is_not_json_is_an_error() {
    let run = stream(&[text("Rain"), "data: {\"choices\": [\n\n".into(), stop()], &[]);
    assert_eq!(run.code, 3);
    assert_says(&run.stderr, &["incomplete", "not JSON"]);
}

#[test]
fn a_stream_without_text_is_incomplete() {
    let run = stream(&[stop()], &[]);
    assert_says(&run.failed(3), &["incomplete", "no text in it"]);
}

#[test]
fn a_stream_stopped_by_a_content_filter_is_incomplete() {
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "content_filter" }] });
    let run = stream(&[text("Rain"), event(&end)], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (3, "Rain\n"));
    assert_says(&run.stderr, &["incomplete", "content_filter"]);
}

#[test]
fn several_streamed_captions_are_printed_whole() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
    let printed = run.args(["-q", "--stream", "tone.wav", "tone.mp3"]).run().captioned();
    assert_says(&printed, &["==> tone.wav <==\n", "1000 Hz", "\n\n==> tone.mp3 <==\n", "439 Hz"]);
    assert_eq!(printed.lines().count(), 5);
}

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}

fn text(text: &str) -> String {
    event(&json!({ "choices": [{ "delta": { "content": text } }] }))
}

fn stop() -> String {
    event(&json!({ "choices": [{ "delta": { "content": "" }, "finish_reason": "stop" }] }))
}

fn stream(pieces: &[String], args: &[&str]) -> Run {
    let reply = Reply::status(200).pieces("text/event-stream", pieces.iter().map(String::as_str));
    let stand_in = StandIn::scripted([reply]);
    let run = caption_tone(&stand_in, &[&["--stream"], args].concat());
    stand_in.request();
    run
}

#[track_caller]
fn captioned(pieces: &[String]) -> String {
    stream(pieces, &[]).captioned()
}
