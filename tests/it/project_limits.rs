//! A project's `caption.toml` can make a run safer or cheaper; what may cost more is told.

use support::stand_in::StandIn;

use crate::harness::{Caption, answer, assert_says, caption};

/// Path of the user's file.
#[cfg(target_os = "linux")]
const USER: &str = ".config/caption/caption.toml";

const SETS: &str = "note: caption.toml sets ";
const CANNOT: &str = "note: caption.toml cannot set ";

/// Prepares a run on two clips in a folder with this `caption.toml`.
fn project(stand_in: &StandIn, toml: &str) -> Caption {
    caption(stand_in).file("caption.toml", toml).clips("x", 2).arg("x")
}

/// Notes of a run about the project's file.
fn notes(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.contains("caption.toml")).collect()
}

#[test]
fn settings_that_may_cost_more_are_told_once_with_their_file() {
    for (toml, setting) in [
        ("model = 'other'\n", "model = other"),
        ("window = '1s'\n", "window = 1s"),
        ("force = true\n", "force = true"),
        ("refresh = true\n", "refresh = true"),
        ("overwrite = true\n", "overwrite = true"),
        ("max-tokens = 50\n", "max-tokens = 50"),
        ("hidden = true\n", "hidden = true"),
        ("no-ignore = true\n", "no-ignore = true"),
        ("max-upload = 'none'\n", "max-upload = none"),
        ("timeout = '1m'\n", "timeout = 1m"),
        ("dialect = 'vllm'\n", "dialect = vllm"),
        ("shard = '1/1'\n", "shard = 1/1"),
        ("quiet = true\n", "quiet = true"),
    ] {
        for args in [&["--manifest", "m.jsonl"][..], &["--dry-run"]] {
            let stand_in = StandIn::always(|| answer("Rain."));
            let run = project(&stand_in, toml).args(args).run();
            assert_says(&run.stderr, &[SETS, setting, ", which may cost more; flags override it"]);
            assert_eq!(notes(&run.stderr).len(), 1, "{}", run.stderr);
        }
    }
}

#[test]
fn settings_that_cost_nothing_are_taken_without_a_note() {
    let toml = "format = 'jsonl'\nmanifest = 'm.jsonl'\njobs = 1\nmax-retries = 0\nrate = '50/s'\n\
                max-spend = 5\nexclude = ['y']\ndeny = 'voice'\nappend = '.'\nhidden = false\n\
                model = 'alibaba/qwen3-omni-30b-a3b-captioner'\nconnect-timeout = '5s'\n";
    let stand_in = StandIn::start();
    let run = project(&stand_in, toml).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(notes(&run.stderr), [""; 0]);
    assert_eq!(run.records().len(), 2);
}

#[test]
fn a_project_cannot_raise_limits_above_the_defaults() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = project(&stand_in, "jobs = 1024\nmax-retries = 100\n").arg("--dry-run").run();
    let words = [CANNOT, "jobs = 1024 (yours: auto), max-retries = 100 (yours: 3)"];
    assert_says(&run.stderr, &words);
    assert_eq!(notes(&run.stderr).len(), 1, "{}", run.stderr);
}

#[test]
fn flags_and_the_environment_override_a_project_without_a_note() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = project(&stand_in, "model = 'other'\njobs = 1024\nwindow = '1s'\n");
    let run = run.env("CAPTION_MODEL", "mine").args(["-j", "8", "--window", "10s"]).run();
    assert_eq!(notes(&run.stderr), [""; 0]);
    assert_eq!(stand_in.requests()[0].json()["model"], "mine");
    let stand_in = StandIn::start();
    let run = project(&stand_in, "force = true\nrefresh = true\n").file("m.jsonl", "");
    let run = run.args(["--offline", "--manifest", "m.jsonl"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(notes(&run.stderr), [""; 0]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn only_the_user_can_silence_the_notes() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = project(&stand_in, "quiet = true\nforce = true\n").args(["--manifest", "m.jsonl"]);
    assert_says(&run.run().stderr, &[SETS, "force = true, quiet = true"]);
    let run = project(&stand_in, "force = true\n").args(["-q", "--manifest", "m.jsonl"]).run();
    assert_eq!(run.stderr, "");
}

#[test]
fn a_file_that_is_named_sets_everything_without_a_note() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 2).file("other.toml", "jobs = 9\nmodel = 'other'\n");
    let run = run.args(["--config", "other.toml", "x"]).run();
    assert!(!run.stderr.contains("note"), "{}", run.stderr);
    assert_eq!(stand_in.requests()[0].json()["model"], "other");
}

#[cfg(target_os = "linux")]
#[test]
fn a_project_cannot_cancel_offline() {
    for toml in ["offline = false", "force = true", "refresh = true", "force = true\nwindow = '1s'"]
    {
        for args in [&[][..], &["--dry-run"]] {
            let stand_in = StandIn::start();
            let run = project(&stand_in, toml).file("m.jsonl", "").args(args);
            let run = run.file(USER, "offline = true\n").args(["--manifest", "m.jsonl"]).run();
            assert_says(&run.stderr, &[CANNOT, toml.split(' ').next().unwrap()]);
            assert_eq!(stand_in.connections(), 0, "{toml}: {}", run.stderr);
            assert_eq!(run.code, if args.is_empty() { 3 } else { 0 }, "{}", run.stderr);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_project_cannot_cancel_a_dry_run() {
    let stand_in = StandIn::start();
    let run = project(&stand_in, "dry-run = false\n").file(USER, "dry-run = true\n").run();
    assert_says(&run.stderr, &[CANNOT, "dry-run = false"]);
    let requests = stand_in.requests();
    assert!(requests.iter().all(|request| request.method == "GET"), "the prices alone");
}

#[cfg(target_os = "linux")]
#[test]
fn the_lower_of_two_limits_counts() {
    let stand_in = StandIn::start();
    for (key, mine, other) in [
        ("jobs", "2", "3"),
        ("max-spend", "0.5", "0.6"),
        ("max-retries", "1", "2"),
        ("rate", "'1/s'", "'61/m'"),
    ] {
        let run = |user: &str, own: &str| {
            let run = project(&stand_in, &format!("{key} = {own}\n"));
            run.file(USER, format!("{key} = {user}\n")).arg("--dry-run").run()
        };
        let raised = run(mine, other);
        assert_says(&raised.stderr, &[CANNOT, key, "yours: "]);
        assert_eq!(notes(&run(other, mine).stderr), [""; 0], "{key}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn restrictions_of_the_user_count_beside_those_of_a_project() {
    let stand_in = StandIn::always(|| answer("A voice in the rain."));
    let run = project(&stand_in, "exclude = ['000.wav']\ndeny = 'rain'\n").clips("private", 1);
    let run = run.file(USER, "exclude = ['private']\ndeny = 'voice'\n").args(["-f", "jsonl", "."]);
    let run = run.run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    let records = run.records();
    assert_eq!(records.len(), 1, "{}", run.stderr);
    assert_eq!(records[0]["findings"].as_array().unwrap().len(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_manifest_that_replaces_the_users_own_is_told() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run =
        project(&stand_in, "manifest = 'theirs.jsonl'\n").file(USER, "manifest = 'm.jsonl'\n");
    assert_says(&run.run().stderr, &[SETS, "manifest = theirs.jsonl"]);
}

#[test]
fn a_project_above_the_folder_is_named_by_its_path() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("repo/x", 2).file("repo/.git/HEAD", "");
    let mut run = run.file("repo/caption.toml", "model = 'other'\n");
    let folder = run.folder().join("repo/x");
    run.command().current_dir(folder);
    assert_says(&run.arg(".").run().stderr, &["note: ../caption.toml sets model = other"]);
}
