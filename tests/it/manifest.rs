//! The manifest: captions are cached, never requested twice, never lost.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use caption::Clip;
use serde_json::Value;

use crate::harness::{Caption, NULL_DEVICE, answer, assert_says, caption, clip, data_path, finish};
use support::stand_in::{Reply, StandIn};

#[test]
fn a_second_run_with_the_manifest_sends_nothing() {
    let stand_in = StandIn::start();
    let run = || caption(&stand_in).clips("x", 5).args(["-q", "x", "--manifest"]);
    let manifest = shared();
    let first = run().arg(manifest.path()).run().captioned();
    let second = run().arg(manifest.path()).run().captioned();
    assert_eq!(first, second);
    assert_eq!(stand_in.requests().len(), 5);
}

#[test]
fn a_line_of_the_manifest_is_a_documented_record() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--manifest", "m.jsonl"]);
    let path = run.folder().join("m.jsonl");
    let mut run = run;
    finish(run.spawn()).captioned();
    let line = fs::read_to_string(path).unwrap();
    assert!(line.ends_with('\n') && line.lines().count() == 1, "{line}");
    let record: Value = serde_json::from_str(&line).unwrap();
    let keys: Vec<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "input",
        "sha256",
        "seconds",
        "caption",
        "model",
        "finish_reason",
        "usage",
        "usd",
        "request_id",
        "attempts",
        "elapsed_ms",
    ];
    assert_eq!(keys, expected);
    assert_eq!(record["model"], "alibaba/qwen3-omni-30b-a3b-captioner");
    assert_eq!(record["seconds"], 0.25);
    assert_eq!(record["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_rename_a_move_or_a_copy_costs_nothing() {
    let stand_in = StandIn::start();
    let manifest = shared();
    let run = |name: &str| {
        let run =
            caption(&stand_in).file(name, clip(0)).args(["-q", "-f", "jsonl", name, "--manifest"]);
        run.arg(manifest.path()).run().records()
    };
    let first = run("a.wav");
    let second = run("b.wav");
    assert_eq!(second[0]["input"], "b.wav");
    assert_eq!(first[0]["caption"], second[0]["caption"]);
    assert_eq!(stand_in.requests().len(), 1);
}

#[test]
fn other_content_model_or_limit_sends_a_new_request() {
    let stand_in = StandIn::start();
    let manifest = shared();
    let run = |content: Vec<u8>, args: &[&str]| {
        let run = caption(&stand_in)
            .file("a.wav", content)
            .args(args)
            .arg("-q")
            .arg("a.wav")
            .arg("--manifest");
        run.arg(manifest.path()).run().captioned();
        stand_in.requests().len()
    };
    assert_eq!(run(clip(0), &[]), 1);
    assert_eq!(run(clip(1), &[]), 2);
    assert_eq!(run(clip(0), &["-m", "other"]), 3);
    assert_eq!(run(clip(0), &["--max-tokens", "5"]), 4);
    assert_eq!(run(clip(0), &["-m", "other"]), 4);
    assert_eq!(run(clip(0), &["--max-tokens", "5"]), 4);
}

#[test]
fn duplicate_content_is_requested_once() {
    let stand_in = StandIn::always(|| answer("Rain.").delayed(Duration::from_millis(30)));
    for args in [&["-q", "."][..], &["-q", "--manifest", "m.jsonl", "--force", "."]] {
        let before = stand_in.requests().len();
        let run = caption(&stand_in).file("a.wav", clip(0)).file("b.wav", clip(0));
        let printed = run.file("c.wav", clip(0)).args(args).run().captioned();
        assert_eq!(printed.matches("Rain.").count(), 3);
        assert_eq!(stand_in.requests().len() - before, 1);
    }
}

#[test]
fn a_url_that_is_passed_on_is_never_cached() {
    let stand_in = StandIn::start();
    let manifest = shared();
    for _ in 0..2 {
        let run = caption(&stand_in).args(["https://example.com/a.mp3", "--manifest"]);
        run.arg(manifest.path()).run().captioned();
    }
    assert_eq!(stand_in.requests().len(), 2);
    assert_eq!(fs::read_to_string(manifest.path()).unwrap(), "");
}

#[test]
fn failures_are_never_cached() {
    let stand_in = StandIn::scripted([Reply::status(400), answer("Rain.")]);
    let manifest = shared();
    for code in [3, 0] {
        let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--manifest"]);
        run.arg(manifest.path()).run().ended(code);
    }
    assert_eq!(fs::read_to_string(manifest.path()).unwrap().lines().count(), 1);
}

#[test]
fn force_sends_again_and_the_newest_caption_is_used() {
    let stand_in = StandIn::scripted([answer("old"), answer("new")]);
    let manifest = shared();
    let run = |args: &[&str]| {
        let run =
            caption(&stand_in).data_file("tone.wav").args(args).args(["tone.wav", "--manifest"]);
        run.arg(manifest.path()).run().captioned()
    };
    assert_eq!(run(&[]), "old\n");
    assert_eq!(run(&["--force"]), "new\n");
    assert_eq!(run(&[]), "new\n");
    assert_eq!(fs::read_to_string(manifest.path()).unwrap().lines().count(), 2);
}

#[test]
fn offline_uses_the_manifest_without_key_or_network() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    let manifest = shared();
    let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--manifest"]);
    run.arg(manifest.path()).run().captioned();

    let offline = || crate::harness::unconfigured().data_file("tone.wav").data_file("tone.mp3");
    let offline = || offline().arg("--offline").arg("--manifest").arg(manifest.path());
    assert_eq!(offline().arg("tone.wav").run().captioned(), "Rain.\n");
    let run =
        offline().args(["-f", "jsonl", "tone.wav", "tone.mp3", "http://127.0.0.1:9/a.wav"]).run();
    assert_eq!(run.code, 3);
    let kinds: Vec<_> =
        run.records().iter().map(|record| record["error"]["kind"].clone()).collect();
    assert_eq!(kinds, [Value::Null, "offline".into(), "offline".into()]);
    assert_says(&run.stderr, &["not in the manifest", "tone.mp3", "without --offline"]);
}

#[test]
fn offline_requires_an_existing_manifest() {
    let stderr = crate::harness::unconfigured().args(["--offline", "a.wav"]).run().failed(2);
    assert_says(&stderr, &["--manifest"]);
    let run =
        crate::harness::unconfigured().args(["--offline", "--manifest", "nowhere", "a.wav"]).run();
    assert_says(&run.failed(2), &["could not open the manifest nowhere"]);
}

#[test]
fn a_torn_last_line_loses_no_other_caption() {
    let stand_in = StandIn::start();
    let manifest = shared();
    let run = |names: &[&str]| {
        let run = caption(&stand_in).file("a.wav", clip(0)).file("b.wav", clip(1));
        run.args(names).arg("--manifest").arg(manifest.path()).run()
    };
    run(&["a.wav", "b.wav"]).ended(0);
    let whole = fs::read(manifest.path()).unwrap();
    let second_line = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // Cut anywhere in the last line: only an incomplete line is requested again.
    for cut in [second_line + 1, second_line + 40, whole.len() - 2, whole.len() - 1] {
        fs::write(manifest.path(), &whole[..cut]).unwrap();
        let before = stand_in.requests().len();
        let run = run(&["a.wav", "b.wav"]);
        assert_eq!(run.code, 0);
        let is_whole = cut == whole.len() - 1;
        assert_eq!(stand_in.requests().len() - before, usize::from(!is_whole), "cut at {cut}");
        assert_eq!(run.stderr.contains("1 invalid line ignored"), !is_whole, "{}", run.stderr);
        let cached = sha256s(&fs::read_to_string(manifest.path()).unwrap());
        assert_eq!(cached.len(), 2, "cut at {cut}");
    }
}

#[test]
fn a_manifest_may_have_empty_lines_or_only_a_torn_one() {
    for (content, notes) in [("", 0), ("\n \n", 0), ("{\"input\": \"a", 1)] {
        let stand_in = StandIn::start();
        let mut run = caption(&stand_in).data_file("tone.wav").file("m", content);
        run = run.args(["tone.wav", "--manifest", "m"]);
        let ended = finish(run.spawn());
        assert_eq!(
            (ended.code, ended.stderr.matches("ignored in").count()),
            (0, notes),
            "{content:?}"
        );
        let text = fs::read_to_string(run.folder().join("m")).unwrap();
        assert!(text.starts_with(content), "it is only appended to: {text}");
        assert_eq!(sha256s(&text).len(), 1, "{text}");
    }
}

#[test]
fn two_runs_can_share_a_manifest() {
    let stand_in = StandIn::start();
    let manifest = shared();
    let mut runs: Vec<_> = ["1/4", "2/4", "3/4", "4/4"]
        .iter()
        .map(|shard| {
            let run = caption(&stand_in).clips("x", 60).args(["-q", "-j", "8", "--shard", shard]);
            run.arg("x").arg("--manifest").arg(manifest.path())
        })
        .collect();
    let children: Vec<_> = runs.iter_mut().map(Caption::spawn).collect();
    for child in children {
        finish(child).ended(0);
    }
    let text = fs::read_to_string(manifest.path()).unwrap();
    assert_eq!(text.lines().count(), 60);
    assert_eq!(sha256s(&text).len(), 60);
}

#[test]
fn a_manifest_cannot_be_combined_with_json() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").args(["--json", "--manifest", "m", "tone.wav"]);
    assert_says(&run.run().failed(2), &["use --format jsonl"]);
}

#[cfg(unix)]
#[test]
fn a_full_disk_under_the_manifest_stops_the_run() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let mut run = caption(&stand_in).clips("x", 20).args(["-j1", "x", "--manifest", "m"]);
    // A limit to the size of files acts like a full disk.
    run = run.in_shell("trap '' XFSZ; ulimit -f 1; exec \"$@\"");
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let delivered = ended.stdout.matches("Rain.").count();
    assert!((1..20).contains(&delivered), "{}", ended.stdout);
    assert_eq!(stand_in.requests().len(), delivered, "what was paid for is delivered");
    let words = ["could not write the manifest", "no more requests are sent", "not tried"];
    assert_says(&ended.stderr, &words);
    // A torn line loses no other caption.
    let before = stand_in.requests().len();
    let again = caption(&stand_in).arg("-q").arg(run.folder().join("x"));
    again.arg("--manifest").arg(run.folder().join("m")).run().ended(0);
    assert_eq!(stand_in.requests().len() - before, 20 - (delivered - 1));
}

#[test]
fn a_manifest_is_a_file_of_records() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav");
    let run = run.args(["tone.wav", "--manifest", NULL_DEVICE]);
    let words = ["could not open the manifest", NULL_DEVICE, "a device, not a file"];
    assert_says(&run.run().failed(2), &words);
    for content in ["dear diary\n", "{\"a\": 1}\n{\"b\": 2}\n", "\u{1}\u{2}"] {
        let run = caption(&stand_in).data_file("tone.wav").file("notes", content);
        let run = run.args(["tone.wav", "--manifest", "notes"]).run();
        assert_says(&run.failed(2), &["could not open the manifest notes", "not a manifest"]);
    }
}

#[cfg(unix)]
#[test]
fn kill_at_any_moment_loses_no_delivered_caption() {
    const CLIPS: usize = 40;
    let stand_in = StandIn::always(|| Reply::measured().delayed(Duration::from_millis(3)));
    let manifest = shared();
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut delivered, mut cached, mut killed) = (HashSet::new(), HashSet::new(), 0);
    for round in 0..50 {
        // New clips in every round, so that there is always something to send.
        for number in 0..CLIPS {
            fs::write(
                folder.path().join(format!("{number}.wav")),
                clip(round / 5 * CLIPS + number),
            )
            .unwrap();
        }
        let before = stand_in.requests().len();
        let mut run = caption(&stand_in).args(["-q", "-j", "4", "-f", "jsonl", "--manifest"]);
        run = run.arg(manifest.path()).arg(folder.path());
        let mut child = run.spawn();
        // The kill comes a random time after a random number of requests.
        let requests = random.usize(0..20);
        while stand_in.requests().len() < before + requests && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(random.u64(0..4000)));
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        for sha256 in requested(&stand_in, before) {
            assert!(!cached.contains(&sha256), "round {round}: asked again for what was kept");
        }
        let text = fs::read_to_string(manifest.path()).unwrap();
        cached = sha256s(&text);
        let lines = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert_eq!(lines, cached.len(), "round {round}: every record is of another clip");
        delivered.extend(sha256s(&String::from_utf8_lossy(&output.stdout)));
        assert!(delivered.is_subset(&cached), "round {round}: a delivered caption is lost");
    }
    assert!(killed > 25, "only {killed} runs were still going");
    let run = caption(&stand_in).args(["-q", "--manifest"]).arg(manifest.path()).arg(folder.path());
    let printed = run.run().ended(0);
    assert_eq!(printed.matches("==> ").count(), CLIPS);
}

/// Creates a manifest that several runs share.
fn shared() -> tempfile::NamedTempFile {
    tempfile::NamedTempFile::new().unwrap()
}

/// Returns the hashes of all records in a text; a torn line has none.
fn sha256s(text: &str) -> HashSet<String> {
    let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records.filter_map(|record| record["sha256"].as_str().map(str::to_owned)).collect()
}

/// Returns the hashes of the clips that were sent after a number of requests.
fn requested(stand_in: &StandIn, before: usize) -> Vec<String> {
    use base64::Engine;
    let scratch = tempfile::tempdir().unwrap();
    let sound = |request: &support::stand_in::Request| {
        let json = request.json();
        let data =
            json["messages"][0]["content"][0]["input_audio"]["data"].as_str().unwrap().to_owned();
        let encoded = data.strip_prefix("data:;base64,").unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
        let path = scratch.path().join("sound.wav");
        fs::write(&path, bytes).unwrap();
        Clip::open(path).unwrap().sha256().unwrap()
    };
    stand_in.requests()[before..].iter().map(sound).collect()
}

#[test]
fn a_manifest_in_the_folder_itself_works() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").args(["-q", "--manifest", "captions.jsonl", "."]);
    let content = run.folder().to_owned();
    let mut run = run;
    finish(run.spawn()).ended(0);
    let manifest = fs::read(content.join("captions.jsonl")).unwrap();
    let offline =
        crate::harness::unconfigured().file("captions.jsonl", manifest).data_file("tone.wav");
    let printed =
        offline.args(["-q", "--offline", "--manifest", "captions.jsonl", "."]).run().captioned();
    assert_says(&printed, &["==> tone.wav <==", "1000 Hz"]);
    assert!(data_path("tone.wav").exists());
}
