//! Runs the commands of the README and the guide as they stand and checks their results.

#![cfg(unix)]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::docs::{PAGES, page};
use crate::harness::{
    Caption, Run, answer, assert_says, caption, clip, file_names, json_reply, unconfigured,
};
use crate::skipped_tests::has_programs;
use support::audio::{samples, sine, wav};
use support::stand_in::StandIn;

/// Page and heading of each block of commands with the program in it. A test here runs each of them.
const BLOCKS: [(&str, &str); 26] = [
    ("README.md", "## First caption"),
    ("README.md", "### One file"),
    ("README.md", "### Folders"),
    ("README.md", "### Never pay twice"),
    ("README.md", "### Files beside the audio"),
    ("README.md", "### Long recordings"),
    ("README.md", "### Cost"),
    ("README.md", "### Audits"),
    ("audits.md", "## Rules on the command line"),
    ("audits.md", "## From the first run to CI"),
    ("audits.md", "## In CI"),
    ("batches.md", "## Inputs"),
    ("batches.md", "## The manifest"),
    ("batches.md", "## Cost"),
    ("formats.md", "## Long recordings"),
    ("formats.md", "## Audio tracks"),
    ("output.md", "## Raw JSON"),
    ("output.md", "## Subtitles"),
    ("output.md", "## Files beside the audio"),
    ("servers.md", "## Your own server"),
    ("training-sets.md", "## Caption the set"),
    ("training-sets.md", "## Short captions"),
    ("options.md", "## Man page and completions"),
    // The tests of the guide compare it with the program.
    ("options.md", "## Help"),
    // The tests of the sandbox run it.
    ("development.md", "## The sandbox with your own files"),
    ("development.md", "## Tests"),
];

/// Returns the first block of commands or settings under a heading.
fn block((name, heading): (&str, &str), kind: &str) -> &'static str {
    let (_, rest) = page(name).split_once(&format!("\n{heading}\n")).expect(heading);
    let section = rest.split("\n#").next().unwrap();
    let (_, block) = section.split_once(&format!("```{kind}\n")).expect(heading);
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

/// Runs the commands under a heading in order, without those that install the program.
fn walk<const COUNT: usize>(page: &str, heading: &str, run: &mut Caption) -> [Run; COUNT] {
    assert!(BLOCKS.contains(&(page, heading)), "{page}: {heading}");
    let commands = commands(block((page, heading), "sh"));
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
    for (path, text) in PAGES {
        let mut heading = "";
        let mut blocks = text.split("\n```");
        while let (Some(prose), Some(block)) = (blocks.next(), blocks.next()) {
            heading = prose.lines().rfind(|line| line.starts_with('#')).unwrap_or(heading);
            let (kind, commands) = block.split_once('\n').unwrap();
            let names_program = commands.contains("caption ") || commands.contains("cargo test");
            if ["sh", "console"].contains(&kind) && names_program {
                let is_run =
                    BLOCKS.iter().any(|(page, known)| path.ends_with(page) && *known == heading);
                assert!(is_run || heading == "## Try it", "{path}: {heading}");
            }
        }
    }
    for (name, heading) in BLOCKS {
        let headings = page(name).lines().filter(|line| *line == heading).count();
        assert_eq!(headings, 1, "{name}: {heading}");
    }
}

#[test]
fn one_file_prints_its_caption() {
    let stand_in = rain();
    let mut run = example(caption(&stand_in), "doorbell.mp3", "examples/audio/doorbell.mp3");
    let [doorbell] = walk("README.md", "## First caption", &mut run);
    assert_eq!(doorbell.captioned(), "Rain.\n");
}

#[test]
fn one_file_is_printed_written_fetched_and_piped() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = rain();
    let mut run = example(caption(&stand_in), "doorbell.mp3", "song.mp3");
    let film = "ffmpeg -v error -f lavfi -i sine=duration=1 film.mkv";
    shell(&mut run, film).captioned();
    let [printed, written, passed, named, json, piped] =
        walk("README.md", "### One file", &mut run);
    assert_eq!(named.captioned(), "");
    assert!(json.captioned().contains("\"choices\""));
    assert_eq!((printed.captioned().as_str(), written.captioned().as_str()), ("Rain.\n", ""));
    assert_eq!(read(&run, "song.txt"), "Rain.\n");
    assert_eq!((passed.captioned().as_str(), piped.captioned().as_str()), ("Rain.\n", "Rain.\n"));
    let request = stand_in.requests()[2].json().to_string();
    assert!(request.contains("\"https://example.com/door.wav\""), "{request}");
}

#[test]
fn long_recordings_have_timelines_subtitles_and_records() {
    let stand_in = rain();
    let run = long_recordings(&stand_in);
    let mut run = example(run, "alarm.flac", "day.flac");
    let [timeline, subtitles, records] = walk("formats.md", "## Long recordings", &mut run);
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
fn the_readme_and_the_page_of_outputs_make_subtitles() {
    let stand_in = rain();
    let mut run = long_recordings(&stand_in);
    let [timeline, subtitles] = walk("README.md", "### Long recordings", &mut run);
    assert_eq!(timeline.captioned().lines().count(), 2);
    subtitles.captioned();
    let written = read(&run, "trailer.srt");
    assert_says(&written, &["1\n00:00:00,000 --> 00:00:0", "Rain."]);
    let [again] = walk("output.md", "## Subtitles", &mut run);
    again.captioned();
    assert_eq!(read(&run, "trailer.srt"), written);
}

fn long_recordings(stand_in: &StandIn) -> Caption {
    let long = wav(16_000, 1, 16, &samples(16_000, 45.0, |t| 0.5 * sine(440.0)(t)));
    let run = caption(stand_in).file("interview.wav", &long).data_file("tone.m4a");
    let folder = run.folder();
    fs::rename(folder.join("tone.m4a"), folder.join("trailer.mp4")).unwrap();
    run
}

#[test]
fn folders_globs_and_lists_are_captioned_in_order() {
    let stand_in = rain();
    let run = caption(&stand_in).clips("sfx", 40).clips("voices", 1).clips("sfx/old", 9);
    let mut run = example(run, "alarm.flac", "music/deep/alarm.flac");
    let [all, list] = walk("README.md", "### Folders", &mut run);
    let all = all.ended(0);
    assert_says(&all, &["sfx/000.wav", "sfx/039.wav", "music/deep/alarm.flac"]);
    assert_eq!(list.ended(0).matches("==> ").count(), 50);
    let [shard] = walk("batches.md", "## Inputs", &mut run);
    let shard = shard.ended(0);
    let names = shard.lines().filter(|line| line.starts_with("==> ")).count();
    assert!((1..20).contains(&names) && !shard.contains("old/"), "{shard}");
}

#[test]
fn a_caption_in_the_manifest_is_not_paid_again() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("sfx", 3);
    let [first, offline] = walk("README.md", "### Never pay twice", &mut run);
    assert_eq!((first.code, offline.code), (0, 0));
    let [again] = walk("batches.md", "## The manifest", &mut run);
    again.ended(0);
    assert_eq!(read(&run, "captions.csv").matches("Rain.").count(), 3);
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn sidecars_lie_beside_the_audio_and_in_a_tree_of_their_own() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("train", 2).clips("sfx", 1);
    let [plain, prepended, tree] = walk("output.md", "## Files beside the audio", &mut run);
    for run in [plain, prepended, tree] {
        assert_eq!(run.ended(0), "");
    }
    assert_eq!(read(&run, "train/001.txt"), "Rain.\n");
    assert_eq!(read(&run, "train/001.caption"), "ohwx style, Rain.\n");
    assert_eq!(file_names(&run.folder().join("captions")), ["000.jsonl", "000.txt"]);
    let [beside, tree] = walk("README.md", "### Files beside the audio", &mut run);
    assert_eq!((beside.ended(0).as_str(), tree.ended(0).as_str()), ("", ""));
    assert_eq!(read(&run, "sfx/000.txt"), "Rain.\n");
}

#[test]
fn a_dry_run_sends_nothing_and_a_limit_is_kept() {
    for page in ["README.md", "batches.md"] {
        let stand_in = StandIn::always(|| {
            let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
            let meta = json!({ "usage": { "usd_spent": 0.25 } });
            json_reply(200, &json!({ "choices": [choice], "meta": meta }))
        });
        let mut run = caption(&stand_in).clips("sfx", 12);
        let heading = if page == "README.md" { "### Cost" } else { "## Cost" };
        let [listed, limited] = walk(page, heading, &mut run);
        let rows = listed.ended(0);
        assert_eq!(rows.lines().filter(|row| row.contains(" new ")).count(), 12, "{rows}");
        // Ten are $2.50.
        assert_eq!(limited.ended(5).matches("Rain.").count(), 10);
    }
}

#[test]
fn the_audits_find_what_they_promise() {
    for (text, codes, readme_codes) in [
        ("A low voice.", [1, 1], [1, 0]),
        ("Wind.", [0, 1], [0, 0]),
        ("A person is walking.", [0, 0], [0, 0]),
        ("He sings, walking.", [1, 0], [0, 0]),
        ("A passing car, then footsteps.", [0, 0], [0, 0]),
    ] {
        let stand_in = StandIn::always(move || answer(text));
        let mut run = caption(&stand_in).clips("ambience", 1).file("foley/a.wav", clip(1));
        // The manifest has to have the caption.
        shell(&mut run, "caption --manifest captions.jsonl ambience/").ended(0);
        let runs: [Run; 2] = walk("audits.md", "## Rules on the command line", &mut run);
        assert_eq!(runs.map(|run| run.code), codes, "{text}");
        let runs: [Run; 2] = walk("README.md", "### Audits", &mut run);
        assert_eq!(runs.map(|run| run.code), readme_codes, "{text}");
        assert_eq!(stand_in.requests().len(), 2);
        assert!(read(&run, "caption-report.html").contains(text));
    }
}

#[test]
fn the_audit_from_the_first_run_finds_what_the_settings_forbid() {
    if !has_programs(&["git"]) {
        return;
    }
    let settings = block(("audits.md", "## Rules in `caption.toml`"), "toml");
    for (text, code) in [("A low voice.", 1), ("Wind.", 0)] {
        let stand_in = StandIn::always(move || answer(text));
        let mut run = caption(&stand_in).file("caption.toml", settings);
        run = run.file("assets/ambience/a.wav", clip(1)).file("assets/talk/b.wav", clip(2));
        shell(&mut run, "git init -q").captioned();
        let [first, staged, offline] = walk("audits.md", "## From the first run to CI", &mut run);
        assert_eq!([first.code, staged.code, offline.code], [code, 0, code], "{}", first.stderr);
        let violations = offline.stderr.lines().filter(|line| line.contains("violation: "));
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
fn the_settings_of_the_guide_are_read() {
    let settings = block(("options.md", "## Configuration files"), "toml");
    let stand_in = rain();
    let run = caption(&stand_in).file("caption.toml", settings).clips("sfx", 1).clips("sfx/old", 1);
    let run = run.arg("sfx");
    let folder = run.folder().to_owned();
    assert_eq!(run.run().ended(0).matches("Rain.").count(), 1);
    assert!(!folder.join("nowhere").exists());
}

#[test]
fn ci_captions_only_new_files() {
    let stand_in = rain();
    let mut run = caption(&stand_in).file("assets/old.wav", clip(1));
    let [new, audit] = walk("audits.md", "## In CI", &mut run);
    new.ended(0);
    audit.ended(0);
    assert_says(&read(&run, "audio.xml"), &["tests=\"1\" failures=\"0\""]);

    run = run.file("assets/new sound.wav", clip(2));
    let [new, _] = walk("audits.md", "## In CI", &mut run);
    new.ended(0);
    assert_says(&read(&run, "new.txt"), &["Rain."]);
    assert_says(&read(&run, "captions.jsonl"), &["assets/new sound.wav"]);
    assert_eq!(stand_in.posts(), 2);
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
    let [content, usage] = walk("output.md", "## Raw JSON", &mut run);
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
    let runs: [Run; 3] = walk("training-sets.md", "## Caption the set", &mut run);
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
fn captions_of_a_training_set_are_shortened() {
    let stand_in = StandIn::always(|| answer("Rain. Wind. Hail."));
    let mut run = caption(&stand_in).clips("train", 1);
    let [shortened] = walk("training-sets.md", "## Short captions", &mut run);
    shortened.ended(0);
    assert_eq!(read(&run, "train/000.caption"), "ohwx style, Rain. Wind.\n");
    assert_says(&read(&run, "captions.jsonl"), &["Rain. Wind. Hail."]);
}

#[test]
fn another_audio_track_of_a_film_is_captioned() {
    let stand_in = rain();
    let mut run = caption(&stand_in).file("film.mkv", crate::tracks::of_two());
    let [other] = walk("formats.md", "## Audio tracks", &mut run);
    assert_eq!(other.captioned(), "[00:00 – 00:01] Rain.\n");
}

#[test]
fn a_server_of_your_own_is_asked_for_its_model() {
    let stand_in = rain();
    let mut run = example(caption(&stand_in), "doorbell.mp3", "song.mp3");
    // The server of the example has another port here.
    let block = block(("servers.md", "## Your own server"), "sh");
    let command = block.replace("http://localhost:8000/v1", &stand_in.base_url());
    assert_ne!(command, block);
    assert_eq!(shell(&mut run, &command).captioned(), "Rain.\n");
    assert_eq!(stand_in.request().json()["model"], "Qwen/Qwen3-Omni-30B-A3B-Captioner");
}

#[test]
fn completions_and_the_manual_page_are_installed() {
    let mut run = unconfigured();
    for command in commands(block(("options.md", "## Man page and completions"), "sh")) {
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
