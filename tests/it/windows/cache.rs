//! Windows: the manifest and the cost.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{answer, assert_says, caption, finish, json_reply};
use support::stand_in::{Reply, StandIn};

use super::{caption_long, tone};

#[test]
fn a_failed_window_fails_the_input_but_the_others_are_cached() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |stand_in: &StandIn| {
        let arguments = ["-j", "1", "--max-retries", "0", "--manifest"];
        caption_long(stand_in, 24.0).args(arguments).arg(&manifest).run()
    };
    let served = AtomicUsize::new(0);
    let failing = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        2 => json_reply(400, &json!({ "error": { "message": "no" } })),
        number => answer(&format!("First {number}.")),
    });
    let stderr = run(&failing).failed(3);
    assert_says(&stderr, &["window 00:10 – 00:15: ", "long.wav"]);
    assert_eq!(failing.requests().len(), 3);
    assert_eq!(lines(&manifest).len(), 2);

    let sound = StandIn::always(|| answer("Second."));
    let text = run(&sound).captioned();
    assert_says(&text, &["[00:00 – 00:05] First 0.", "First 1.", "[00:10 – 00:15] Second."]);
    assert_eq!(sound.requests().len(), 3, "only what was not known");

    let unused = StandIn::start();
    assert_eq!(run(&unused).captioned(), text);
    assert_eq!(unused.connections(), 0);
}

#[test]
fn the_sum_includes_windows_of_failed_inputs() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        2 => json_reply(400, &json!({ "error": { "message": "no" } })),
        _ => priced("Rain."),
    });
    let run =
        caption_long(&stand_in, 24.0).file("b.wav", tone(3.0)).args(["-j", "1", "b.wav"]).run();
    assert_eq!(run.code, 3);
    // Two windows of the first input and one of the second.
    assert_says(&run.stderr, &["window 00:10 – 00:15: ", "1 captioned · 1 failed", "$0.75"]);
}

/// Reply with a caption that costs 0.25 USD.
fn priced(caption: &str) -> Reply {
    let choice = json!({ "message": { "content": caption }, "finish_reason": "stop" });
    let meta = json!({ "usage": { "usd_spent": 0.25, "credits_used": 1 } });
    json_reply(200, &json!({ "choices": [choice], "meta": meta }))
}

#[test]
fn the_manifest_and_cached_inputs_report_the_whole_cost() {
    let stand_in = StandIn::always(|| priced("Rain."));
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = || {
        let run =
            caption_long(&stand_in, 14.0).args(["-f", "jsonl", "--manifest"]).arg(&manifest).run();
        run.records()[0]["usd"].as_f64()
    };
    assert_eq!(run(), Some(0.75));
    let kept: f64 = lines(&manifest).iter().filter_map(|line| line["usd"].as_f64()).sum();
    assert!((kept - 0.75).abs() < 1e-9, "{kept}");
    assert_eq!(run(), Some(0.75));
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn an_input_with_all_windows_cached_works_offline() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |arguments: &[&str]| {
        caption_long(&stand_in, 14.0).args(arguments).arg("--manifest").arg(&manifest).run()
    };
    let text = run(&["-j", "1"]).captioned();
    // As if the run had been killed before the last line.
    let kept = std::fs::read_to_string(&manifest).unwrap();
    let windows: Vec<_> = kept.split_inclusive('\n').take(3).collect();
    std::fs::write(&manifest, windows.concat()).unwrap();
    assert_eq!(run(&["--offline"]).captioned(), text);
    std::fs::write(&manifest, windows[..2].concat()).unwrap();
    assert_says(&run(&["--offline"]).failed(3), &["window 00:10 – 00:14: not in the manifest"]);
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn a_cached_caption_without_duration_makes_no_subtitles() {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |format| {
        let run = caption(&stand_in).data_file("multichannel.amr").args([
            "multichannel.amr",
            "-f",
            format,
        ]);
        run.arg("--manifest").arg(&manifest).run()
    };
    run("text").captioned();
    assert_says(
        &run("srt").failed(3),
        &["the length of the audio, which is unknown", "multichannel.amr"],
    );
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn another_window_length_is_not_cached() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let stand_in = StandIn::always(|| answer("Rain."));
    for (window, requests) in [(Some("6s"), 2), (Some("4s"), 5), (None, 6), (Some("6s"), 6)] {
        let run = caption(&stand_in).file("a.wav", tone(12.0)).args(["-q", "a.wav", "--manifest"]);
        let run = run.arg(&manifest);
        let run = if let Some(window) = window { run.args(["--window", window]) } else { run };
        run.run().captioned();
        assert_eq!(stand_in.requests().len(), requests, "{window:?}");
    }
}

#[test]
fn max_spend_applies_within_an_input() {
    let stand_in = StandIn::start();
    let run = caption_long(&stand_in, 24.0).args([
        "-j",
        "1",
        "--max-spend",
        "0.0005",
        "--manifest",
        "m.jsonl",
    ]);
    let manifest = run.folder().join("m.jsonl");
    let mut run = run;
    let stderr = finish(run.spawn()).failed(5);
    assert_says(&stderr, &["window ", "is spent", "long.wav"]);
    let kept = lines(&manifest).len();
    assert_eq!(kept, stand_in.posts());
    assert!((1..5).contains(&kept), "{kept}");
}
