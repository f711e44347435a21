//! Runs the commands of the CI examples in a repository.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{answer, clip, json_reply};
use crate::skipped_tests::has_programs;
use support::stand_in::{KEY, Reply, StandIn};

/// Returns the blocks of commands in an example, without `cargo install`.
fn blocks(example: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci");
    let text = fs::read_to_string(folder.join(example)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let begins_block = |line: &str| ["run: |", "- |"].contains(&line.trim());
    let block = |start: usize| {
        let rest = lines[start + 1..].iter();
        let body = rest.take_while(|line| indent(line) > indent(lines[start]));
        body.copied().collect::<Vec<_>>().join("\n")
    };
    (0..lines.len()).filter(|&line| begins_block(lines[line])).map(block).collect()
}

/// A repository with audio files, the last one new since `BASE`.
struct Repository {
    folder: tempfile::TempDir,
    base: String,
}

impl Repository {
    fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Self { folder, base: String::new() };
        repository.write("caption.toml", rules.as_bytes());
        repository.write("captions.jsonl", b"");
        repository.write("assets/note.txt", b"no sound");
        repository.git(&["init", "-q"]);
        repository.commit();
        let base = repository.git(&["rev-parse", "HEAD"]);
        repository.write("assets/sub folder/new.wav", &clip(1));
        repository.commit();
        Self { base, ..repository }
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        self.git(&[&who[..], &["commit", "-q", "-m", "x"]].concat());
    }

    fn git(&self, arguments: &[&str]) -> String {
        let git = Command::new("git").args(arguments).current_dir(self.folder.path()).output();
        let output = git.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Asserts the number of annotations in the log and of results for code scanning.
    #[track_caller]
    fn assert_findings_on_github(&self, output: &Output, count: i32) {
        let count = usize::try_from(count).unwrap();
        let log = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(log.matches("::error ").count(), count, "{log}");
        let sarif = fs::read(self.folder.path().join("audio.sarif")).unwrap();
        let sarif: serde_json::Value = serde_json::from_slice(&sarif).unwrap();
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), count, "{sarif}");
    }

    /// Runs a block as a CI system does.
    fn run(&self, block: &str, stand_in: &StandIn, key: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_caption")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [program].into_iter().chain(std::env::split_paths(&path));
        Command::new("bash")
            .args(["-e", "-o", "pipefail", "-c", block])
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("HOME", self.folder.path())
            .env("BASE", &self.base)
            .env("AIMLAPI_BASE_URL", stand_in.base_url())
            .env("AIMLAPI_KEY", key)
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .unwrap()
    }
}

#[test]
fn the_examples_caption_new_files_and_audit_them() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    for example in ["github.yml", "gitlab.yml"] {
        for (caption, code) in [("Wind.", 0), ("A low voice.", 1)] {
            let stand_in = StandIn::scripted([Reply::status(404), answer(caption)]);
            let repository = Repository::new("[[rule]]\ndeny = 'voice'\n");
            let blocks = blocks(example);
            let [new, audit] = blocks.as_slice() else { panic!("{blocks:?}") };
            let output = repository.run(new, &stand_in, KEY);
            assert!(output.status.success(), "{example}: {output:?}");
            // The audit needs no key.
            let output = repository.run(audit, &stand_in, "");
            assert_eq!(output.status.code(), Some(code), "{example}: {output:?}");
            assert_eq!(stand_in.posts(), 1);
            let page = fs::read_to_string(repository.folder.path().join("audio.html")).unwrap();
            assert!(page.contains("assets/sub folder/new.wav") && page.contains(caption));
            let report = fs::read_to_string(repository.folder.path().join("audio.xml")).unwrap();
            let counts = format!("tests=\"1\" failures=\"{code}\" errors=\"0\"");
            assert!(report.contains(&counts), "{report}");
            if example == "github.yml" {
                repository.assert_findings_on_github(&output, code);
            }
        }
    }
}

#[test]
fn the_audit_of_the_examples_reports_failed_files() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Wind."));
    for example in ["github.yml", "gitlab.yml"] {
        let repository = Repository::new("");
        repository.write("assets/bad.wav", b"no sound");
        repository.commit();
        let blocks = blocks(example);
        assert!(repository.run(&blocks[0], &stand_in, KEY).status.success());
        assert_eq!(repository.run(&blocks[1], &stand_in, "").status.code(), Some(3));
        let report = fs::read_to_string(repository.folder.path().join("audio.xml")).unwrap();
        assert!(report.contains("tests=\"2\" failures=\"0\" errors=\"1\""), "{report}");
    }
}

#[test]
fn the_examples_fail_if_new_files_cannot_be_captioned() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| json_reply(401, &json!({ "message": "Invalid key" })));
    for example in ["github.yml", "gitlab.yml"] {
        let output = Repository::new("").run(&blocks(example)[0], &stand_in, KEY);
        assert_eq!(output.status.code(), Some(4), "{example}: {output:?}");
    }
}

#[test]
fn the_examples_use_only_committed_captions_in_a_fork() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Wind."));
    for example in ["github.yml", "gitlab.yml"] {
        let repository = Repository::new("");
        let output = repository.run(&blocks(example)[1], &stand_in, "");
        assert_eq!(output.status.code(), Some(3), "{example}: {output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("not in the manifest") && stderr.contains("assets/sub folder/new.wav"),
            "{stderr}"
        );
    }
    assert_eq!(stand_in.connections(), 0);
}
