//! Skipped tests. A test without its program prints the reason and passes; with
//! `CAPTION_FORBID_SKIPS=1`, which CI sets, it fails.

use std::process::{Command, Stdio};

/// Reports that a test, or the rest of it, cannot run because something is not installed.
#[track_caller]
pub(crate) fn skip(reason: &str) {
    let is_forbidden = std::env::var("CAPTION_FORBID_SKIPS").is_ok_and(|value| value == "1");
    assert!(!is_forbidden, "skips are forbidden: {reason}");
    println!("skipped: {reason}");
}

/// True if all these programs are installed; otherwise the test is skipped.
#[track_caller]
pub(crate) fn has_programs(programs: &[&str]) -> bool {
    let is_missing = |program: &&&str| {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_err()
    };
    let missing = programs.iter().find(is_missing);
    if let Some(program) = missing {
        skip(&format!("{program} is not installed"));
    }
    missing.is_none()
}

/// Reports that a test has no meaning on this machine. This is never a failure.
pub(crate) fn not_applicable(reason: &str) {
    println!("not applicable: {reason}");
}
