//! Runs the commands of the CI examples in a repository.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{answer, clip, json_reply};
use crate::skipped_tests::has_programs;
use support::stand_in::{KEY, Reply, StandIn};

const ACTION: &str = ".github/actions/caption/action.yml";

/// Files that end in the blocks: caption what is new, audit, keep the captions.
const RECIPES: [&str; 2] = [ACTION, "examples/ci/gitlab.yml"];

/// Returns the blocks of commands in a file.
fn blocks(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).unwrap();
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

/// Returns the blocks of a recipe: caption what is new, audit, keep the captions.
fn recipe(file: &str) -> [String; 3] {
    let mut blocks = blocks(file);
    let own = blocks.split_off(blocks.len() - 3);
    own.try_into().unwrap()
}

/// A repository with an audio file that has no caption.
struct Repository {
    folder: tempfile::TempDir,
    temporary: tempfile::TempDir,
}

impl Repository {
    fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Self { folder, temporary: tempfile::tempdir().unwrap() };
        repository.write("caption.toml", rules.as_bytes());
        repository.write("captions.jsonl", b"");
        repository.write("assets/note.txt", b"no sound");
        repository.write("assets/sub folder/new.wav", &clip(1));
        repository.git(&["init", "-q", "-b", "main"]);
        repository.commit();
        repository
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
            .envs([("AUDIO", "assets/"), ("MANIFEST", "captions.jsonl"), ("MAX_SPEND", "5")])
            .env("RUNNER_TEMP", self.temporary.path())
            .env("AIMLAPI_BASE_URL", stand_in.base_url())
            .env("AIMLAPI_KEY", key)
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .unwrap()
    }
}

#[test]
fn the_recipes_caption_new_files_and_audit_them() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    for file in RECIPES {
        for (caption, code) in [("Wind.", 0), ("A low voice.", 1)] {
            let stand_in = StandIn::scripted([Reply::status(404), answer(caption)]);
            let repository = Repository::new("[[rule]]\ndeny = 'voice'\n");
            let [new, audit, _] = recipe(file);
            let output = repository.run(&new, &stand_in, KEY);
            assert!(output.status.success(), "{file}: {output:?}");
            // The audit needs no key.
            let output = repository.run(&audit, &stand_in, "");
            assert_eq!(output.status.code(), Some(code), "{file}: {output:?}");
            assert_eq!(stand_in.posts(), 1);
            let page = fs::read_to_string(repository.folder.path().join("audio.html")).unwrap();
            assert!(page.contains("assets/sub folder/new.wav") && page.contains(caption));
            let report = fs::read_to_string(repository.folder.path().join("audio.xml")).unwrap();
            let counts = format!("tests=\"1\" failures=\"{code}\" errors=\"0\"");
            assert!(report.contains(&counts), "{report}");
            if file == ACTION {
                repository.assert_findings_on_github(&output, code);
            }
        }
    }
}

#[test]
fn the_recipes_fail_until_the_new_captions_are_committed() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    for file in RECIPES {
        let stand_in = StandIn::always(|| answer("Wind."));
        let repository = Repository::new("");
        let [new, _, keep] = recipe(file);
        assert!(repository.run(&new, &stand_in, KEY).status.success());
        let output = repository.run(&keep, &stand_in, "");
        assert_eq!(output.status.code(), Some(1), "{file}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("commit captions.jsonl"), "{file}: {said}");
        repository.commit();
        let posts = stand_in.posts();
        assert!(repository.run(&new, &stand_in, KEY).status.success());
        assert_eq!(stand_in.posts(), posts);
        assert!(repository.run(&keep, &stand_in, "").status.success(), "{file}");
    }
}

#[test]
fn the_action_pushes_the_new_captions_to_the_branch() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Wind."));
    let repository = Repository::new("");
    let remote = tempfile::tempdir().unwrap();
    let url = remote.path().to_str().unwrap();
    repository.git(&["init", "-q", "--bare", url]);
    repository.git(&["remote", "add", "origin", url]);
    // The state of a pull request on a runner.
    repository.git(&["checkout", "-q", "--detach"]);
    let [new, _, keep] = recipe(ACTION);
    assert!(repository.run(&new, &stand_in, KEY).status.success());
    let keep = format!("export COMMIT=true GITHUB_HEAD_REF=sounds\n{keep}");
    let output = repository.run(&keep, &stand_in, "");
    assert!(output.status.success(), "{output:?}");
    let pushed = repository.git(&["--git-dir", url, "show", "refs/heads/sounds:captions.jsonl"]);
    assert!(pushed.contains("Wind."), "{pushed}");
}

#[test]
fn the_audit_of_the_recipes_reports_failed_files() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Wind."));
    for file in RECIPES {
        let repository = Repository::new("");
        repository.write("assets/bad.wav", b"no sound");
        repository.commit();
        let [new, audit, _] = recipe(file);
        assert!(repository.run(&new, &stand_in, KEY).status.success());
        assert_eq!(repository.run(&audit, &stand_in, "").status.code(), Some(3));
        let report = fs::read_to_string(repository.folder.path().join("audio.xml")).unwrap();
        assert!(report.contains("tests=\"2\" failures=\"0\" errors=\"1\""), "{report}");
    }
}

#[test]
fn the_recipes_fail_if_new_files_cannot_be_captioned() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| json_reply(401, &json!({ "message": "Invalid key" })));
    for file in RECIPES {
        let [new, ..] = recipe(file);
        let output = Repository::new("").run(&new, &stand_in, KEY);
        assert_eq!(output.status.code(), Some(4), "{file}: {output:?}");
    }
}

#[test]
fn the_recipes_use_only_committed_captions_in_a_fork() {
    if !has_programs(&["bash", "git"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Wind."));
    for file in RECIPES {
        let repository = Repository::new("");
        let [_, audit, _] = recipe(file);
        let output = repository.run(&audit, &stand_in, "");
        assert_eq!(output.status.code(), Some(3), "{file}: {output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("not in the manifest") && stderr.contains("assets/sub folder/new.wav"),
            "{stderr}"
        );
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn the_action_installs_the_archive_of_a_release() {
    if !has_programs(&["bash", "git", "sha256sum", "tar"]) {
        return;
    }
    let repository = Repository::new("");
    let download = r#"
    gh() {
        mkdir -p caption-0.1.0-x86_64-unknown-linux-gnu
        printf '#!/bin/sh\necho installed' > caption-0.1.0-x86_64-unknown-linux-gnu/caption
        chmod +x caption-0.1.0-x86_64-unknown-linux-gnu/caption
        tar -czf caption-0.1.0-x86_64-unknown-linux-gnu.tar.gz caption-0.1.0-x86_64-unknown-linux-gnu
        sha256sum caption-*.tar.gz > caption-0.1.0-x86_64-unknown-linux-gnu.tar.gz.sha256
        echo "$@"
    }
    export RUNNER_OS=Linux RUNNER_ARCH=X64 VERSION=v0.1.0 REPOSITORY=owner/caption
    "#;
    let install = format!("{download}\n{}", blocks(ACTION)[0]);
    let output = repository.run(&install, &StandIn::scripted([]), "");
    assert!(output.status.success(), "{output:?}");
    let asked = String::from_utf8(output.stdout).unwrap();
    assert!(asked.starts_with("release download v0.1.0 --repo owner/caption"), "{asked}");
    let installed = repository.temporary.path().join("caption/caption");
    assert_eq!(Command::new(installed).output().unwrap().stdout, b"installed\n");
}

#[test]
fn folders_and_the_hooks_have_the_extensions_of_the_guide() {
    let guide = include_str!("../../examples/guide/formats.md");
    let line = guide.lines().find(|line| line.starts_with("`3ga`")).unwrap();
    let extensions: Vec<_> = line.split('`').filter(|part| !part.trim().is_empty()).collect();

    let folder = tempfile::tempdir().unwrap();
    for extension in &extensions {
        fs::write(folder.path().join(extension).with_extension(extension), clip(1)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_caption"));
    let output = command.arg("--dry-run").arg(folder.path()).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(extensions.iter().all(|name| listed.contains(&format!("{name}.{name}"))), "{listed}");

    let hooks = include_str!("../../.pre-commit-hooks.yaml");
    let pattern = format!(r"files: (?i)\.({})$", extensions.join("|"));
    assert_eq!(hooks.matches(&pattern).count(), 2, "{pattern}");
}
