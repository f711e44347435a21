//! Git LFS pointers are recognized, and their captions are found by the hash in them.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{Caption, answer, assert_says, caption, clip, finish, unconfigured};
use support::stand_in::{Reply, StandIn};

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// What Git LFS leaves in place of a file.
fn pointer(content: &[u8]) -> String {
    let (oid, size) = (sha256(content), content.len());
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
}

/// A manifest that knows these sounds by this caption.
struct Cached {
    _folder: tempfile::TempDir,
    manifest: PathBuf,
}

impl Cached {
    fn new(caption_text: &'static str, arguments: &[&str]) -> Self {
        let stand_in = StandIn::always(move || answer(caption_text));
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("m.jsonl");
        let run = caption(&stand_in).file("a.wav", clip(1)).file("b.wav", clip(2));
        let run = run.args(["a.wav", "b.wav"]).args(arguments);
        let mut run = run.arg("--manifest").arg(&manifest);
        finish(run.spawn()).ended(0);
        Self { _folder: folder, manifest }
    }

    /// A run without key or network on two pointers.
    fn offline(&self) -> Caption {
        let run = unconfigured().file("a.wav", pointer(&clip(1))).file("b.wav", pointer(&clip(2)));
        run.args(["--offline", "a.wav", "b.wav", "--manifest"]).arg(&self.manifest)
    }

    /// The same, told as records.
    fn records(&self) -> Caption {
        self.offline().args(["-f", "jsonl"])
    }
}

#[test]
fn a_pointer_is_refused_with_the_command_that_downloads_the_audio() {
    let stand_in = StandIn::start();
    let plain = pointer(&clip(1));
    let with_extension =
        plain.replace("\noid", &format!("\next-0-foo sha256:{}\noid", "0".repeat(64)));
    for content in
        [plain.clone(), plain.replace('\n', "\r\n"), with_extension, plain.trim_end().to_owned()]
    {
        let run = caption(&stand_in).file("a.wav", &content).arg("a.wav").run();
        let said = run.failed(3);
        assert_says(&said, &["a Git LFS pointer", "a.wav", "run git lfs pull"]);
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let said = caption(&stand_in).stdin(plain).arg("-").run().failed(3);
    assert_says(&said, &["a Git LFS pointer"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_downloaded_pointer_is_recognized() {
    let stand_in = StandIn::scripted([Reply::status(200).body("text/plain", pointer(&clip(1)))]);
    let run = caption(&stand_in).args(["--inline", &stand_in.url("a.wav")]).run();
    assert_says(&run.failed(3), &["a Git LFS pointer"]);
}

#[test]
fn a_pointer_fails_only_itself() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("x/a.wav", pointer(&clip(1))).file("x/b.wav", clip(2));
    let run = run.args(["-f", "jsonl", "x"]).run();
    assert_eq!(run.code, 3);
    let error = run.records()[0]["error"].clone();
    assert_eq!(error["kind"], "input");
    assert_says(error["message"].as_str().unwrap(), &["a Git LFS pointer"]);
    assert_says(error["hint"].as_str().unwrap(), &["git lfs pull"]);
    assert_says(&run.stderr, &["1 captioned · 1 failed"]);
}

#[test]
fn text_about_pointers_is_text() {
    let stand_in = StandIn::start();
    let (oid, long) = ("0".repeat(64), "x".repeat(2_000));
    for content in [
        "version https://git-lfs.github.com/spec/v1 is how it starts\n".to_owned(),
        "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n".to_owned(),
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nGARBAGE\nsize 1\n"),
        format!("see: version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1\n"),
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1\n{long}\n"),
    ] {
        let run = caption(&stand_in).file("a.wav", &content).arg("a.wav").run();
        assert_says(&run.failed(3), &["not audio but text"]);
    }
}

#[test]
fn captions_are_audited_without_the_audio() {
    let cached = Cached::new("A low voice.", &[]);
    let run = cached.records().run();
    assert_eq!((run.code, run.stderr.contains("error")), (0, false), "{}", run.stderr);
    let records = run.records();
    assert_eq!(records.len(), 2);
    for (record, number) in records.iter().zip([1, 2]) {
        assert_eq!(record["caption"], "A low voice.");
        assert_eq!(
            record["sha256"],
            Value::from(sha256(&clip(number))),
            "the sound's and not the pointer's"
        );
        assert_eq!(record["seconds"], 0.25);
    }
    let broken = cached.records().args(["--deny", "voice"]).run();
    assert_eq!(broken.code, 1, "{}", broken.stderr);
    assert_says(&broken.stderr, &["says \"voice\"", "a.wav", "2 violations"]);
    assert_eq!(cached.records().args(["--require", "voice"]).run().code, 0);
}

#[test]
fn a_folder_of_pointers_is_searched() {
    let cached = Cached::new("A low voice.", &[]);
    let run =
        unconfigured().file("x/a.wav", pointer(&clip(1))).file("x/deep/b.wav", pointer(&clip(2)));
    let run = run.args(["-q", "-f", "jsonl", "--offline", "x", "--deny", "voice", "--manifest"]);
    let run = run.arg(&cached.manifest).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.records().len(), 2);
}

#[test]
fn a_pointer_without_a_cached_caption_has_the_hint() {
    let cached = Cached::new("A tone.", &[]);
    let run = cached.records().file("b.wav", pointer(&clip(3))).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let records = run.records();
    assert_eq!(records[0]["caption"], "A tone.");
    assert_says(records[1]["error"]["message"].as_str().unwrap(), &["a Git LFS pointer"]);
    assert_says(records[1]["error"]["hint"].as_str().unwrap(), &["git lfs pull"]);
}

#[test]
fn a_pointer_has_the_cache_key_of_its_audio() {
    let cached = Cached::new("A tone.", &["--window", "5s"]);
    assert_eq!(cached.records().args(["--window", "5s"]).run().code, 0);
    assert_eq!(cached.records().run().code, 3);
    assert_eq!(cached.records().args(["--window", "5s", "--max-tokens", "7"]).run().code, 3);
}

#[test]
fn a_pointer_and_its_audio_have_the_same_record() {
    let cached = Cached::new("A low voice.", &[]);
    let of_pointers = cached.records().args(["-q", "--deny", "voice"]).run();
    let of_audio = cached.records().file("a.wav", clip(1)).file("b.wav", clip(2));
    let of_audio = of_audio.args(["-q", "--deny", "voice"]).run();
    assert_eq!(of_pointers.code, 1, "{}", of_pointers.stderr);
    assert_eq!(of_pointers.stdout, of_audio.stdout);
}

#[test]
fn a_pointer_violates_each_rule_on_audio() {
    // Nobody here can tell, whatever the manifest says was measured.
    let cached = Cached::new("A tone.", &["-v"]);
    for check in ["silence", "clipping", "duration", "channels", "rate", "loudness", "decodes"] {
        let run = cached.records().args(["--check", check]).run();
        assert!([1, 3].contains(&run.code), "{check}: {} {}", run.code, run.stderr);
        assert_says(&run.stderr, &["a Git LFS pointer", "a.wav"]);
    }
}

#[test]
fn a_dry_run_and_sidecars_use_pointers() {
    let cached = Cached::new("A tone.", &[]);
    let run = cached.offline().arg("--dry-run").run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stdout, &["a.wav", "b.wav"]);
    let run = cached.offline().arg("--sidecar");
    let path = run.folder().join("a.txt");
    let mut run = run;
    finish(run.spawn()).ended(0);
    assert_eq!(fs::read_to_string(path).unwrap(), "A tone.\n");
}
