//! Names and paths that mean the same on every system, and names that Windows keeps for itself.

use std::fs;

use serde_json::Value;

use crate::harness::{
    Caption, NULL_DEVICE, TEMP_VARIABLE, answer, assert_says, caption, clip, file_names, finish,
};
use support::stand_in::StandIn;

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

/// Prepares a run with these clips and records as its output.
fn records(stand_in: &StandIn, clips: &[&str]) -> Caption {
    let run = caption(stand_in).args(["-f", "jsonl"]);
    clips.iter().enumerate().fold(run, |run, (number, name)| run.file(name, clip(number)))
}

fn names(run: Caption) -> Vec<String> {
    let run = run.run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.records().iter().map(|record| record["input"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn names_in_records_have_slashes() {
    let stand_in = rain();
    let clips = ["sfx/a.wav", "sfx/b/c.wav", "sfx/b/d.wav"];
    let separators: &[&str] = if cfg!(windows) { &["/", "\\"] } else { &["/"] };
    for separator in separators {
        let operands =
            ["sfx/a.wav", "sfx/b", "./sfx/*.wav"].map(|operand| operand.replace('/', separator));
        let mut run = records(&stand_in, &clips).args(["-j1", "--manifest", "m.jsonl"]);
        run = run.args(operands);
        let child = run.spawn();
        let found: Vec<_> = finish(child).records();
        let found: Vec<_> = found.iter().map(|record| record["input"].clone()).collect();
        assert_eq!(found, clips);
        let manifest = fs::read_to_string(run.folder().join("m.jsonl")).unwrap();
        let names: Vec<Value> = manifest
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["input"].clone())
            .collect();
        assert_eq!(names, clips);
        // As other systems share them out.
        let run = records(&stand_in, &clips).args(["--shard", "1/2", "sfx"]);
        let from_slashes = self::names(run);
        let run = records(&stand_in, &clips).args(["--shard", "1/2"]);
        let folder = format!("sfx{separator}");
        assert_eq!(self::names(run.arg(folder)), from_slashes);
    }
}

#[cfg(windows)]
#[test]
fn excluded_paths_may_have_backslashes_and_any_case() {
    let stand_in = rain();
    let clips = ["new/a.wav", "old/b.wav", "old/c.mp3"];
    for (exclude, expected) in [
        (r"old\*.wav", &["new/a.wav", "old/c.mp3"][..]),
        ("old/*.WAV", &["new/a.wav", "old/c.mp3"]),
        (r"OLD\", &["new/a.wav"]),
    ] {
        let run = records(&stand_in, &clips).args(["--exclude", exclude, "."]);
        assert_eq!(names(run), expected, "{exclude}");
    }
}

#[cfg(windows)]
#[test]
fn globs_have_no_case() {
    let stand_in = rain();
    let clips = ["Sfx/A.WAV", "Sfx/b.wav"];
    for glob in [r"sfx\*.wav", "SFX/*.Wav", "**/*.wAv"] {
        let found = names(records(&stand_in, &clips).arg(glob));
        assert_eq!(found.len(), 2, "{glob}");
    }
    let rules = "[[rule]]\ndeny = 'rain'\npaths = ['sfx/a.*']\n";
    let run = records(&stand_in, &clips).file("caption.toml", rules).arg("Sfx");
    assert_eq!(run.run().code, 1);
}

#[cfg(windows)]
#[test]
fn the_prefix_of_long_paths_is_in_operands_and_never_in_names() {
    let stand_in = rain();
    let run = records(&stand_in, &["sfx/a.wav", "sfx/b.wav"]);
    let folder = run.folder().canonicalize().unwrap();
    assert!(folder.to_str().unwrap().starts_with(r"\\?\"));
    let run = run.arg(folder.join("sfx")).arg(folder.join("none.wav"));
    let run = run.args(["--sidecar"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.records().len(), 0);
    assert_says(&run.stderr, &["no such file", "none.wav"]);
    assert!(!run.stderr.contains('?'), "{}", run.stderr);
    let run = records(&stand_in, &["sfx/a.wav"]);
    let folder = run.folder().canonicalize().unwrap();
    let found = names(run.arg(folder.join("sfx").join("*.wav")));
    assert!(found[0].ends_with("/sfx/a.wav") && !found[0].contains(['\\', '?']), "{found:?}");
}

#[test]
fn sidecars_that_differ_only_in_case_are_told_apart_where_the_system_does() {
    let stand_in = rain();
    let mut run = caption(&stand_in).file("Song.mp3", clip(1)).file("song.wav", clip(2));
    let has_case = !run.folder().join("SONG.WAV").exists();
    run = run.args(["--sidecar", "Song.mp3", "song.wav"]);
    let ended = finish(run.spawn());
    if has_case {
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    } else {
        assert_says(&ended.failed(2), &["Song.mp3 and song.wav would both be written to"]);
        assert_eq!(stand_in.connections(), 0);
    }
}

#[test]
fn two_outputs_whose_names_differ_only_in_case_are_refused_where_the_system_has_none() {
    let stand_in = rain();
    let run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let has_case = !run.folder().join("TONE.wav").exists();
    let run = run.args(["-o", "Out.txt", "--report", "junit=out.TXT"]).run();
    if has_case {
        assert_eq!(run.code, 0, "{}", run.stderr);
    } else {
        assert_says(&run.failed(2), &["two things would be written to"]);
    }
}

#[test]
fn files_in_a_long_folder_are_read_and_written() {
    let stand_in = rain();
    // Longer than what most programs of Windows can handle.
    let folder = ["a-folder-with-a-long-name"; 11].join("/");
    let sound = format!("{folder}/song.wav");
    let mut run = caption(&stand_in).file(&sound, clip(1)).arg("-q");
    let (output, report) = (format!("{folder}/out.txt"), format!("junit={folder}/r.xml"));
    run = run.args(["-o", &output, "--report", &report, "--manifest", "m.jsonl", &folder]);
    finish(run.spawn()).ended(0);
    assert_eq!(file_names(&run.folder().join(&folder)), ["out.txt", "r.xml", "song.wav"]);
    let mut run = caption(&stand_in).file(&sound, clip(1)).args(["-q", "--sidecar", &folder]);
    finish(run.spawn()).ended(0);
    assert_eq!(file_names(&run.folder().join(&folder)), ["song.txt", "song.wav"]);
}

#[test]
fn outputs_need_no_folder_of_temporary_files() {
    let stand_in = rain();
    let run = caption(&stand_in).data_file("tone.wav").env(TEMP_VARIABLE, "nowhere");
    let mut run = run.args(["-q", "-o", "out.txt", "--report", "html=r.html", "tone.wav"]);
    finish(run.spawn()).captioned();
    assert_eq!(fs::read_to_string(run.folder().join("out.txt")).unwrap(), "Rain.\n");
}

#[test]
fn the_null_device_is_an_output_and_no_input() {
    let stand_in = rain();
    let run = caption(&stand_in).data_file("tone.wav").args(["-o", NULL_DEVICE, "tone.wav"]);
    assert_eq!(run.run().captioned(), "");
    let run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let report = format!("junit={NULL_DEVICE}");
    assert_eq!(run.args(["-q", "-o", NULL_DEVICE, "--report", &report]).run().captioned(), "");
    assert_says(&caption(&stand_in).arg(NULL_DEVICE).run().failed(3), &["a device, not a file"]);
}

#[cfg(windows)]
#[test]
fn a_name_that_windows_keeps_or_alters_is_refused_before_the_first_request() {
    let stand_in = rain();
    for name in ["aux.txt", "out.txt.", "out.txt ", "out.txt:stream", "a?.txt", "com1.csv"] {
        for args in [
            ["-o".to_owned(), name.to_owned()],
            ["--report".to_owned(), format!("junit={name}")],
            ["--manifest".to_owned(), name.to_owned()],
            ["--output-dir".to_owned(), name.to_owned()],
        ] {
            let mut run = caption(&stand_in).data_file("tone.wav").args(&args).arg("tone.wav");
            assert_says(&finish(run.spawn()).failed(2), &["no name for an output (", name]);
            assert_eq!(file_names(run.folder()), ["tone.wav"], "{args:?}");
        }
    }
    assert_eq!(stand_in.connections(), 0);
    // Without a console there is none to write to, which is found before the request too.
    let run = caption(&stand_in).data_file("tone.wav").args(["-o", "CON", "tone.wav"]).run();
    assert!(matches!(run.code, 0 | 2), "{}: {}", run.code, run.stderr);
}

#[cfg(windows)]
#[test]
fn a_folder_whose_name_windows_alters_is_an_error_and_nothing_is_dropped_in_silence() {
    let stand_in = rain();
    for name in ["b.", "b "] {
        for operand in ["x", "x/**/*.wav"] {
            let mut run = records(&stand_in, &["x/a/a.wav"]).arg(operand);
            let folder = run.folder().canonicalize().unwrap().join("x").join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("b.wav"), clip(1)).unwrap();
            let ended = finish(run.spawn());
            assert_eq!(ended.code, 3, "{name:?}: {}", ended.stderr);
            assert_says(&ended.stderr, &["Windows drops the dot or space at the end of its name"]);
            assert_eq!(ended.records()[0]["input"], "x/a/a.wav");
            // What removes the folder of the test would not find it.
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}
