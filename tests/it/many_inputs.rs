//! Many inputs: on the command line, in a list and in a folder.

use std::fs;
use std::io::ErrorKind;

use serde_json::Value;

use crate::harness::{Caption, Run, caption, finish};
use support::stand_in::StandIn;

/// Number of operands, as from `*.wav` in a large folder.
const OPERANDS: usize = 20_000;

/// Number of entries of a long list.
const LISTED: usize = 200_000;

/// Returns short names of missing files.
fn missing_names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:x}")).collect()
}

/// Asserts that every input fails with an error of its own, in the order of the inputs.
#[track_caller]
fn assert_all_fail(run: &Run, names: &[String]) {
    assert_eq!(run.code, 3, "{}", first_lines(&run.stderr));
    assert_eq!(run.stdout.lines().count(), names.len());
    for (line, name) in run.stdout.lines().zip(names) {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&record["input"], &record["error"]["kind"]),
            (&name.as_str().into(), &"input".into())
        );
    }
    let digits = run.stderr.lines().last().unwrap().replace(',', "");
    assert!(digits.contains(&format!("{} failed", names.len())), "{digits}");
}

fn first_lines(text: &str) -> String {
    text.lines().take(5).collect::<Vec<_>>().join("\n")
}

fn with_operands(stand_in: &StandIn, names: &[String]) -> Caption {
    caption(stand_in).args(["-f", "jsonl"]).args(names)
}

#[test]
fn a_run_takes_20_000_operands() {
    let stand_in = StandIn::start();
    let names = missing_names(OPERANDS);
    assert_all_fail(&with_operands(&stand_in, &names).run(), &names);
}

#[test]
fn a_run_takes_as_many_operands_as_the_system_allows() {
    let stand_in = StandIn::start();
    let mut names = missing_names(LISTED);
    loop {
        let mut run = with_operands(&stand_in, &names);
        let command = run.command();
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        match command.spawn() {
            Ok(child) => {
                assert_all_fail(&finish(child), &names);
                return;
            }
            Err(e) if e.kind() == ErrorKind::ArgumentListTooLong => {
                names.truncate(names.len() * 9 / 10);
            }
            Err(e) => panic!("{e}"),
        }
    }
}

#[test]
fn a_dry_run_and_sidecars_take_20_000_operands() {
    let stand_in = StandIn::start();
    let names = missing_names(OPERANDS);
    for option in ["--dry-run", "--sidecar"] {
        let run = caption(&stand_in).arg(option).args(&names).run();
        assert_eq!(run.code, 3, "{option}: {}", first_lines(&run.stderr));
    }
}

#[test]
fn a_list_may_have_200_000_entries() {
    let stand_in = StandIn::start();
    let names = missing_names(LISTED);
    let run = caption(&stand_in).file("list", names.join("\n"));
    assert_all_fail(&run.args(["-f", "jsonl", "--files-from", "list"]).run(), &names);
}

#[test]
fn a_folder_a_list_and_operands_have_the_same_output() {
    let stand_in = StandIn::start();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("x")).unwrap();
    let names: Vec<_> = (0..OPERANDS).map(|number| format!("x/{number:05}.wav")).collect();
    for name in &names {
        // An empty file fails before a request.
        fs::File::create(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("list"), names.join("\n")).unwrap();
    let output_of = |arguments: &[String]| {
        let mut run = with_operands(&stand_in, arguments).arg("-q");
        run.command().current_dir(folder.path());
        let run = run.run();
        assert_eq!(run.code, 3, "{}", first_lines(&run.stderr));
        run.stdout
    };
    let from_folder = output_of(&["x".to_owned()]);
    assert_eq!(from_folder.lines().count(), names.len());
    assert!(from_folder == output_of(&["--files-from=list".to_owned()]), "a list differs");
    assert!(from_folder == output_of(&names), "operands differ");
    assert_eq!(stand_in.connections(), 0);
}
