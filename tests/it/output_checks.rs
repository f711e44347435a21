//! Outputs that cannot be written are found before the first request, and no output is half written.

use std::fs;
use std::path::Path;

use crate::harness::{Caption, answer, caption, clip, file_names, finish};
use support::stand_in::{Gate, StandIn};

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

/// Refused before the first request, with a reason that names what could not be written.
#[track_caller]
fn is_refused(run: Caption, stand_in: &StandIn, named: &str) {
    let before = stand_in.connections();
    let ended = run.run();
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{named}: {}", ended.stderr);
    assert!(ended.stderr.contains(named), "{named} is not named: {}", ended.stderr);
    assert_eq!(stand_in.connections(), before, "{named}: something was sent");
}

/// A name of that many bytes, by its first letter.
fn name(letter: &str, bytes: usize, extension: &str) -> String {
    letter.repeat((bytes - extension.len()) / letter.len()) + extension
}

#[test]
fn a_sidecar_whose_name_is_too_long_is_found_before_the_first_request() {
    let stand_in = rain();
    // Bytes count, not letters. The first of the folder has a name that fits.
    for (sound, sidecar) in [
        (name("z", 255, ".wav"), "--sidecar={name}.{ext}"),
        (name("z", 254, ".wv"), "--sidecar={name}.{ext}"),
        #[cfg(unix)] // Windows counts letters
        (name("é", 254, ".wav"), "--sidecar={stem}.caption"),
        (name("z", 255, ".ac3"), "--sidecar={stem}.jsonl"),
    ] {
        let run = caption(&stand_in).clips("x", 1).file(&format!("x/{sound}"), clip(1));
        let sound = format!("x/{sound}");
        let run = run.args([sidecar, "x/000.wav", &sound]);
        is_refused(run, &stand_in, "too long");
    }
}

#[test]
fn the_longest_name_of_the_system_can_be_written() {
    let stand_in = rain();
    let (sound, sidecar) = (name("z", 255, ".wav"), name("z", 255, ".txt"));
    let mut run = caption(&stand_in).file(&sound, clip(1)).args(["-q", "--sidecar", &sound]);
    finish(run.spawn()).ended(0);
    assert_eq!(fs::read_to_string(run.folder().join(sidecar)).unwrap(), "Rain.\n");
    let output = name("o", 255, ".txt");
    let mut run = caption(&stand_in).file(&sound, clip(1)).args(["-q", "-o", &output, &sound]);
    finish(run.spawn()).ended(0);
    assert_eq!(fs::read_to_string(run.folder().join(output)).unwrap(), "Rain.\n");
}

#[test]
fn an_output_or_report_whose_name_is_too_long_is_found_before_the_first_request() {
    let stand_in = rain();
    let long = "o".repeat(256);
    for args in [
        ["-o".to_owned(), long.clone()],
        ["--report".to_owned(), format!("junit={long}")],
        ["--manifest".to_owned(), long.clone()],
        ["--output-dir".to_owned(), long.clone()],
    ] {
        let run = caption(&stand_in).data_file("tone.wav").args(args).arg("tone.wav");
        is_refused(run, &stand_in, "too long");
    }
}

#[test]
fn every_target_is_checked_and_not_one_of_each_folder() {
    let stand_in = rain();
    // The last of three is a folder.
    let run =
        caption(&stand_in).clips("x", 3).file("x/002.txt/inside", "").args(["--sidecar", "x"]);
    is_refused(run, &stand_in, "002.txt");
    let run = caption(&stand_in).clips("x", 3).file("x/002.txt/inside", "");
    is_refused(run.args(["--sidecar", "--force", "x"]), &stand_in, "002.txt");
    // Of two formats the second is a folder.
    let run = caption(&stand_in).clips("x", 1).file("x/000.jsonl/inside", "");
    let run = run.args(["--sidecar", "-f", "text", "-f", "jsonl", "x"]);
    is_refused(run, &stand_in, "000.jsonl");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_missing_folder_is_found_before_the_first_request() {
    let stand_in = rain();
    for args in [&["--sidecar"][..], &["-o", "x/001.txt"], &["--report", "html=x/001.txt"]] {
        let run = caption(&stand_in).clips("x", 2).args(args).arg("x");
        let link = run.folder().join("x/001.txt");
        std::os::unix::fs::symlink("no/such/folder/001.txt", link).unwrap();
        is_refused(run, &stand_in, "001.txt");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_missing_file_stays_a_link() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("x", 1).clips("y", 0).args(["-q", "--sidecar", "x"]);
    let link = run.folder().join("x/000.txt");
    std::os::unix::fs::symlink("../y/000.txt", &link).unwrap();
    finish(run.spawn()).ended(0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(run.folder().join("y/000.txt")).unwrap(), "Rain.\n");
}

#[cfg(unix)]
#[test]
fn a_sidecar_that_is_a_pipe_or_a_device_is_found_before_the_first_request() {
    let stand_in = rain();
    for target in ["pipe", "device"] {
        let run = caption(&stand_in).clips("x", 2).args(["--sidecar", "--force", "x"]);
        let path = run.folder().join("x/001.txt");
        if target == "pipe" {
            let made = std::process::Command::new("mkfifo").arg(&path).status();
            assert!(made.unwrap().success());
        } else {
            std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        }
        // A pipe that nobody reads must not be waited for.
        is_refused(run.in_shell("exec timeout -s KILL 20 \"$@\""), &stand_in, "001.txt");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_folder_among_others_is_found_before_the_first_request() {
    // Nobody may write below /proc, whoever runs this.
    let stand_in = rain();
    for args in [
        &["-o", "/proc/caption.txt"][..],
        &["--report", "junit=/proc/caption.xml"],
        &["--report", "html=/proc/caption.html", "--report", "sarif=s"],
        &["--manifest", "/proc/caption.jsonl"],
        &["--output-dir", "/proc/captions"],
    ] {
        let run = caption(&stand_in).clips("x", 2).args(args).arg("x");
        is_refused(run, &stand_in, "/proc/caption");
    }
}

/// Kills a run that has written a part of its output, and returns the names of the files it left.
#[cfg(unix)]
fn killed(args: &[&str]) -> (Caption, Vec<String>) {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("one"), answer("two").held_by(&gate)]);
    let mut run = caption(&stand_in).clips("x", 2).clips("out", 0).args(["-q", "-j1"]).args(args);
    let mut child = run.spawn();
    stand_in.wait_for_requests(2);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = file_names(&run.folder().join("out"));
    (run, left)
}

#[cfg(unix)]
#[test]
fn temporary_files_of_a_killed_run_are_removed_by_the_next_run() {
    for args in [
        &["-o", "out/all.txt", "x"][..],
        &["--report", "html=out/page.html", "x"],
        &["--report", "junit=out/r.xml", "-o", "out/all.txt", "x"],
    ] {
        let (run, left) = killed(args);
        assert!(!left.is_empty(), "{args:?} has left nothing, so that there is nothing to see");
        for name in &left {
            assert!(name.contains("caption"), "{name} does not name its program");
        }
        let stand_in = rain();
        let mut again = caption(&stand_in).arg("-q").args(args);
        again.command().current_dir(run.folder());
        again.run().ended(0);
        let left = file_names(&run.folder().join("out"));
        assert!(left.iter().all(|name| !name.starts_with('.')), "{args:?}: {left:?}");
    }
}

#[cfg(unix)]
#[test]
fn temporary_files_of_another_run_are_not_removed() {
    let gate = Gate::closed();
    let slow = StandIn::scripted([answer("one"), answer("two").held_by(&gate)]);
    let mut run = caption(&slow).clips("x", 2).args(["-q", "-j1", "-o", "one.txt", "x"]);
    let child = run.spawn();
    slow.wait_for_requests(2);
    let stand_in = rain();
    let mut other = caption(&stand_in).args(["-q", "-o", "other.txt", "x"]);
    other.command().current_dir(run.folder());
    other.run().ended(0);
    gate.open();
    finish(child).ended(0);
    assert_eq!(file_names(run.folder()), ["one.txt", "other.txt", "x"]);
    let one = fs::read_to_string(run.folder().join("one.txt")).unwrap();
    assert!(one.contains("one") && one.contains("two"), "{one}");
}

#[test]
fn files_with_similar_names_are_not_removed() {
    let stand_in = rain();
    let others =
        [".caption", ".caption-notes.txt", ".captions", "caption-AbC123", ".captionAbC123"];
    let mut run = caption(&stand_in).clips("x", 1).args(["-q", "--sidecar", "-f", "text", "x"]);
    for name in others {
        run = run.file(&format!("x/{name}"), "mine").file(name, "mine");
    }
    finish(run.spawn()).ended(0);
    for name in others {
        for folder in [run.folder(), &run.folder().join("x")] {
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine");
        }
    }
}

/// The system calls of a run that have to do with how files get into their places.
#[cfg(target_os = "linux")]
fn calls(args: &[&str]) -> Vec<String> {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("x", 1).args(["-q"]).args(args);
    let calls = "fsync,fdatasync,rename,renameat,renameat2,link,linkat";
    run = run.in_shell(&format!("exec strace -f -y -o trace -e trace={calls} -- \"$@\""));
    finish(run.spawn()).ended(0);
    let trace = fs::read_to_string(run.folder().join("trace")).unwrap();
    trace.lines().filter(|line| line.contains('(')).map(str::to_owned).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn data_is_synced_before_the_rename_and_the_folder_after_it() {
    if !crate::skipped_tests::has_programs(&["strace"]) {
        return;
    }
    for args in [
        &["--sidecar", "x"][..],
        &["-o", "out.txt", "x"],
        &["--report", "junit=r.xml", "--output-dir", "captions", "x"],
    ] {
        let calls = calls(args);
        let is_sync = |call: &str| call.contains("fsync(") || call.contains("fdatasync(");
        let named: Vec<_> = (0..calls.len()).filter(|at| !is_sync(&calls[*at])).collect();
        assert!(!named.is_empty(), "{args:?}: {calls:#?}");
        for at in named {
            let temporary = calls[at].split('"').nth(1).unwrap();
            let file = Path::new(temporary).file_name().unwrap().to_str().unwrap();
            let is_synced = calls[..at].iter().any(|call| is_sync(call) && call.contains(file));
            assert!(is_synced, "{file} is not synced before it is renamed: {calls:#?}");
        }
        assert!(is_sync(calls.last().unwrap()), "the folder is not synced after: {calls:#?}");
    }
}
