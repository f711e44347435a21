//! `caption.toml`: options and rules in a file.

use std::fs;
use std::path::Path;

use crate::harness::{Caption, answer, assert_says, caption, file_names, finish};
use support::stand_in::{KEY, StandIn};

/// Prepares a run on a clip in a folder with this `caption.toml`.
fn with_project_file(stand_in: &StandIn, toml: &str) -> Caption {
    caption(stand_in).file("caption.toml", toml).data_file("tone.wav").arg("tone.wav")
}

/// Prepares a run with this file as `--config`.
fn with_named_file(stand_in: &StandIn, toml: &str) -> Caption {
    caption(stand_in).file("other.toml", toml).data_file("tone.wav").args([
        "--config",
        "other.toml",
        "tone.wav",
    ])
}

#[test]
fn options_of_the_project_work_like_flags() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    let toml = "format = 'jsonl'\nprepend = 'Heard: '\nmax-tokens = 50\nno-stream = true\njobs = 2\nhidden = false\n";
    let run = with_project_file(&stand_in, toml).run();
    assert_eq!(run.records()[0]["caption"], "Heard: Rain.");
    assert_eq!(stand_in.request().json()["max_tokens"], 50);
}

#[test]
fn flags_override_the_file_and_conflicting_options() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let toml = "format = ['jsonl']\nprepend = 'a '\nquiet = true\n";
    let run = |arguments: &[&str]| with_project_file(&stand_in, toml).args(arguments).run();
    assert_eq!(run(&["-f", "text", "--prepend", "b "]).stdout, "b Rain.\n");
    assert!(run(&["--json"]).stdout.starts_with("{\"choices\""));
    assert_says(&run(&["-v", "-f", "text"]).stderr, &["done: tone.wav"]);
}

#[test]
fn the_environment_overrides_the_file() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let model = |run: Caption| {
        run.run();
        stand_in.requests().last().unwrap().json()["model"].clone()
    };
    let toml = "model = 'of-file'\n";
    assert_eq!(model(with_project_file(&stand_in, toml)), "of-file");
    assert_eq!(model(with_project_file(&stand_in, toml).env("CAPTION_MODEL", "of-env")), "of-env");
    let typed =
        with_project_file(&stand_in, toml).env("CAPTION_MODEL", "of-env").args(["-m", "typed"]);
    assert_eq!(model(typed), "typed");
}

#[cfg(target_os = "linux")]
#[test]
fn the_project_file_overrides_the_user_file() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = with_project_file(&stand_in, "prepend = 'project '\n");
    let run = run.file(".config/caption/caption.toml", "prepend = 'user '\nappend = ' end'\n");
    assert_eq!(run.run().stdout, "project Rain. end\n");
}

#[test]
fn config_replaces_the_other_files() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run =
        with_named_file(&stand_in, "append = '!'\n").file("caption.toml", "prepend = 'project '\n");
    assert_eq!(run.run().stdout, "Rain.!\n");
    let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--config", "none.toml"]);
    assert_says(&run.run().failed(2), &["none.toml: no such file"]);
}

#[test]
fn an_unknown_key_is_an_error_with_a_suggestion() {
    let stand_in = StandIn::start();
    for (toml, words) in [
        (
            "max_spend = 1\n",
            &["caption.toml: unknown key `max_spend`; did you mean `max-spend`?"][..],
        ),
        ("[[rules]]\n", &["unknown key `rules`; did you mean `rule`?"]),
        ("[[rule]]\ndenny = 'x'\n", &["rule 1: unknown key `denny`; did you mean `deny`?"]),
        ("config = 'x'\n", &["unknown key `config`"]),
        ("help = true\n", &["unknown key `help`"]),
    ] {
        assert_says(&with_project_file(&stand_in, toml).run().failed(2), words);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_invalid_value_is_reported_with_its_position() {
    let stand_in = StandIn::start();
    for (toml, words) in [
        ("jobs = 1\nformat = \n", &["caption.toml, line 2: "][..]),
        ("jobs = 'many'\n", &["caption.toml: invalid value 'many'"]),
        ("jobs = { a = 1 }\n", &["caption.toml: jobs cannot be a table"]),
        ("[[rule]]\nname = 'empty'\n", &["rule 1: has no test"]),
        ("[[rule]]\ndeny = 'x'\nsilence = 0.5\n", &["rule 1: has two tests"]),
        ("[[rule]]\ndeny = '('\n", &["rule 1: not a usable regular expression"]),
        ("[[rule]]\ndeny = 'x'\nseverity = 'bad'\n", &["rule 1: unknown variant `bad`"]),
        ("[[rule]]\ndeny = 'x'\npaths = ['[']\n", &["rule 1: not a usable glob"]),
        ("rule = 1\n", &["rules are written as [[rule]] tables"]),
        ("[[rule]]\nsilence = nan\n", &["rule 1: silence is a part of the whole"]),
        ("[[rule]]\nduration = { min = 2.0, max = 1.0 }\n", &["rule 1: no duration is at least 2"]),
        ("[[rule]]\ndeny = ''\n", &["rule 1: name, deny and require cannot be empty"]),
        ("[[rule]]\nchannels = []\n", &["rule 1: paths and channels cannot be empty"]),
        ("[[rule]]\nrate = {}\n", &["rule 1: rate has neither min nor max"]),
    ] {
        assert_says(&with_project_file(&stand_in, toml).run().failed(2), words);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_project_cannot_redirect_the_key_or_write_outside() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let url = format!("base-url = '{}'\n", stand_in.base_url());
    for (toml, words) in [
        (url.as_str(), "a project\'s file cannot set base-url"),
        ("api-key-file = 'key'\n", "a project\'s file cannot set api-key-file"),
        ("allow-http = true\n", "a project\'s file cannot set allow-http"),
        ("output = '../out.txt'\n", "output leads out of the project"),
        ("manifest = '/tmp/m.jsonl'\n", "manifest leads out of the project"),
        ("sidecar = '../.ssh/{stem}'\n", "sidecar leads out of the project"),
        ("files-from = 'list.txt'\n", "a project\'s file cannot set files-from"),
    ] {
        assert_says(
            &with_project_file(&stand_in, toml).run().failed(2),
            &["caption.toml: ", words],
        );
    }
    assert_eq!(stand_in.connections(), 0);
    // A file named with `--config` may set everything.
    let run = crate::harness::unconfigured()
        .file("other.toml", &url)
        .data_file("tone.wav")
        .env("AIMLAPI_KEY", KEY);
    run.args(["--config", "other.toml", "tone.wav"]).run().captioned();
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run =
        caption(&stand_in).file("sub/other.toml", "output = 'out.txt'\nmanifest = 'm.jsonl'\n");
    let run = run.data_file("tone.wav").args(["--config", "sub/other.toml", "tone.wav"]);
    let folder = run.folder().join("sub");
    let mut run = run;
    finish(run.spawn()).captioned();
    assert_eq!(fs::read_to_string(folder.join("out.txt")).unwrap(), "Rain.\n");
    assert!(folder.join("m.jsonl").is_file());
}

#[test]
fn rules_have_a_name_a_reason_and_a_severity() {
    let stand_in = StandIn::always(|| answer("A voice in the rain."));
    let rule =
        "[[rule]]\nname = 'no-speech'\ndeny = 'voice'\nreason = 'Ambience is without people.'\n";
    let broken = with_project_file(&stand_in, rule).run();
    assert_eq!(broken.code, 1);
    let words = [
        "violation: says \"voice\" (no-speech): tone.wav; \"A voice in the rain.\"; ",
        "Ambience is without people.",
    ];
    assert_says(&broken.stderr, &words);
    let warned = with_project_file(&stand_in, &format!("{rule}severity = 'warning'\n")).run();
    assert_eq!(warned.code, 0);
    assert_says(&warned.stderr, &["warning: says \"voice\" (no-speech)"]);
}

#[test]
fn rules_can_be_limited_to_paths() {
    let stand_in = StandIn::always(|| answer("A voice."));
    let toml = "[[rule]]\ndeny = 'voice'\npaths = ['amb/**', '*.flac']\n";
    let run = caption(&stand_in).file("caption.toml", toml).clips("amb", 1).clips("talk", 1);
    let run = run.args(["-f", "jsonl", "./amb", "talk"]).run();
    assert_eq!(run.code, 1);
    let records = run.records();
    assert_eq!(records[0]["findings"][0]["rule"], "deny voice");
    assert_eq!(records[1].get("findings"), None);
}

#[test]
fn audio_rules_have_bounds() {
    // 0.25 s of a tone at 8 kHz, mono.
    for (rule, is_kept) in [
        ("duration = { max = 0.2 }", false),
        ("duration = { min = 0.2, max = 0.3 }", true),
        ("rate = { min = 44100 }", false),
        ("rate = { max = 8000 }", true),
        ("channels = [2]", false),
        ("channels = [1, 2]", true),
        ("silence = 0.0", true),
        ("clipping = 0", true),
        ("loudness = { min = -6.0 }", true),
        ("decodes = true", true),
    ] {
        let stand_in = StandIn::always(|| answer("A tone."));
        let run = with_project_file(&stand_in, &format!("[[rule]]\n{rule}\n")).run();
        assert_eq!(run.code, i32::from(!is_kept), "{rule}: {}", run.stderr);
        assert_eq!(stand_in.connections() > 0, is_kept, "{rule}");
    }
}

#[test]
fn rules_of_the_file_and_of_flags_are_combined() {
    let stand_in = StandIn::always(|| answer("A voice in the rain."));
    let run =
        with_project_file(&stand_in, "[[rule]]\ndeny = 'voice'\n").args(["--deny", "rain"]).run();
    assert_says(&run.stderr, &["(deny voice)", "(deny rain)"]);
}

#[test]
fn a_flag_may_depend_on_an_option_of_the_file() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    with_project_file(&stand_in, "manifest = 'm.jsonl'\n").run().captioned();
    let run =
        with_project_file(&stand_in, "manifest = 'm.jsonl'\n").file("m.jsonl", "").arg("--offline");
    assert_says(&run.run().failed(3), &["not in the manifest"]);
    let run = with_project_file(&stand_in, "offline = true\n")
        .file("m.jsonl", "")
        .args(["--manifest", "m.jsonl"]);
    assert_says(&run.run().failed(3), &["not in the manifest"]);
}

#[test]
fn wrong_flags_are_reported_as_usual() {
    let stand_in = StandIn::start();
    let run = with_project_file(&stand_in, "jobs = 2\n").arg("--windw=30s").run();
    assert_says(&run.failed(2), &["unexpected argument '--windw'", "--window"]);
    assert!(
        with_project_file(&stand_in, "jobs = 2\n")
            .arg("--help")
            .run()
            .captioned()
            .contains("Usage: caption")
    );
}

#[cfg(unix)]
#[test]
fn a_link_cannot_lead_out_of_the_project() {
    let stand_in = StandIn::start();
    let outside = tempfile::tempdir().unwrap();
    let run = with_project_file(&stand_in, "output = 'link/out.txt'\n");
    std::os::unix::fs::symlink(outside.path(), run.folder().join("link")).unwrap();
    assert_says(&run.run().failed(2), &["output leads out of the project"]);
    assert_eq!(stand_in.connections(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_project_adds_rules_and_cannot_raise_max_spend() {
    let user = ".config/caption/caption.toml";
    let stand_in = StandIn::always(|| answer("A voice in the rain."));
    let run = with_project_file(&stand_in, "[[rule]]\ndeny = 'rain'\n")
        .file(user, "[[rule]]\ndeny = 'voice'\n");
    assert_says(&run.run().stderr, &["(deny voice)", "(deny rain)"]);
    let stand_in = StandIn::start();
    for (user_limit, project_limit) in [("0.0001", "1000"), ("1000", "0.0001")] {
        let run = caption(&stand_in).clips("x", 3).args(["-j", "1", "x"]);
        let run = run.file(user, format!("max-spend = {user_limit}\n"));
        let run = run.file("caption.toml", format!("max-spend = {project_limit}\n"));
        assert_eq!(run.run().code, 5);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_project_file_overrides_conflicting_user_options() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    let run = with_project_file(&stand_in, "verbose = true\n");
    let run = run.file(".config/caption/caption.toml", "quiet = true\nappend = ' end'\n").run();
    assert_says(&run.stderr, &["done: tone.wav"]);
    assert_eq!(run.stdout, "Rain. end\n");
}

#[cfg(unix)]
#[test]
fn sidecars_of_a_project_stay_inside_it() {
    use std::os::unix::fs::symlink;
    for (settings, link, target) in [
        ("sidecar = true\nforce = true", "tone.txt", "bashrc"),
        ("sidecar = true", "tone.txt", "new"),
        ("output-dir = 'out'\nforce = true", "out/tone.txt", "bashrc"),
        ("output-dir = 'out'\nsidecar = '{stem}.x'", "out", ""),
    ] {
        let stand_in = StandIn::start();
        let victim = tempfile::tempdir().unwrap();
        fs::write(victim.path().join("bashrc"), "mine").unwrap();
        let run =
            with_project_file(&stand_in, settings).data_file("tone.wav").args(["-q", "tone.wav"]);
        let link = run.folder().join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(victim.path().join(target), link).unwrap();
        assert_says(&run.run().failed(2), &["caption.toml", "leads out of the project"]);
        assert!(stand_in.requests().is_empty(), "{settings}");
        assert_eq!(fs::read_to_string(victim.path().join("bashrc")).unwrap(), "mine");
        assert_eq!(fs::read_dir(victim.path()).unwrap().count(), 1, "{settings}");
    }
}

#[cfg(unix)]
#[test]
fn a_project_cannot_write_version_control_files_or_through_links() {
    for settings in [
        "output = '.git/config'",
        "output = 'sub/.GIT/config'",
        "manifest = '.hg/hgrc'",
        "report = 'junit=.git/hooks/pre-commit'",
        "output-dir = '.git'",
        "sidecar = '.git/{stem}'",
        "manifest = 'link'",
        "output = 'link'",
        // Through links within the project.
        "manifest = 'tools/pre-commit'",
        "output = 'tools/new/pre-commit'",
        "output-dir = 'tools'",
        "sidecar = 'tools/{stem}'",
        // The files of git in a folder of another name.
        "output = 'store/hooks/pre-commit'",
    ] {
        let victim = tempfile::tempdir().unwrap();
        assert_leads_out(settings, |project| {
            let link = |target: &Path, name| std::os::unix::fs::symlink(target, project.join(name));
            link(&victim.path().join("x"), "link").unwrap();
            link(Path::new(".git/hooks"), "tools").unwrap();
            for file in ["HEAD", "objects/info/packs", "refs/heads/main"] {
                let file = project.join("store").join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "").unwrap();
            }
        });
        assert_eq!(fs::read_dir(victim.path()).unwrap().count(), 0, "{settings}");
    }
}

/// Asserts that a project with these settings is refused, and that nothing is sent or written.
#[track_caller]
fn assert_leads_out(settings: &str, prepare: impl FnOnce(&Path)) {
    let stand_in = StandIn::start();
    let run = with_project_file(&stand_in, settings).data_file("tone.wav").arg("tone.wav");
    let mut run = run.file(".git/hooks/sample", "");
    prepare(run.folder());
    let ended = finish(run.spawn());
    assert_says(&ended.failed(2), &["caption.toml", "leads out of the project"]);
    assert_eq!(file_names(&run.folder().join(".git")), ["hooks"], "{settings}");
    assert_eq!(file_names(&run.folder().join(".git/hooks")), ["sample"], "{settings}");
    assert!(stand_in.requests().is_empty(), "{settings}");
}

#[cfg(windows)]
#[test]
fn a_project_cannot_write_version_control_files_by_another_name() {
    for settings in [
        "manifest = '.git./hooks/pre-commit'",
        "output = '.git /config'",
        "output = '.GIT\\\\config'",
        "output-dir = 'GIT~1'",
        "report = 'junit=.git::$INDEX_ALLOCATION/hooks/pre-commit'",
        "sidecar = '.git./hooks/{stem}'",
        "sidecar = 'git~1/{stem}'",
        "output = 'out.txt:stream'",
        "manifest = 'C:m.jsonl'",
    ] {
        assert_leads_out(settings, |_| {});
    }
}

#[test]
fn a_blank_variable_counts_as_unset() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    with_project_file(&stand_in, "model = 'of-file'\n").env("CAPTION_MODEL", " ").run().ended(0);
    assert_eq!(stand_in.request().json()["model"], "of-file");
}
