//! Whole runs of the program: the exit code and both outputs, compared with `tests/it/snapshots`.
//! A stray or repeated line fails here.
//!
//! `UPDATE_EXPECT=1 cargo test snapshots` accepts new output.

use expect_test::{ExpectFile, expect_file};
use regex::Regex;
use serde_json::json;

use crate::harness::{Caption, Run, answer, caption, json_reply};
use support::stand_in::{Reply, StandIn};

/// Text that differs between runs, and its replacement.
const VARIABLE_TEXT: [(&str, &str); 6] = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r#""(elapsed_ms|duration_ms)":[0-9.e-]+"#, "\"$1\":TIME"),
    (r"caption-[0-9a-f]{32}", "REQUEST-ID"),
    (r"in \d+(\.\d+)? (ms|s)\b", "in TIME"),
    (r"(done: [^:]+: )\d+\.\d s", "${1}TIME"),
    (r"· \d+\.\d s( ·|\n|$)", "· TIME$1"),
];

/// Asserts that a run equals its snapshot.
#[track_caller]
fn assert_run(run: Caption, expected: &ExpectFile) {
    let folder = run.folder().to_string_lossy().into_owned();
    let Run { code, stdout, stderr } = run.run();
    let mut text = format!("exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}");
    text = text.replace(&folder, "FOLDER");
    for (pattern, replacement) in VARIABLE_TEXT {
        text = Regex::new(pattern).unwrap().replace_all(&text, replacement).into_owned();
    }
    expected.assert_eq(&text);
}

/// Reply with a caption and its cost.
fn paid(caption: &str) -> Reply {
    json_reply(
        200,
        &json!({
            "id": "request-1",
            "choices": [{ "message": { "content": caption }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18 },
            "meta": { "usage": { "usd_spent": 0.01 } },
        }),
    )
}

/// Reply with an error of the service.
fn refused(status: u16, message: &str) -> Reply {
    json_reply(status, &json!({ "error": { "message": message } }))
}

#[test]
fn one_file_as_text() {
    let stand_in = StandIn::scripted([answer("Rain on a tin roof.")]);
    assert_run(
        caption(&stand_in).data_file("tone.wav").arg("tone.wav"),
        &expect_file!["snapshots/one_file_as_text.txt"],
    );
}

#[test]
fn several_files_have_headings() {
    let stand_in = StandIn::scripted([paid("Rain."), paid("Wind.\nAnd hail.")]);
    let run = caption(&stand_in).clips("sfx", 2).args(["-j", "1", "sfx"]);
    assert_run(run, &expect_file!["snapshots/several_files_have_headings.txt"]);
}

#[test]
fn json_is_the_response() {
    let stand_in = StandIn::scripted([paid("Rain.")]);
    let run = caption(&stand_in).data_file("tone.wav").args(["--json", "tone.wav"]);
    assert_run(run, &expect_file!["snapshots/json_is_the_response.txt"]);
}

#[test]
fn jsonl_has_a_record_for_a_failure() {
    let replies = [paid("Rain."), refused(400, "no audio track"), paid("Wind.")];
    let stand_in = StandIn::scripted(replies);
    let run = caption(&stand_in).clips("sfx", 3).args(["-j", "1", "-f", "jsonl", "sfx"]);
    assert_run(run, &expect_file!["snapshots/jsonl_has_a_record_for_a_failure.txt"]);
}

#[test]
fn csv_of_two_files() {
    let stand_in = StandIn::scripted([paid("Rain, \"heavy\"."), paid("Wind.")]);
    let run = caption(&stand_in).clips("sfx", 2).args(["-j", "1", "-f", "csv", "sfx"]);
    assert_run(run, &expect_file!["snapshots/csv_of_two_files.txt"]);
}

#[test]
fn subtitles_of_windows() {
    let stand_in = StandIn::scripted(["Rain.", "Wind.", "Hail."].map(answer));
    let wav = support::audio::wav(8_000, 1, 8, &vec![0.1; 8_000 * 12]);
    let run = caption(&stand_in).file("a.wav", wav);
    let run = run.args(["-j", "1", "--window", "5s", "-f", "srt", "a.wav"]);
    assert_run(run, &expect_file!["snapshots/subtitles_of_windows.txt"]);
}

#[test]
fn dry_run_of_a_folder() {
    let stand_in = StandIn::always(Reply::measured);
    let run = caption(&stand_in).clips("sfx", 2).file("sfx/note.txt", "no audio");
    assert_run(run.args(["--dry-run", "sfx"]), &expect_file!["snapshots/dry_run_of_a_folder.txt"]);
}

#[test]
fn violation_of_a_rule() {
    let stand_in = StandIn::scripted([answer("Rain."), answer("A low voice speaks.")]);
    let run = caption(&stand_in).clips("sfx", 2).args(["-j", "1", "--deny", "voice", "sfx"]);
    assert_run(run, &expect_file!["snapshots/violation_of_a_rule.txt"]);
}

#[test]
fn missing_file() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "nowhere.wav"]);
    assert_run(run, &expect_file!["snapshots/missing_file.txt"]);
}

#[test]
fn wrong_key() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).env("AIMLAPI_KEY", "wrong").clips("sfx", 3);
    assert_run(run.args(["-j", "1", "sfx"]), &expect_file!["snapshots/wrong_key.txt"]);
}

#[test]
fn spending_limit() {
    let stand_in = StandIn::scripted([Reply::status(404), paid("Rain.")]);
    let run = caption(&stand_in).clips("sfx", 4);
    assert_run(
        run.args(["-j", "1", "--max-spend", "0.02", "sfx"]),
        &expect_file!["snapshots/spending_limit.txt"],
    );
}

#[test]
fn verbose_with_a_retry() {
    let stand_in =
        StandIn::scripted([Reply::status(503).header("retry-after", "0"), paid("Rain.")]);
    let run = caption(&stand_in).data_file("tone.mp3").args(["-v", "tone.mp3"]);
    assert_run(run, &expect_file!["snapshots/verbose_with_a_retry.txt"]);
}

#[test]
fn cached_captions_of_a_manifest() {
    let stand_in = StandIn::scripted([paid("Rain."), paid("Wind."), paid("Hail.")]);
    let first = caption(&stand_in).clips("sfx", 2);
    let manifest = tempfile::NamedTempFile::new().unwrap();
    let first = first.args(["-q", "-j", "1", "sfx", "--manifest"]).arg(manifest.path());
    first.run().captioned();
    let content = std::fs::read(manifest.path()).unwrap();
    let run = caption(&stand_in).clips("sfx", 3).file("m.jsonl", content);
    assert_run(
        run.args(["--manifest", "m.jsonl", "sfx"]),
        &expect_file!["snapshots/cached_captions_of_a_manifest.txt"],
    );
}

#[test]
fn sidecar_that_exists_is_skipped() {
    let stand_in = StandIn::scripted([answer("Wind.")]);
    let run = caption(&stand_in).clips("sfx", 2).file("sfx/000.txt", "Rain.\n");
    assert_run(
        run.args(["--sidecar", "sfx"]),
        &expect_file!["snapshots/sidecar_that_exists_is_skipped.txt"],
    );
}

#[test]
fn wrong_usage() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav");
    assert_run(
        run.args(["--max-spent", "1", "tone.wav"]),
        &expect_file!["snapshots/wrong_usage.txt"],
    );
}
