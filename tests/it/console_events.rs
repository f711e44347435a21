//! Events of a Windows console that end a run.

use std::os::windows::process::CommandExt;
use std::process::Command;

use crate::harness::{answer, assert_says, caption, finish, next_stderr_line};
use crate::skipped_tests::has_programs;
use support::stand_in::{Gate, StandIn};

/// Flag of a process that gets events of its own.
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

#[test]
fn ctrl_break_finishes_and_delivers_requests_in_flight() {
    // The standard library cannot send an event. Wine has no such program.
    if !has_programs(&["pwsh"]) {
        return;
    }
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("Rain.").held_by(&gate)]);
    let mut run = caption(&stand_in).clips("x", 3).args(["-j", "1", "-f", "jsonl", "x"]);
    run.command().creation_flags(CREATE_NEW_PROCESS_GROUP);
    let mut child = run.spawn();
    stand_in.wait_for_requests(1);
    let script = format!(
        "Add-Type -Namespace W -Name K -MemberDefinition '[DllImport(\"kernel32.dll\")] \
         public static extern bool GenerateConsoleCtrlEvent(uint e, uint g);'; \
         if (-not [W.K]::GenerateConsoleCtrlEvent(1, {})) {{ exit 1 }}",
        child.id()
    );
    let sent = Command::new("pwsh").args(["-NoProfile", "-Command", &script]).status();
    assert!(sent.unwrap().success());
    assert_says(&next_stderr_line(&mut child), &["interrupted; finishing requests (up to 5 s)"]);
    gate.open();
    let ended = finish(child);
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    assert_says(&ended.stderr, &["1 captioned · 2 not tried"]);
}
