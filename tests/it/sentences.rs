//! `--sentences`: the first sentences of a caption are printed and written, and the manifest keeps all.

use std::fs;

use serde_json::json;

use crate::harness::{Caption, answer, assert_says, caption, finish, json_reply, unconfigured};
use support::stand_in::StandIn;

const WHOLE: &str = "Dr. Hill says \"Go!\" at 3.5 kHz. Rain falls. Wind blows.";
const FIRST: &str = "Dr. Hill says \"Go!\" at 3.5 kHz.";

fn service() -> StandIn {
    StandIn::always(|| answer(WHOLE))
}

fn shortened(stand_in: &StandIn, args: &[&str]) -> Caption {
    caption(stand_in).data_file("tone.wav").args(["--sentences", "1", "tone.wav"]).args(args)
}

#[test]
fn text_records_tables_and_sidecars_have_the_first_sentences() {
    let stand_in = service();
    assert_eq!(shortened(&stand_in, &[]).run().captioned(), format!("{FIRST}\n"));
    let two = shortened(&stand_in, &["--sentences", "2", "--prepend", "ohwx, "]).run();
    assert_eq!(two.captioned(), format!("ohwx, {FIRST} Rain falls.\n"));
    let records = shortened(&stand_in, &["-f", "jsonl"]).run().records();
    assert_eq!(records[0]["caption"], FIRST);
    let table = shortened(&stand_in, &["-f", "csv"]).run().captioned();
    assert!(table.contains("kHz.\",") && !table.contains("Rain"), "{table}");
    let mut run = shortened(&stand_in, &["--sidecar", "-f", "text", "-f", "srt"]);
    finish(run.spawn()).captioned();
    let read = |name| fs::read_to_string(run.folder().join(name)).unwrap();
    assert_eq!(read("tone.txt"), format!("{FIRST}\n"));
    assert_says(&read("tone.srt").replace('\n', " "), &[FIRST]);
    assert!(!read("tone.srt").contains("Rain"));
}

#[test]
fn the_manifest_keeps_the_whole_caption_for_another_number() {
    let stand_in = service();
    let mut run = shortened(&stand_in, &["--manifest", "m"]);
    finish(run.spawn()).captioned();
    let manifest = fs::read_to_string(run.folder().join("m")).unwrap();
    assert_says(&manifest, &["Wind blows.\""]);
    for (count, expected) in [("2", "Dr. Hill says \"Go!\" at 3.5 kHz. Rain falls."), ("9", WHOLE)]
    {
        let run = unconfigured().data_file("tone.wav").file("m", &manifest);
        let run = run.args(["--manifest", "m", "--offline", "--sentences", count, "tone.wav"]);
        assert_eq!(run.run().captioned(), format!("{expected}\n"));
    }
}

#[test]
fn the_response_of_the_service_is_unaltered_with_a_warning() {
    let run = shortened(&service(), &["--json"]).run();
    assert_says(&run.stdout, &["Wind blows."]);
    assert_says(&run.stderr, &["--sentences has no effect with json"]);
}

#[test]
fn rules_judge_the_whole_caption() {
    let run = shortened(&service(), &["--deny", "wind"]).run();
    assert_eq!(run.code, 1);
    assert_eq!(run.stdout, format!("{FIRST}\n"));
    assert_says(&run.stderr, &["\"Wind blows.\""]);
}

#[test]
fn a_caption_that_is_cut_behind_the_written_sentences_is_written_without_a_note() {
    let choice = json!({ "message": { "content": WHOLE }, "finish_reason": "length" });
    let reply = json!({ "choices": [choice] });
    let stand_in = StandIn::always(move || json_reply(200, &reply));
    assert_eq!(shortened(&stand_in, &["--max-tokens", "20"]).run().stderr, "");
    let all = shortened(&stand_in, &["--max-tokens", "20", "--sentences", "3"]).run();
    assert_says(&all.stderr, &["cut at --max-tokens"]);
}

#[test]
fn no_number_of_sentences_is_wrong_usage() {
    for number in ["0", "-1", "few"] {
        let run = shortened(&service(), &[&format!("--sentences={number}")]).run();
        assert_eq!(run.code, 2);
        assert_says(&run.stderr, &["--sentences"]);
    }
}
