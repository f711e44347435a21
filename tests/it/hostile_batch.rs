//! A batch with hostile files: each fails alone.

use support::hostile::hostile_files;
use support::stand_in::{KEY, StandIn};

use crate::harness::{answer, assert_says, caption, file_names, finish};
use crate::process_monitor::{MAX_MEMORY_KB, ProcessMonitor};

#[test]
fn twenty_kinds_of_hostile_files_fail_alone() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let hostile = hostile_files();
    assert_eq!(hostile.len(), 20);
    let mut run = caption(&stand_in).clips("x", 380);
    for (number, (name, content)) in hostile.iter().enumerate() {
        // In the order of names, one hostile file follows 19 clips.
        run = run.file(&format!("x/{:03}-{name}", number * 19), content);
    }
    let mut run = run.args(["-f", "jsonl", "x"]);
    let before = file_names(&run.folder().join("x"));
    let child = run.spawn();
    let monitor = ProcessMonitor::start(&child, KEY);
    let ended = finish(child);
    let (peak, _) = monitor.end();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_says(&ended.stderr, &["380 captioned · 20 failed"]);
    assert!(peak < MAX_MEMORY_KB, "{peak} kB of memory");
    assert_eq!(stand_in.requests().len(), 380);
    assert_eq!(file_names(&run.folder().join("x")), before);
    assert_eq!(file_names(run.folder()), ["x"]);
    let records = ended.records();
    assert_eq!(records.len(), 400);
    for record in &records {
        let is_hostile = record["input"].as_str().unwrap().contains('-');
        assert_eq!(record.get("caption").is_none(), is_hostile, "{record}");
        assert_eq!(record["error"]["kind"] == "input", is_hostile, "{record}");
    }
}
