//! Runs the recipes of the README for training sets.

#![cfg(unix)]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{answer, caption, file_names, finish};
use crate::skipped_tests::has_programs;
use support::stand_in::StandIn;

const README: &str = include_str!("../../README.md");

/// Returns the command in the README that contains these words, with all its lines.
fn recipe(words: &str) -> String {
    let (_, section) = README.split_once("**Training sets.**").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let commands = block.split("\n\n").flat_map(|part| part.split_inclusive('\n'));
    let mut command = String::new();
    for line in commands {
        let is_end = !line.trim_end().ends_with('\\') && !line.trim_end().ends_with('|');
        command.push_str(line);
        if is_end {
            if command.contains(words) {
                return command;
            }
            command.clear();
        }
    }
    panic!("{words:?} is in no recipe");
}

/// Runs a recipe on three clips in the folder `train` and returns a copy of the folder.
fn run_recipe(words: &str) -> tempfile::TempDir {
    let stand_in = StandIn::always(|| answer("Rain."));
    let copy = tempfile::tempdir().unwrap();
    let run = caption(&stand_in).clips("train", 3).file("train/000.txt", "la la la");
    let program = Path::new(env!("CARGO_BIN_EXE_caption")).parent().unwrap();
    let folder = run.folder().join("train");
    let mut run =
        run.in_shell(&format!("set -e; PATH={}:$PATH\n{}", program.display(), recipe(words)));
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for name in file_names(&folder) {
        fs::copy(folder.join(&name), copy.path().join(&name)).unwrap();
    }
    assert_eq!(stand_in.requests().len(), 3);
    copy
}

#[test]
fn kohya_finds_a_caption_beside_each_file() {
    let folder = run_recipe("{stem}.caption'");
    let read = fs::read_to_string(folder.path().join("002.caption")).unwrap();
    assert_eq!(read, "ohwx style, Rain.\n");
    assert_eq!(file_names(folder.path()).len(), 7);
}

#[test]
fn ace_step_finds_captions_separate_from_lyrics() {
    let folder = run_recipe("{stem}.caption.txt'");
    assert_eq!(fs::read_to_string(folder.path().join("000.caption.txt")).unwrap(), "Rain.\n");
    assert_eq!(fs::read_to_string(folder.path().join("000.txt")).unwrap(), "la la la");
}

#[test]
fn an_audio_folder_has_its_metadata() {
    if !has_programs(&["jq"]) {
        return;
    }
    let folder = run_recipe("metadata.jsonl");
    let metadata = fs::read_to_string(folder.path().join("metadata.jsonl")).unwrap();
    let rows: Vec<Value> =
        metadata.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1], serde_json::json!({ "file_name": "001.wav", "text": "Rain." }));
}
