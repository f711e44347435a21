//! The sandbox example: the real program with the stand-in.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{assert_says, data_path, finish, next_stderr_line, unconfigured};
use crate::skipped_tests::{has_programs, skip};

/// Returns the command of the example, which `cargo test` builds.
fn sandbox() -> Option<Command> {
    let name = format!("sandbox{}", std::env::consts::EXE_SUFFIX);
    let path = Path::new(env!("CARGO_BIN_EXE_caption")).with_file_name("examples").join(name);
    if !path.exists() {
        skip("the examples are not built; cargo test builds them");
        return None;
    }
    // The example builds the program with it.
    if !has_programs(&["cargo"]) {
        return None;
    }
    let mut command = Command::new(path);
    for name in ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY", "AIMLAPI_BASE_URL"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(command)
}

#[test]
fn the_bundled_clips_are_captioned() {
    let Some(mut sandbox) = sandbox() else { return };
    let run = finish(sandbox.arg("-q").spawn().unwrap());
    let words = [
        "alarm.flac <==\n",
        "1.50 s of mono sound",
        "near 881 Hz",
        "doorbell.mp3 <==\n",
        "near 522 Hz",
        "speech.ogg <==\n",
        "2.61 s of mono sound",
    ];
    assert_says(&run.ended(0), &words);
}

#[test]
fn options_and_inputs_are_passed_on() {
    let Some(mut sandbox) = sandbox() else { return };
    let run = finish(sandbox.arg("--json").arg(data_path("tone.wav")).spawn().unwrap());
    assert_says(&run.ended(0), &["{\"choices\"", "1000 Hz"]);
}

#[test]
fn caption_toml_is_read_and_the_exit_code_passed_on() {
    let Some(mut sandbox) = sandbox() else { return };
    let folder = tempfile::tempdir().unwrap();
    let rules = "prepend = 'Test: '\n[[rule]]\ndeny = 'mono'\n";
    std::fs::write(folder.path().join("caption.toml"), rules).unwrap();
    sandbox.arg(data_path("tone.wav")).current_dir(folder.path());
    let run = finish(sandbox.spawn().unwrap());
    assert!(run.ended(1).starts_with("Test: Stand-in"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_program_and_then_the_sandbox() {
    use std::io::Write;
    use std::os::unix::process::CommandExt;

    use rustix::process::{Pid, Signal, kill_process_group};

    let Some(mut sandbox) = sandbox() else { return };
    sandbox.args(["-v", "--files-from", "-"]);
    let mut child = sandbox.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
    // The list stays open, so that the run cannot end by itself.
    let mut list = child.stdin.take().unwrap();
    writeln!(list, "{}", data_path("tone.wav").display()).unwrap();
    while !next_stderr_line(&mut child).contains("done: ") {}
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::INT).unwrap();
    let run = finish(child);
    drop(list);
    assert_says(&run.stderr, &["interrupted"]);
    assert_eq!(run.code, 130, "{}", run.stderr);
}

#[test]
fn the_installed_program_can_use_it() {
    let Some(mut sandbox) = sandbox() else { return };
    let mut serving = sandbox.arg("--serve").spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let mut run = unconfigured();
    for name in ["AIMLAPI_BASE_URL", "AIMLAPI_KEY"] {
        let line = lines.next().unwrap().unwrap();
        let value = line.strip_prefix(&format!("export {name}=")).unwrap().to_owned();
        run = run.env(name, value);
    }
    let run = run.arg(data_path("tone.wav")).run();
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert_says(&run.captioned(), &["near 1000 Hz"]);
}
