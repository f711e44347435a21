//! Every hostile audio file fails alone, in 64 MB of memory and less than 1 GB of address space,
//! whatever is done with it.

use support::hostile::{
    commented_files, hidden_chapters, hostile_files, nested_elements, oversized_files,
    panicking_file,
};
use support::stand_in::{KEY, StandIn};

use crate::harness::{Caption, Run, answer, assert_says, caption, file_names, finish};
use crate::process_monitor::{MAX_MEMORY_KB, ProcessMonitor};
use crate::skipped_tests::not_applicable;

/// Options that open, decode, convert, split and measure.
const OPTIONS: [&[&str]; 5] = [
    &[],
    &["--check", "silence,decodes"],
    &["--window", "1s"],
    &["--convert", "always"],
    &["--report", "html=report.html"],
];

/// Runs it in 2 GB of address space, half of it for the heaps of its threads, and asserts that its memory is bounded.
#[track_caller]
fn run_bounded(run: Caption) -> (Run, Caption) {
    let mut run = run;
    if cfg!(target_os = "linux") {
        run = run.in_shell("ulimit -v 2000000; exec \"$@\"");
    } else {
        not_applicable("the address space is limited on Linux only");
    }
    let child = run.spawn();
    let monitor = ProcessMonitor::start(&child, KEY);
    let ended = finish(child);
    let (peak, _) = monitor.end();
    assert!(peak < MAX_MEMORY_KB, "{peak} kB of memory");
    (ended, run)
}

/// Captions two clips and these files. The clips have to be captioned, and another file may fail by
/// its own fault only; returns those without a caption, with their messages.
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
    assert!([0, 1, 3].contains(&ended.code), "{options:?}: {} {}", ended.code, ended.stderr);
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
        if record.get("caption").is_none() {
            let error = record.get("error");
            assert!(error.is_none_or(|error| error["kind"] == "input"), "{options:?}: {record}");
            let message = error.map_or("", |error| error["message"].as_str().unwrap());
            failed.push((name, message.to_owned()));
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

#[test]
fn parts_within_parts_are_entered_to_a_limit() {
    for options in OPTIONS {
        run_batch(&nested_elements(5_000), options);
    }
}

#[test]
fn twenty_kinds_of_hostile_files_are_bounded_whatever_is_done() {
    let files = hostile_files().into_iter().map(|(name, content)| (format!("0-{name}"), content));
    let files: Vec<_> = files.collect();
    for options in OPTIONS {
        let failed = run_batch(&files, options);
        assert_eq!(failed.len(), files.len(), "{options:?}: {failed:?}");
        for (name, words) in [
            ("0-nested.m4a", "a damaged M4A file"),
            ("0-frames.caf", "more frames than fit into a packet"),
            ("0-channels.aiff", "invalid channel count"),
            ("0-no-packets.caf", "a recording without a single sample"),
        ] {
            let is_told =
                failed.iter().any(|(file, message)| file == name && message.contains(words));
            assert!(is_told, "{options:?}: {name}: {failed:?}");
        }
    }
}

#[test]
fn sizes_beyond_the_bytes_of_a_file_are_rejected() {
    let files = oversized_files();
    let contents: Vec<_> =
        files.iter().map(|(name, content, _)| ((*name).to_owned(), content.clone())).collect();
    for options in OPTIONS {
        let failed = run_batch(&contents, options);
        for (name, _, words) in &files {
            let is_told =
                failed.iter().any(|(file, message)| file == name && message.contains(words));
            assert!(is_told, "{options:?}: {name}: {failed:?}");
        }
    }
}

#[test]
fn comments_and_pictures_beyond_the_limit_are_passed_over() {
    let files = ["0-comments.opus", "0-picture.opus"].map(str::to_owned).into_iter();
    let files: Vec<_> = files.zip(commented_files()).collect();
    for options in OPTIONS {
        assert_eq!(run_batch(&files, options), []);
    }
}

#[test]
fn a_length_beyond_the_bytes_of_a_file_is_not_counted_in_a_dry_run() {
    let run = caption(&StandIn::start()).args(["--dry-run", "--window", "1s"]);
    let run = oversized_files()
        .into_iter()
        .filter(|(name, ..)| name.starts_with("length"))
        .fold(run, |run, (name, content, _)| run.file(name, content).arg(name));
    let (ended, _) = run_bounded(run);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_says(&ended.stderr, &["length.caf", "length.m4a", "2 inputs · 0 requests"]);
}

#[test]
fn a_decoder_that_panics_fails_only_its_own_file() {
    for options in OPTIONS {
        let failed = run_batch(&[("panic.ogg".to_owned(), panicking_file())], options);
        assert_eq!(failed.len(), 1, "{options:?}");
        assert_says(&failed[0].1, &["a damaged sound file (its decoder gave up)"]);
    }
    // On a thread of the caller, as a report opens it.
    let opened = caption::Clip::spool(panicking_file().as_slice(), None);
    assert!(matches!(opened, Err(caption::Error::Damaged { .. })), "{opened:?}");
}

/// Writes the header of a WAV file of any length, and returns the open file.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn long_wav(run: &Caption, name: &str) -> std::fs::File {
    use std::io::Write as _;

    let mut header = support::audio::wav(8_000, 1, 16, &[0.0]);
    header[4..8].fill(0xff);
    header[40..44].fill(0xff);
    let path = run.folder().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(&header).unwrap();
    file
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn files_of_holes_are_judged_before_they_are_read() {
    for options in OPTIONS.into_iter().chain([&["--dry-run"][..]]) {
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).clips("x", 2);
        for number in 0..5 {
            let file = long_wav(&run, &format!("x/0-{number}.wav"));
            if let Err(error) = file.set_len(3_000_000_000_000) {
                not_applicable(&format!("a file of 3 TB: {error}"));
                return;
            }
        }
        let started = std::time::Instant::now();
        let (ended, _) = run_bounded(run.args(["--manifest", "m.jsonl"]).args(options).arg("x"));
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert_says(
            &ended.stderr,
            &["of 3.0 TB are stored, the rest is holes): 5 inputs: x/0-0.wav"],
        );
        let is_sent = !options.contains(&"--dry-run");
        let sent = stand_in.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(sent, if is_sent { 2 } else { 0 }, "{}", ended.stderr);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }
}

/// Reserves space for a long file; false where that is not possible.
#[cfg(target_os = "linux")]
fn reserve(file: &std::fs::File, len: u64) -> bool {
    let reserved = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, len);
    if let Err(error) = reserved {
        not_applicable(&format!("space for {len} bytes: {error}"));
    }
    reserved.is_ok()
}

#[cfg(target_os = "linux")]
#[test]
fn huge_files_do_not_hold_up_others() {
    const CLIPS: usize = 80;
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", CLIPS);
    // Twice as many as other files are hashed at a time, and more than are in progress.
    for number in 0..8 {
        if !reserve(&long_wav(&run, &format!("x/0-{number}.wav")), 1 << 30) {
            return;
        }
    }
    let mut run = run.args(["-j", "6", "--manifest", "m.jsonl", "--window", "30s", "x"]);
    let mut child = run.spawn();
    stand_in.wait_for_requests(CLIPS);
    child.kill().unwrap();
    child.wait().unwrap();
    for request in stand_in.requests().iter().take(CLIPS) {
        assert!(request.body.len() < 100_000, "the requests for clips come first");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn large_files_that_cannot_be_sent_are_not_read_through() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 2);
    // 5 hours.
    if !reserve(&long_wav(&run, "x/0.wav"), 300 << 20) {
        return;
    }
    let mut run = run.args(["-f", "jsonl", "--manifest", "m.jsonl", "--check", "silence", "x"]);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    // Reading it through would have found the silence.
    assert_says(&ended.stderr, &["too long: 5 h", "x/0.wav", "--window"]);
    assert_eq!(stand_in.requests().len(), 2);
}
