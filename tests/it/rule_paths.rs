//! A rule with paths applies to the same files wherever the program runs.

use std::fs;

use serde_json::Value;

use crate::harness::{Caption, Run, answer, assert_says, caption, clip, finish};
use support::stand_in::StandIn;

const RULE: &str =
    "[[rule]]\nname = 'no-speech'\ndeny = 'voice'\npaths = ['ambience/**']\nreason = 'Loops.'\n";

fn voices() -> StandIn {
    StandIn::always(|| answer("A low voice."))
}

/// A repository with rules, and sounds that they hold for and others.
fn project(stand_in: &StandIn) -> Caption {
    let run = caption(stand_in).file(".git/HEAD", "ref: refs/heads/main\n");
    let run = run.file("caption.toml", RULE).file("ambience/a.wav", clip(1));
    run.file("ambience/deep/b.wav", clip(2)).file("talk/c.wav", clip(3)).args(["-f", "jsonl"])
}

/// The run as it is started from a folder of its own.
fn from(mut run: Caption, folder: &str) -> Caption {
    let folder = run.folder().join(folder);
    run.command().current_dir(folder);
    run
}

/// Captioned, and this many inputs break the rule.
#[track_caller]
fn assert_broken(run: &Run, count: usize) {
    let is_violated = |record: &&Value| record["findings"][0]["rule"] == "no-speech";
    let broken = run.records().iter().filter(is_violated).count();
    let code = i32::from(count > 0);
    assert_eq!((run.code, broken), (code, count), "{} {}", run.stdout, run.stderr);
}

#[test]
fn a_rule_holds_from_the_root_however_the_files_are_named() {
    let stand_in = voices();
    for operands in [
        &["ambience"][..],
        &["."],
        &["ambience/"],
        &["./ambience/"],
        &["ambience/../ambience"],
        &["ambience/**/*.wav"],
        &["ambience/a.wav", "./ambience/deep/b.wav"],
    ] {
        assert_broken(&project(&stand_in).args(operands).run(), 2);
    }
    assert_broken(&project(&stand_in).arg("talk").run(), 0);
}

#[test]
fn a_rule_holds_for_absolute_paths() {
    let stand_in = voices();
    for (operand, count) in [("ambience", 2), ("", 2), ("ambience/*.wav", 1), ("ambience/a.wav", 1)]
    {
        let run = project(&stand_in);
        let operand = run.folder().join(operand);
        assert_broken(&run.arg(&operand).run(), count);
    }
    // Of a list as well.
    let run = project(&stand_in);
    let names = ["ambience/a.wav", "talk/c.wav"].map(|name| run.folder().join(name));
    let list = names.map(|name| name.to_str().unwrap().to_owned()).join("\n");
    assert_broken(&run.file("list", list).args(["--files-from", "list"]).run(), 1);
}

#[test]
fn a_rule_holds_from_inside_the_folder() {
    let stand_in = voices();
    for operands in [&["."][..], &["a.wav", "deep/b.wav"], &["*.wav", "deep"], &["../ambience"]] {
        assert_broken(&from(project(&stand_in), "ambience").args(operands).run(), 2);
    }
    assert_broken(&from(project(&stand_in), "ambience/deep").arg(".").run(), 1);
    assert_broken(&from(project(&stand_in), "talk").arg(".").run(), 0);
    assert_broken(&from(project(&stand_in), "talk").arg("../ambience").run(), 2);
}

#[test]
fn the_paths_of_a_rule_are_relative_to_a_named_file() {
    let stand_in = voices();
    let run = |folder: &str, config: &str, operand: &str| {
        let run = caption(&stand_in).file("game/caption.toml", RULE).file("x/read.txt", "x");
        let run = run.file("game/ambience/a.wav", clip(1)).file("game/talk/c.wav", clip(3));
        from(run, folder).args(["-f", "jsonl", "--config", config, operand]).run()
    };
    assert_broken(&run(".", "game/caption.toml", "game"), 1);
    assert_broken(&run("x", "../game/caption.toml", "../game"), 1);
    assert_broken(&run("game/ambience", "../caption.toml", "a.wav"), 1);
}

#[cfg(unix)]
#[test]
fn a_rule_holds_through_a_link_to_its_folder() {
    let stand_in = voices();
    let run = project(&stand_in);
    std::os::unix::fs::symlink("ambience", run.folder().join("loops")).unwrap();
    assert_broken(&run.arg("loops").run(), 2);
    // And where the whole project is reached through one.
    let outside = tempfile::tempdir().unwrap();
    let mut run = project(&stand_in);
    std::os::unix::fs::symlink(run.folder(), outside.path().join("link")).unwrap();
    run.command().current_dir(outside.path().join("link/ambience"));
    assert_broken(&run.arg(".").run(), 2);
}

#[cfg(target_os = "linux")] // where the environment names the folder of the user's file
#[test]
fn a_rule_of_the_users_own_file_holds_for_names_as_they_are_given() {
    let stand_in = voices();
    let run = caption(&stand_in).file(".config/caption/caption.toml", RULE);
    let run = run.file("ambience/a.wav", clip(1)).args(["-f", "jsonl", "ambience"]);
    assert_broken(&run.run(), 1);
}

#[test]
fn a_star_at_the_start_of_a_path_is_a_file_beside_the_rules() {
    let stand_in = voices();
    let toml = RULE.replace("ambience/**", "*.wav");
    let run = || project(&stand_in).file("caption.toml", &toml).file("d.wav", clip(4));
    let run_from_root = run().args(["d.wav", "ambience"]).run();
    assert_broken(&run_from_root, 1);
    let run = run();
    let place = run.folder().join("d.wav");
    assert_broken(&run.arg(place).arg("ambience").run(), 1);
}

#[test]
fn a_url_and_standard_input_go_by_their_names() {
    let stand_in = StandIn::always(|| answer("A low voice."));
    let toml = RULE.replace("'ambience/**'", "'https://example.com/*.wav', '-'");
    let run = || caption(&stand_in).file("caption.toml", &toml).args(["-f", "jsonl"]);
    assert_broken(&run().args(["https://example.com/a.wav", "https://example.com/b.mp3"]).run(), 1);
    assert_broken(&run().stdin(clip(1)).arg("-").run(), 1);
}

#[test]
fn a_project_file_is_searched_up_to_the_root_of_the_repository() {
    let stand_in = voices();
    let run = |root: &str, place: &str, folder: &str| {
        let run = caption(&stand_in)
            .file(root, "gitdir: elsewhere\n")
            .file(place, "prepend = 'Heard: '\n");
        let run = run.file("p/sub/deep/a.wav", clip(1));
        let printed = from(run, folder).args(["-q", "a.wav"]).stdin("").run();
        printed.captioned().starts_with("Heard: ")
    };
    for root in ["p/.git/HEAD", "p/.git"] {
        assert!(run(root, "p/caption.toml", "p/sub/deep"), "{root}");
        assert!(run(root, "p/sub/caption.toml", "p/sub/deep"), "{root}");
        assert!(!run(root, "caption.toml", "p/sub/deep"), "{root}: above the repository");
    }
    assert!(!run("p/sub/.git/HEAD", "p/caption.toml", "p/sub/deep"), "of another repository");
    assert!(!run("elsewhere/.git/HEAD", "p/caption.toml", "p/sub/deep"), "without a repository");
}

#[test]
fn the_nearest_project_file_counts() {
    let stand_in = voices();
    let run = project(&stand_in).file("ambience/caption.toml", "prepend = 'Near: '\n");
    let run = from(run, "ambience").arg("a.wav").run();
    assert_eq!(
        (run.code, run.records()[0]["caption"].as_str()),
        (0, Some("Near: A low voice.")),
        "{}",
        run.stderr
    );
}

#[test]
fn paths_in_a_project_file_above_are_relative_to_the_file() {
    let stand_in = voices();
    let toml = "manifest = 'captions.jsonl'\nreport = 'junit=audio.xml'\n";
    let run = from(project(&stand_in).file("caption.toml", toml), "ambience");
    let root = run.folder().to_owned();
    let mut run = run.arg("a.wav");
    finish(run.spawn()).ended(0);
    for name in ["captions.jsonl", "audio.xml"] {
        assert!(root.join(name).exists(), "{name}");
        assert!(!root.join("ambience").join(name).exists(), "{name}");
    }
}

#[test]
fn a_project_file_above_has_the_same_limits() {
    let stand_in = voices();
    for toml in ["base-url = 'http://127.0.0.1:1/v1'\n", "manifest = '../m.jsonl'\n"] {
        let run = from(project(&stand_in).file("caption.toml", toml), "ambience").arg("a.wav");
        assert_says(&run.run().failed(2), &["caption.toml"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_rule_that_met_no_input_is_a_warning_with_its_name() {
    let stand_in = voices();
    let run = project(&stand_in).arg("talk").run();
    assert_broken(&run, 0);
    assert_says(
        &run.stderr,
        &["warning: no input matches the paths of the rule no-speech: ambience/**"],
    );
    // A rule that met an input, and one without paths, are not reported.
    let toml = format!("{RULE}[[rule]]\nname = 'for-all'\ndeny = 'thunder'\n");
    let run = project(&stand_in).file("caption.toml", toml).args(["ambience", "--deny", "bells"]);
    assert!(!run.run().stderr.contains("no input"));
    assert!(!project(&stand_in).args(["-q", "talk"]).run().stderr.contains("no input"));
}

#[test]
fn each_rule_that_met_no_input_is_reported_offline_too() {
    let stand_in = voices();
    let toml = "[[rule]]\nname = 'one'\ndeny = 'x'\npaths = ['ambeince/**']\n\
        [[rule]]\nrequire = 'y'\npaths = ['b/*.wav', 'c/*.wav']\nseverity = 'warning'\n\
        [[rule]]\nname = 'three'\nrate = { min = 1 }\npaths = ['d/**']\n";
    let run = project(&stand_in).file("caption.toml", toml).args(["--manifest", "m.jsonl", "talk"]);
    let mut run = run;
    finish(run.spawn()).ended(0);
    let run = run.env_remove("AIMLAPI_KEY").arg("--offline").run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    for name in ["one", "require y", "three"] {
        let line = run.stderr.lines().find(|line| line.contains(name) && line.contains("no input"));
        assert!(line.is_some(), "{name}: {}", run.stderr);
    }
}

#[test]
fn a_rule_that_met_an_input_of_another_shard_is_not_reported() {
    let stand_in = StandIn::always(|| answer("Wind."));
    for shard in ["1/3", "2/3", "3/3"] {
        let run = project(&stand_in).args(["--shard", shard, "."]).run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(!run.stderr.contains("no input"), "{shard}: {}", run.stderr);
    }
}

#[test]
fn an_input_that_failed_is_met_by_its_rules() {
    let stand_in = voices();
    let run = project(&stand_in).args(["ambience/gone.wav", "talk"]).run();
    assert_eq!(run.code, 3);
    assert!(!run.stderr.contains("no input"), "{}", run.stderr);
}

/// The rules of a SARIF report by their names, after a run with these arguments.
fn sarif_rules(run: Caption) -> Vec<String> {
    let path = run.folder().join("audio.sarif");
    let mut run = run.args(["--report", "sarif=audio.sarif"]);
    finish(run.spawn());
    let log: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(result["ruleId"], ids[index].as_str());
    }
    ids
}

#[test]
fn all_rules_that_ran_are_listed_in_sarif() {
    let stand_in = voices();
    let toml = format!(
        "{RULE}[[rule]]\nname = 'short'\nduration = {{ max = 10.0 }}\nseverity = 'warning'\n"
    );
    let run = project(&stand_in).file("caption.toml", toml);
    let run = run.args([
        "ambience",
        "--deny",
        "thunder",
        "--require",
        "low",
        "--check",
        "channels,decodes",
    ]);
    let mut ids = sarif_rules(run);
    let listed = ids.clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), listed.len(), "each once: {listed:?}");
    for rule in
        ["no-speech", "short", "deny thunder", "require low", "channels", "decodes", "looping"]
    {
        assert!(ids.iter().any(|id| id == rule), "{rule}: {ids:?}");
    }
}

#[test]
fn an_audit_without_findings_lists_its_rules_in_sarif() {
    let stand_in = StandIn::always(|| answer("Wind."));
    let ids = sarif_rules(project(&stand_in).arg("ambience"));
    assert!(ids.iter().any(|id| id == "no-speech"), "{ids:?}");
}
