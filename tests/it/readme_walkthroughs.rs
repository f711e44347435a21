//! Runs the commands of the README as they stand and checks their verdicts.

#![cfg(unix)]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{
    Caption, Run, answer, assert_says, caption, clip, file_names, json_reply, unconfigured,
};
use crate::skipped_tests::has_programs;
use support::audio::{samples, sine, wav};
use support::stand_in::StandIn;

const README: &str = include_str!("../../README.md");

/// Words before each block of commands with the program in it. A test here runs each of them.
const BLOCKS: [&str; 18] = [
    "Then the real thing, with a key",
    "**One file.**",
    "**Long recordings.**",
    "**A URL.**",
    "**Standard input.**",
    "**Folders, globs and lists.**",
    "**Never pay twice.**",
    "**Files beside the sounds.**",
    "**What would it cost?**",
    "**Audits.**",
    "**An audit from the first run to CI.**",
    "In CI only sounds that are new",
    "**The whole answer.**",
    "**Training sets.**",
    "**A server of your own.**",
    "**Completions and the manual page.**",
    // The tests of the sandbox run it.
    "**The sandbox with your own files.**",
    // The tests of the README compare it with the program.
    "## Options",
];

/// Returns the first block of commands or settings after these words.
fn block(after: &str, kind: &str) -> &'static str {
    assert!(kind == "toml" || BLOCKS.contains(&after), "{after}");
    let (_, rest) = README.split_once(after).unwrap();
    let (_, block) = rest.split_once(&format!("```{kind}\n")).unwrap();
    block.split_once("```").unwrap().0
}

/// Splits a block into its commands, which may have several lines.
fn commands(block: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    for line in block.lines().filter(|line| !line.is_empty()) {
        let command = commands.last_mut().unwrap();
        command.push_str(line);
        command.push('\n');
        if !line.ends_with(['\\', '|']) {
            commands.push(String::new());
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// Runs a command as a shell does, in the folder and the environment of a run.
fn shell(run: &mut Caption, script: &str) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_caption")).parent().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg0("sh").current_dir(run.folder()).env_clear();
    shell.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()));
    let environment = run.command().get_envs();
    shell.envs(environment.filter_map(|(name, value)| Some((name, value?))));
    Run::from(shell.output().unwrap())
}

/// Runs the commands after these words in order, without those that install the program.
fn walk<const COUNT: usize>(after: &str, run: &mut Caption) -> [Run; COUNT] {
    let commands = commands(block(after, "sh"));
    let commands = commands
        .iter()
        .filter(|command| !["cargo ", "export "].iter().any(|start| command.starts_with(start)));
    let runs: Vec<_> = commands.map(|command| shell(run, command)).collect();
    runs.try_into().unwrap_or_else(|runs: Vec<Run>| panic!("{} commands: {runs:?}", runs.len()))
}

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

fn read(run: &Caption, name: &str) -> String {
    fs::read_to_string(run.folder().join(name)).unwrap()
}

/// Copies a sound of `examples/audio` into the folder of the run.
fn example(run: Caption, example: &str, name: &str) -> Caption {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/audio");
    run.file(name, fs::read(folder.join(example)).unwrap())
}

#[test]
fn every_block_with_the_program_is_run() {
    let blocks = README.match_indices("```sh\n").chain(README.match_indices("```console\n"));
    let blocks = blocks.filter(|(at, _)| {
        let (block, _) = README[at + 3..].split_once("```").unwrap();
        block.contains("caption ") || block.contains("--example sandbox --")
    });
    assert_eq!(blocks.count(), BLOCKS.len());
    for words in BLOCKS {
        assert_eq!(README.matches(words).count(), 1, "{words}");
    }
}

#[test]
fn one_file_prints_its_caption() {
    let stand_in = rain();
    let mut run = example(caption(&stand_in), "doorbell.mp3", "examples/audio/doorbell.mp3");
    let [doorbell] = walk(BLOCKS[0], &mut run);
    assert_eq!(doorbell.captioned(), "Rain.\n");
    let mut run = example(run, "doorbell.mp3", "song.mp3");
    let [printed, written] = walk("**One file.**", &mut run);
    assert_eq!((printed.captioned().as_str(), written.captioned().as_str()), ("Rain.\n", ""));
    assert_eq!(read(&run, "song.txt"), "Rain.\n");
}

#[test]
fn long_recordings_have_timelines_and_subtitles() {
    let stand_in = rain();
    let long = wav(16_000, 1, 16, &samples(16_000, 45.0, |t| 0.5 * sine(440.0)(t)));
    let run = caption(&stand_in).file("interview.wav", &long).data_file("tone.m4a");
    let mut run = example(run, "alarm.flac", "day.flac");
    let folder = run.folder();
    fs::rename(folder.join("tone.m4a"), folder.join("trailer.mp4")).unwrap();
    let [timeline, subtitles, records] = walk("**Long recordings.**", &mut run);
    let timeline = timeline.captioned();
    assert_eq!(timeline.lines().count(), 2);
    assert_says(&timeline, &["[00:00 – 00:", "] Rain.\n[00:", " – 00:45] Rain."]);
    subtitles.captioned();
    assert_says(&read(&run, "trailer.srt"), &["1\n00:00:00,000 --> 00:00:0", "Rain."]);
    let record = &records.records()[0];
    assert_eq!((records.code, record["windows"][0]["caption"].as_str()), (0, Some("Rain.")));
    assert_says(&read(&run, "m.jsonl"), &["Rain."]);
}

#[test]
fn a_url_is_passed_on_and_inline_needs_the_network() {
    let stand_in = rain();
    // The host is not reached: nothing listens at the proxy.
    let run = caption(&stand_in).env("HTTPS_PROXY", "http://127.0.0.1:1");
    let mut run = run.file("caption.toml", "max-retries = 0\n");
    let [passed, inline] = walk("**A URL.**", &mut run);
    assert_eq!(passed.captioned(), "Rain.\n");
    let request = stand_in.request().json().to_string();
    assert!(request.contains("\"https://example.com/door.wav\""), "{request}");
    let said = inline.failed(3);
    assert_says(&said, &["https://bucket.example.com/door.wav?"]);
    assert!(!said.contains("signature"), "{said}");
}

#[test]
fn sound_comes_from_a_pipe() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = rain();
    let mut run = caption(&stand_in);
    let film = "ffmpeg -v error -f lavfi -i sine=duration=1 film.mkv";
    shell(&mut run, film).captioned();
    let [piped] = walk("**Standard input.**", &mut run);
    assert_eq!(piped.captioned(), "Rain.\n");
}

#[test]
fn folders_globs_and_lists_are_captioned_in_order() {
    let stand_in = rain();
    let run = caption(&stand_in).clips("sfx", 40).clips("voices", 1).clips("sfx/old", 9);
    let mut run = example(run, "alarm.flac", "music/deep/alarm.flac");
    let [all, list, shard] = walk("**Folders, globs and lists.**", &mut run);
    let all = all.ended(0);
    assert_says(&all, &["sfx/000.wav", "sfx/039.wav", "music/deep/alarm.flac"]);
    assert_eq!(list.ended(0).matches("==> ").count(), 50);
    let shard = shard.ended(0);
    let names = shard.lines().filter(|line| line.starts_with("==> ")).count();
    assert!((1..20).contains(&names) && !shard.contains("old/"), "{shard}");
}

#[test]
fn a_caption_in_the_manifest_is_not_paid_again() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("sfx", 3);
    let [first, offline] = walk("**Never pay twice.**", &mut run);
    assert_eq!((first.code, offline.code), (0, 0));
    assert_eq!(read(&run, "captions.csv").matches("Rain.").count(), 3);
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn sidecars_lie_beside_the_sounds_and_in_a_tree_of_their_own() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("train", 2).clips("sfx", 1);
    let [plain, prepended, tree] = walk("**Files beside the sounds.**", &mut run);
    for run in [plain, prepended, tree] {
        assert_eq!(run.ended(0), "");
    }
    assert_eq!(read(&run, "train/001.txt"), "Rain.\n");
    assert_eq!(read(&run, "train/001.caption"), "ohwx style, Rain.\n");
    assert_eq!(file_names(&run.folder().join("captions")), ["000.jsonl", "000.txt"]);
}

#[test]
fn a_dry_run_sends_nothing_and_a_limit_is_kept() {
    let stand_in = StandIn::always(|| {
        let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
        let meta = json!({ "usage": { "usd_spent": 0.25 } });
        json_reply(200, &json!({ "choices": [choice], "meta": meta }))
    });
    let mut run = caption(&stand_in).clips("sfx", 12);
    let [listed, limited] = walk("**What would it cost?**", &mut run);
    let rows = listed.ended(0);
    assert_eq!(rows.lines().filter(|row| row.contains(" new ")).count(), 12, "{rows}");
    // Ten are $2.50.
    assert_eq!(limited.ended(5).matches("Rain.").count(), 10);
}

#[test]
fn the_audits_find_what_they_promise() {
    for (text, codes) in [
        ("A low voice.", [1, 1]),
        ("Wind.", [0, 1]),
        ("A person is walking.", [0, 0]),
        ("He sings, walking.", [1, 0]),
        ("A passing car, then footsteps.", [0, 0]),
    ] {
        let stand_in = StandIn::always(move || answer(text));
        let mut run = caption(&stand_in).clips("ambience", 1).file("foley/a.wav", clip(1));
        // The manifest has to have the caption.
        shell(&mut run, "caption --manifest captions.jsonl ambience/").ended(0);
        let runs: [Run; 2] = walk("**Audits.**", &mut run);
        assert_eq!(runs.map(|run| run.code), codes, "{text}");
        assert_eq!(stand_in.requests().len(), 2);
    }
}

#[test]
fn the_audit_from_the_first_run_finds_what_the_settings_forbid() {
    if !has_programs(&["git"]) {
        return;
    }
    let settings = block("**`caption.toml`.**", "toml");
    for (text, code) in [("A low voice.", 1), ("Wind.", 0)] {
        let stand_in = StandIn::always(move || answer(text));
        let mut run = caption(&stand_in).file("caption.toml", settings);
        run = run.file("assets/ambience/a.wav", clip(1)).file("assets/talk/b.wav", clip(2));
        shell(&mut run, "git init -q").captioned();
        let [first, staged, offline] = walk(BLOCKS[10], &mut run);
        assert_eq!([first.code, staged.code, offline.code], [code, 0, code], "{}", first.stderr);
        let violations = offline.stderr.lines().filter(|line| line.contains("broken: "));
        let violations: Vec<_> = violations.collect();
        assert_eq!(violations.len(), usize::try_from(code).unwrap(), "{violations:?}");
        let is_right = |line: &&str| line.contains("(no-speech): assets/ambience/a.wav");
        assert!(violations.iter().all(is_right), "{violations:?}");
        assert_eq!(stand_in.requests().len(), 2);
        assert!(read(&run, "caption-report.html").contains(text));
        let staged = shell(&mut run, "git diff --cached --name-only").captioned();
        assert_eq!(staged, "caption.toml\ncaptions.jsonl\n");
    }
}

#[test]
fn ci_captions_only_new_sounds() {
    if !has_programs(&["git"]) {
        return;
    }
    let stand_in = rain();
    let mut run = caption(&stand_in).file("assets/old.wav", clip(1));
    let commit = "git add . && git -c user.name=t -c user.email=t@example.com commit -qm x";
    shell(&mut run, &format!("git init -q && {commit} && git tag base")).captioned();
    run = run.env("BASE", "base");
    // Nothing is new.
    let [none] = walk("In CI only sounds that are new", &mut run);
    assert_eq!(none.ended(0), "");
    run = run.file("assets/new sound.wav", clip(2));
    shell(&mut run, commit).captioned();
    let [new] = walk("In CI only sounds that are new", &mut run);
    assert_says(&new.ended(0), &["Rain."]);
    assert_says(&read(&run, "captions.jsonl"), &["assets/new sound.wav"]);
    assert_eq!(stand_in.requests().len(), 1);
}

#[test]
fn the_response_is_read_by_jq() {
    if !has_programs(&["jq"]) {
        return;
    }
    let stand_in = StandIn::always(|| {
        let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
        json_reply(200, &json!({ "choices": [choice], "usage": { "completion_tokens": 212 } }))
    });
    let mut run = example(caption(&stand_in), "doorbell.mp3", "song.mp3");
    let [content, usage] = walk("**The whole answer.**", &mut run);
    assert_eq!(content.captioned(), "Rain.\n");
    assert_says(&usage.captioned(), &["\"completion_tokens\": 212"]);
}

#[test]
fn training_scripts_find_their_files() {
    if !has_programs(&["jq"]) {
        return;
    }
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("train", 3).file("train/000.txt", "la la la");
    let runs: [Run; 3] = walk("**Training sets.**", &mut run);
    for run in runs {
        assert_eq!(run.ended(0), "");
    }
    // kohya
    assert_eq!(read(&run, "train/002.caption"), "ohwx style, Rain.\n");
    // ACE-Step, with lyrics in the text file
    assert_eq!(read(&run, "train/000.caption.txt"), "Rain.\n");
    assert_eq!(read(&run, "train/000.txt"), "la la la");
    // AudioFolder
    let metadata = read(&run, "train/metadata.jsonl");
    let rows: Vec<Value> =
        metadata.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1], json!({ "file_name": "001.wav", "text": "Rain." }));
    // 3 clips, 2 sidecars each, lyrics and metadata
    assert_eq!(file_names(&run.folder().join("train")).len(), 11);
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn a_server_of_your_own_is_asked_for_its_model() {
    let stand_in = rain();
    let mut run = example(caption(&stand_in), "doorbell.mp3", "song.mp3");
    // The server of the example has another port here.
    let block = block("**A server of your own.**", "sh");
    let command = block.replace("http://localhost:8000/v1", &stand_in.base_url());
    assert_ne!(command, block);
    assert_eq!(shell(&mut run, &command).captioned(), "Rain.\n");
    assert_eq!(stand_in.request().json()["model"], "Qwen/Qwen3-Omni-30B-A3B-Captioner");
}

#[test]
fn completions_and_the_manual_page_are_installed() {
    let mut run = unconfigured();
    for command in commands(block("**Completions and the manual page.**", "sh")) {
        shell(&mut run, &command).captioned();
    }
    for name in [
        ".local/share/bash-completion/completions/caption",
        ".config/fish/completions/caption.fish",
        ".zfunc/_caption",
        ".local/share/man/man1/caption.1",
    ] {
        assert!(read(&run, name).contains("manifest"), "{name}");
    }
}
