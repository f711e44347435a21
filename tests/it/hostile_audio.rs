//! Every hostile audio file fails alone, in 64 MB of memory and less than 1 GB of address space,
//! whatever is done with it.

use support::hostile::hidden_chapters;
use support::stand_in::{KEY, StandIn};

use crate::harness::{Caption, Run, answer, caption, file_names, finish};
use crate::process_monitor::{MAX_MEMORY_KB, ProcessMonitor};

/// Options that open, decode, convert, split and measure.
const OPTIONS: [&[&str]; 5] = [
    &[],
    &["--check", "silence,decodes"],
    &["--window", "1s"],
    &["--convert", "always"],
    &["--report", "html=report.html"],
];

/// Runs it in 1 GB of address space, and asserts that its memory is bounded.
#[track_caller]
fn run_bounded(run: Caption) -> (Run, Caption) {
    let mut run = run;
    if cfg!(target_os = "linux") {
        run = run.in_shell("ulimit -v 1000000; exec \"$@\"");
    } else {
        eprintln!("skipped: the address space is limited on Linux only");
    }
    let child = run.spawn();
    let monitor = ProcessMonitor::start(&child, KEY);
    let ended = finish(child);
    let (peak, _) = monitor.end();
    assert!(peak < MAX_MEMORY_KB, "{peak} kB of memory");
    (ended, run)
}

/// Captions a folder of two clips and these files with every set of options. The clips have to be
/// captioned, and a file that is not has an error of the input; returns those names with their
/// messages.
#[track_caller]
fn run_batch(files: &[(String, Vec<u8>)], options: &[&str]) -> Vec<(String, String)> {
    let stand_in = StandIn::always(|| answer("Rain."));
    let mut run = caption(&stand_in).clips("x", 2);
    for (name, content) in files {
        run = run.file(&format!("x/{name}"), content);
    }
    let before = file_names(&run.folder().join("x"));
    let run = run.args(["-q", "-f", "jsonl", "-o", "out.jsonl", "--no-ignore"]).args(options);
    // Named, as some have no extension of audio.
    let named = before.iter().map(|name| format!("x/{name}"));
    let (ended, run) = run_bounded(run.args(named));
    assert!([1, 3].contains(&ended.code), "{options:?}: {} {}", ended.code, ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{options:?}: {}", ended.stderr);
    assert_eq!(file_names(&run.folder().join("x")), before, "{options:?}");
    let left = file_names(run.folder());
    assert!(
        left.iter().all(|n| ["out.jsonl", "report.html", "x"].contains(&n.as_str())),
        "{left:?}"
    );
    let records = std::fs::read_to_string(run.folder().join("out.jsonl")).unwrap();
    let records: Vec<serde_json::Value> =
        records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), before.len(), "{options:?}");
    let mut failed = Vec::new();
    for record in records {
        let name = record["input"].as_str().unwrap().trim_start_matches("x/").to_owned();
        if let Some(error) = record.get("error") {
            assert_eq!(error["kind"], "input", "{options:?}: {record}");
            failed.push((name, error["message"].as_str().unwrap().to_owned()));
        }
    }
    for clip in ["000.wav", "001.wav"] {
        assert!(failed.iter().all(|(name, _)| name != clip), "{options:?}: {failed:?}");
    }
    failed
}

#[test]
fn tags_are_never_entered_wherever_they_are() {
    for options in OPTIONS {
        run_batch(&hidden_chapters(2_000), options);
    }
}
