//! A manifest that is changed during a run.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Caption, Run, answer, caption, finish};
use support::stand_in::{Gate, Reply, StandIn};

/// Changes the folder while two of four captions are in the manifest.
fn run_with_change(change: impl FnOnce(&Path)) -> (Caption, Run) {
    let gate = Gate::closed();
    let script = [answer("one"), answer("two"), answer("three").held_by(&gate)];
    let stand_in = StandIn::scripted(script.into_iter().chain([answer("four")]));
    let mut run = caption(&stand_in).clips("x", 4).file("m.jsonl", "");
    run = run.args(["-j1", "-f", "jsonl", "--manifest", "m.jsonl", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(3);
    let path = run.folder().join("m.jsonl");
    assert_eq!(captions(&path).len(), 2);
    change(run.folder());
    gate.open();
    let ended = finish(child);
    let delivered: Vec<_> = ended
        .records()
        .iter()
        .map(|record| record["caption"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(delivered, ["one", "two", "three", "four"], "{}", ended.stderr);
    assert_eq!(stand_in.requests().len(), 4);
    (run, ended)
}

/// Returns the captions of a manifest. Every line is a whole entry.
#[track_caller]
fn captions(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    let caption = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        record["caption"].as_str().unwrap().to_owned()
    };
    text.lines().map(caption).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Asserts that one line of standard error reports the change, with the name of the manifest.
#[track_caller]
fn assert_reported_once(ended: &Run) {
    let lines: Vec<_> = ended.stderr.lines().filter(|line| line.contains("m.jsonl")).collect();
    assert_eq!(lines.len(), 1, "it is reported once: {}", ended.stderr);
    assert!(lines[0].contains("manifest"), "{}", lines[0]);
}

/// Returns an entry of another input.
fn foreign() -> String {
    let record = serde_json::json!({
        "input": "other.wav", "sha256": "0".repeat(64), "caption": "foreign", "model": "m",
    });
    format!("{record}\n")
}

#[test]
fn a_manifest_replaced_during_a_run_keeps_its_new_entries_and_all_of_the_run() {
    let (run, ended) = run_with_change(|folder| {
        fs::write(folder.join("new"), foreign()).unwrap();
        fs::rename(folder.join("new"), folder.join("m.jsonl")).unwrap();
    });
    let kept = captions(&run.folder().join("m.jsonl"));
    assert_eq!(kept, set(&["foreign", "four", "one", "three", "two"]));
    assert_reported_once(&ended);
}

#[test]
fn a_manifest_saved_by_an_editor_during_a_run_has_no_entry_twice() {
    let (run, ended) = run_with_change(|folder| {
        let text = fs::read(folder.join("m.jsonl")).unwrap();
        fs::write(folder.join("new"), text).unwrap();
        fs::rename(folder.join("new"), folder.join("m.jsonl")).unwrap();
    });
    let path = run.folder().join("m.jsonl");
    assert_eq!(captions(&path), set(&["four", "one", "three", "two"]));
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 4, "{}", ended.stderr);
}

#[test]
fn a_manifest_moved_or_deleted_during_a_run_is_created_again_with_all_entries() {
    let (run, ended) = run_with_change(|folder| {
        fs::rename(folder.join("m.jsonl"), folder.join("moved.jsonl")).unwrap();
    });
    assert_eq!(captions(&run.folder().join("m.jsonl")), set(&["four", "one", "three", "two"]));
    assert!(captions(&run.folder().join("moved.jsonl")).is_superset(&set(&["one", "two"])));
    assert_reported_once(&ended);

    let (run, ended) = run_with_change(|folder| fs::remove_file(folder.join("m.jsonl")).unwrap());
    assert_eq!(captions(&run.folder().join("m.jsonl")), set(&["four", "one", "three", "two"]));
    assert_reported_once(&ended);
}

#[test]
fn a_manifest_truncated_during_a_run_keeps_all_of_the_run() {
    let lens: [fn(u64) -> u64; 4] = [|_| 0, |len| len / 2 - 7, |len| len - 1, |len| len - 9];
    for len in lens {
        let (run, ended) = run_with_change(|folder| {
            let file = OpenOptions::new().write(true).open(folder.join("m.jsonl")).unwrap();
            file.set_len(len(file.metadata().unwrap().len())).unwrap();
        });
        let text = fs::read_to_string(run.folder().join("m.jsonl")).unwrap();
        for caption in ["three", "four"] {
            let whole = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            assert_eq!(whole.filter(|line| line["caption"] == caption).count(), 1, "{text}");
        }
        assert_reported_once(&ended);
    }
}

#[test]
fn a_manifest_deleted_after_the_last_caption_is_created_again() {
    let gate = Gate::closed();
    let script = [answer("one"), answer("two"), Reply::status(400).held_by(&gate)];
    let stand_in = StandIn::scripted(script);
    let mut run = caption(&stand_in).clips("x", 3).args(["-j1", "--manifest", "m.jsonl", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(3);
    let path = run.folder().join("m.jsonl");
    fs::remove_file(&path).unwrap();
    gate.open();
    let ended = finish(child);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(captions(&path), set(&["one", "two"]));
    assert_reported_once(&ended);
}

#[test]
fn a_manifest_whose_folder_is_deleted_stops_the_run_and_the_captions_are_delivered() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("one"), answer("two").held_by(&gate)]);
    let mut run = caption(&stand_in).clips("x", 6).file("cache/m.jsonl", "");
    run = run.args(["-j1", "-f", "jsonl", "--manifest", "cache/m.jsonl", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(2);
    fs::remove_dir_all(run.folder().join("cache")).unwrap();
    gate.open();
    let ended = finish(child);
    let delivered: Vec<_> = ended.records();
    assert!(delivered.iter().any(|record| record["caption"] == "two"), "{}", ended.stdout);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(stand_in.requests().len(), 2, "nothing more is sent that cannot be kept");
    assert!(ended.stderr.contains("cache/m.jsonl"), "{}", ended.stderr);
}

#[test]
fn entries_appended_by_another_run_are_not_reported() {
    let (run, ended) = run_with_change(|folder| {
        let mut file = OpenOptions::new().append(true).open(folder.join("m.jsonl")).unwrap();
        file.write_all(foreign().as_bytes()).unwrap();
    });
    let kept = captions(&run.folder().join("m.jsonl"));
    assert_eq!(kept, set(&["foreign", "four", "one", "three", "two"]));
    assert!(!ended.stderr.contains("m.jsonl"), "{}", ended.stderr);
    assert_eq!(ended.code, 0);
}
