//! Faults of this machine: file, disk, standard streams and other programs.

#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use super::raw_server::{Gate, read_body_after};
use super::{Expected, Row, Server, captioned, check, failed};
use crate::harness::{Caption, answer};

/// Script that limits the size of files to 0, as a full disk does.
const FULL: &str = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";

const USAGE: Expected = Expected { kind: None, code: 2, attempts: 0 };

fn local(name: &str, expected: Expected) -> Row {
    Row::with_reply(name, || answer("Rain."), expected)
}

/// Prints the records to standard output.
fn printed(row: Row) -> Row {
    Row { output: None, ..row }
}

#[test]
fn a_disk_failure_loses_no_billed_caption() {
    let output_failure = Expected { kind: None, code: 3, attempts: 1 };
    let scripted = |script, row| Row { script: Some(script), ..row };
    let locked = |run: Caption, _: &Server| {
        let run = run.file("m.jsonl", "");
        let file = File::open(run.folder().join("m.jsonl")).unwrap();
        file.lock().unwrap();
        // Held until the tests end.
        std::mem::forget(file);
        run
    };
    check(
        "disks",
        vec![
            Row {
                manifest_lines: Some(0),
                ..scripted(FULL, printed(local("no room for the manifest", output_failure)))
            },
            scripted(
                FULL,
                printed(local("no room to convert", failed("output", 0)))
                    .args(&["--convert", "always"]),
            ),
            Row {
                manifest_lines: Some(1),
                ..scripted(
                    "exec \"$@\" > /dev/full",
                    printed(local("no room for the output", output_failure)),
                )
            },
            Row {
                manifest_lines: Some(1),
                ..printed(local("no room for the file", output_failure)).args(&["-o", "/dev/full"])
            },
            printed(local("no folder for the output", USAGE)).args(&["-o", "/sys/out.jsonl"]),
            printed(local("no folder for sidecars", USAGE))
                .setup(|run, _| run.file("m.jsonl", "").args(["--output-dir", "/sys/out"])),
            local("no folder for temporary files", failed("output", 0))
                .setup(|run, _| run.env("TMPDIR", "nowhere").args(["--convert", "always"])),
            Row {
                manifest_lines: Some(0),
                ..local(
                    "a manifest that another program holds",
                    Expected { code: 3, ..captioned(1) },
                )
                .setup(locked)
            },
        ],
    );
}

#[test]
fn a_failing_output_is_reported_or_ends_the_run_quietly() {
    let scripted =
        |name: &str, script, expected| Row { script: Some(script), ..local(name, expected) };
    let no_request = Expected { kind: None, code: 3, attempts: 0 };
    let closed_pipe = "mkfifo p; (head -c 0 < p; rm p) & exec \"$@\" > p";
    check(
        "streams of the program",
        vec![
            printed(scripted("standard output is closed", "exec \"$@\" >&-", captioned(1))),
            printed(scripted("nobody reads standard output", closed_pipe, captioned(1))),
            scripted("standard error is closed", "exec \"$@\" 2>&-", captioned(1)),
            Row {
                input: "-",
                ..scripted("standard input is closed", "exec \"$@\" <&-", failed("input", 0))
            },
            Row {
                input: "-",
                ..scripted("standard input is a folder", "exec \"$@\" < tmp", failed("input", 0))
            },
            Row {
                input: "-",
                ..scripted(
                    "standard input has no end",
                    "exec \"$@\" < /dev/zero",
                    failed("input", 0),
                )
            },
            printed(scripted("few files may be open", "ulimit -n 10; exec \"$@\"", no_request)),
        ],
    );
}

#[test]
fn files_that_are_not_audio_are_never_sent() {
    let input = |input: &'static str| Row { input, ..local(input, failed("input", 0)) };
    let pipe = input("pipe").setup(|run, _| {
        let made = Command::new("mkfifo").arg(run.folder().join("pipe")).status();
        assert!(made.unwrap().success());
        run
    });
    let link = input("link").setup(|run, _| {
        std::os::unix::fs::symlink("link", run.folder().join("link")).unwrap();
        run
    });
    let empty = input("empty").setup(|run, _| run.file("empty", ""));
    check(
        "no recordings",
        vec![
            input("nowhere"),
            input("/dev/zero"),
            input("/dev/full"),
            Row { other_files: &["pipe"], ..pipe },
            Row { other_files: &["link"], ..link },
            Row { other_files: &["empty"], ..empty },
            input("key"),
        ],
    );
}

#[test]
fn a_file_that_changes_during_the_upload_is_a_failure() {
    // Larger than the socket buffers, so that the change comes before the end of the request.
    let row = |name: &str, expected, change: fn(&Path)| {
        let gate = Gate::default();
        let row = Row::with_handler(name, read_body_after(gate.clone()), expected);
        let row = row.setup(|run, _| {
            writing(run.folder()).set_len(60_000_000).unwrap();
            run.args(["--max-upload", "none", "--convert", "never", "--max-retries", "0"])
        });
        let on_request = Box::new(move |folder: &Path| {
            change(folder);
            gate.open();
        });
        Row { on_request: Some(on_request), ..row }
    };
    let converted = row("it grows while its conversion is sent", failed("input", 1), |folder| {
        OpenOptions::new()
            .append(true)
            .open(folder.join("tone.wav"))
            .unwrap()
            .write_all(b"x")
            .unwrap();
    });
    let converted = converted.setup(|run, _| {
        let file = writing(run.folder());
        file.set_len(9_600_044).unwrap();
        file.write_all_at(&9_600_000_u32.to_le_bytes(), 40).unwrap();
        run.args(["--max-upload", "none", "--convert", "always"])
    });
    let changed = failed("input", 1);
    check(
        "changes",
        vec![
            row("it is written to", changed, |folder| writing(folder).write_all(b"RIFX").unwrap()),
            row("it shrinks", changed, |folder| writing(folder).set_len(1_000).unwrap()),
            row("it grows", changed, |folder| writing(folder).set_len(70_000_000).unwrap()),
            row("it is emptied", changed, |folder| writing(folder).set_len(0).unwrap()),
            converted,
            row("another takes its place", changed, |folder| {
                fs::write(folder.join("new"), "RIFX").unwrap();
                fs::rename(folder.join("new"), folder.join("tone.wav")).unwrap();
            }),
            row("a pipe takes its place", changed, |folder| {
                let made = Command::new("mkfifo").arg(folder.join("new")).status();
                assert!(made.unwrap().success());
                fs::rename(folder.join("new"), folder.join("tone.wav")).unwrap();
            }),
        ],
    );
}

fn writing(folder: &Path) -> File {
    OpenOptions::new().write(true).open(folder.join("tone.wav")).unwrap()
}
