//! Links are followed out of a folder only with `--follow`, and never hide a file from its rules.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::{Caption, Run, answer, assert_says, caption, clip};
use support::stand_in::StandIn;

/// A folder `x` with a sound, beside a folder with others.
fn tree(stand_in: &StandIn) -> Caption {
    let run = caption(stand_in).file("x/a.wav", clip(1)).file("elsewhere/b.wav", clip(2));
    run.file("elsewhere/deep/c.wav", clip(3)).args(["-f", "jsonl"])
}

fn link(run: &Caption, target: &str, name: &str) {
    symlink(target, run.folder().join(name)).unwrap();
}

#[track_caller]
fn names(run: &Run) -> Vec<String> {
    let name = |record: &serde_json::Value| record["input"].as_str().unwrap().to_owned();
    run.records().iter().map(name).collect()
}

#[test]
fn links_out_of_a_folder_are_followed_only_with_follow() {
    let stand_in = StandIn::start();
    let run = || {
        let run = tree(&stand_in);
        link(&run, "../elsewhere/b.wav", "x/file.wav");
        link(&run, "../elsewhere", "x/folder");
        let absolute = run.folder().join("elsewhere/deep/c.wav");
        symlink(absolute, run.folder().join("x/absolute.wav")).unwrap();
        run
    };
    let kept = run().arg("x").run();
    assert_eq!((kept.code, names(&kept)), (0, vec!["x/a.wav".to_owned()]), "{}", kept.stderr);
    assert_says(&kept.stderr, &["3 links", "--follow"]);
    assert_eq!(stand_in.requests().len(), 1, "nothing of elsewhere is sent");
    let followed = run().args(["--follow", "x"]).run();
    assert_eq!(followed.code, 0, "{}", followed.stderr);
    let all = ["x/a.wav", "x/absolute.wav", "x/file.wav"];
    assert_eq!(names(&followed), all, "each file once, under the name that comes first");
}

#[test]
fn a_link_out_of_a_folder_by_way_of_another_is_not_followed() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in);
    link(&run, "inner/way", "x/first");
    fs::create_dir(run.folder().join("x/inner")).unwrap();
    link(&run, "../../elsewhere", "x/inner/way");
    assert_eq!(names(&run.args(["-q", "x"]).run()), ["x/a.wav"]);
}

#[test]
fn links_of_the_working_folder_and_of_a_list_do_not_lead_out_either() {
    let stand_in = StandIn::start();
    let inside = || {
        let run = tree(&stand_in);
        link(&run, "../elsewhere", "x/folder");
        run
    };
    let mut run = inside();
    let folder = run.folder().join("x");
    run.command().current_dir(folder);
    assert_eq!(names(&run.args(["-q", "."]).run()), ["a.wav"]);
    let run = inside().file("list", "x\n").args(["-q", "--files-from", "list"]);
    assert_eq!(names(&run.run()), ["x/a.wav"]);
}

#[test]
fn the_stars_of_a_glob_do_not_follow_links_out_of_its_folder() {
    let stand_in = StandIn::start();
    let run = || {
        let run = tree(&stand_in);
        link(&run, "../elsewhere", "x/folder");
        run
    };
    assert_eq!(names(&run().args(["-q", "x/**/*.wav"]).run()), ["x/a.wav"]);
    let followed = run().args(["-q", "--follow", "x/**/*.wav"]).run();
    assert_eq!(names(&followed), ["x/a.wav", "x/folder/b.wav", "x/folder/deep/c.wav"]);
}

#[test]
fn a_link_that_is_named_is_followed() {
    let stand_in = StandIn::start();
    let run = || {
        let run = tree(&stand_in).arg("-q");
        link(&run, "elsewhere", "folder");
        link(&run, "elsewhere/b.wav", "file.wav");
        run
    };
    assert_eq!(names(&run().arg("folder").run()), ["folder/b.wav", "folder/deep/c.wav"]);
    assert_eq!(names(&run().arg("file.wav").run()), ["file.wav"]);
    assert_eq!(names(&run().arg("folder/*.wav").run()), ["folder/b.wav"]);
}

#[test]
fn links_within_a_folder_are_followed() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in);
    fs::create_dir(run.folder().join("x/.store")).unwrap();
    fs::write(run.folder().join("x/.store/d.wav"), clip(4)).unwrap();
    link(&run, ".store/d.wav", "x/d.wav");
    link(&run, ".", "x/circle");
    let run = run.arg("x").run();
    assert_eq!((run.code, names(&run)), (0, vec!["x/a.wav".to_owned(), "x/d.wav".to_owned()]));
    assert!(!run.stderr.contains("--follow"), "{}", run.stderr);
}

#[test]
fn the_hint_of_a_run_with_nothing_but_links_names_the_option() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("elsewhere/b.wav", clip(2)).file("x/notes.txt", "no sound");
    link(&run, "../elsewhere", "x/folder");
    let said = run.arg("x").run().failed(2);
    assert_says(&said, &["nothing to caption", "1 link", "--follow"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_project_file_cannot_set_follow() {
    let stand_in = StandIn::start();
    let run = tree(&stand_in).file("caption.toml", "follow = true\n").arg("x");
    assert_says(&run.run().failed(2), &["caption.toml: a project's file cannot set follow"]);
    let run = tree(&stand_in).file("other.toml", "follow = true\n");
    link(&run, "../elsewhere/b.wav", "x/file.wav");
    let run = run.args(["-q", "--config", "other.toml", "x"]).run();
    assert_eq!(names(&run), ["x/a.wav", "x/file.wav"]);
}

/// A run on a file that is reached in two ways, with a rule for each place, and its verdict.
fn judged(rule_paths: &str, make: impl Fn(&Caption), arguments: &[&str]) -> Run {
    let stand_in = StandIn::always(|| answer("A low voice."));
    let toml = format!("[[rule]]\nname = 'quiet'\ndeny = 'voice'\npaths = ['{rule_paths}']\n");
    let run = caption(&stand_in).file("caption.toml", toml).args(["-f", "jsonl"]);
    make(&run);
    let run = run.args(arguments).run();
    assert_eq!(stand_in.requests().len(), 1, "one recording is one request: {}", run.stderr);
    assert_eq!(run.records().len(), 1, "and one input: {}", run.stdout);
    run
}

fn put(run: &Caption, name: &str) {
    let path = run.folder().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, clip(1)).unwrap();
}

#[test]
fn a_file_reached_by_a_link_and_by_its_own_name_is_judged_under_both() {
    // Whichever of the two comes first, in the order of names or of operands.
    for (place, other) in [("m/z/real.wav", "m/a/link.wav"), ("m/a/real.wav", "m/z/link.wav")] {
        let make = |run: &Caption| {
            put(run, place);
            let name = run.folder().join(other);
            fs::create_dir_all(name.parent().unwrap()).unwrap();
            symlink(run.folder().join(place), name).unwrap();
        };
        for arguments in [&["m"][..], &["m/a", "m/z", "--follow"], &["m/z", "m/a", "--follow"]] {
            for rule_paths in ["m/a/**", "m/z/**"] {
                let run = judged(rule_paths, make, arguments);
                assert_eq!(run.code, 1, "{place} {rule_paths} {arguments:?}: {}", run.stderr);
                let findings = run.records()[0]["findings"].clone();
                assert_eq!(findings.as_array().map(Vec::len), Some(1), "{findings}");
                assert_eq!(findings[0]["rule"], "quiet");
            }
        }
    }
}

#[test]
fn a_file_with_two_names_of_its_own_is_judged_under_both() {
    let make = |run: &Caption| {
        put(run, "m/a/one.wav");
        fs::create_dir_all(run.folder().join("m/z")).unwrap();
        let names = ["m/a/one.wav", "m/z/two.wav"].map(|name| run.folder().join(name));
        fs::hard_link(&names[0], &names[1]).unwrap();
    };
    for rule_paths in ["m/a/**", "m/z/**"] {
        assert_eq!(judged(rule_paths, make, &["m"]).code, 1, "{rule_paths}");
    }
}

#[test]
fn a_link_is_judged_by_its_target_too() {
    let make = |run: &Caption| {
        put(run, "ambience/real.wav");
        link(run, "ambience/real.wav", "link.wav");
    };
    for rule_paths in ["ambience/**", "link.wav"] {
        assert_eq!(judged(rule_paths, make, &["link.wav"]).code, 1, "{rule_paths}");
    }
}

#[test]
fn a_rule_that_holds_for_both_names_has_one_finding() {
    let make = |run: &Caption| {
        put(run, "m/a.wav");
        link(run, "a.wav", "m/b.wav");
    };
    let run = judged("m/**", make, &["m"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.records()[0]["findings"].as_array().unwrap().len(), 1);
    assert_says(&run.stderr, &["1 captioned"]);
}
