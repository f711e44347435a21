//! Outputs and manifests that another program has open.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use crate::harness::{Caption, answer, assert_says, caption, finish};
use support::stand_in::{Gate, StandIn};

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

fn read(run: &Caption, name: &str) -> String {
    fs::read_to_string(run.folder().join(name)).unwrap()
}

/// Opens a file as a spreadsheet does: others may read it.
#[cfg(windows)]
fn hold(path: &Path) -> File {
    use std::os::windows::fs::OpenOptionsExt;
    const SHARE_READ: u32 = 1;
    File::options().read(true).write(true).share_mode(SHARE_READ).open(path).unwrap()
}

/// Prepares a run on two clips whose output, sidecar or report is there.
#[cfg(windows)]
fn with_old(stand_in: &StandIn, old: &str, args: &[&str]) -> Caption {
    caption(stand_in).clips("x", 2).file(old, "old").args(args).arg("x")
}

#[cfg(windows)] // where a program keeps others from replacing what it has open
#[test]
fn an_output_that_is_held_is_found_before_the_first_request() {
    let stand_in = rain();
    for (held, args) in [
        ("out.csv", &["-f", "csv", "-o", "out.csv"][..]),
        ("r.xml", &["--report", "junit=r.xml"]),
        ("x/001.txt", &["--sidecar", "--force"]),
        ("out/000.txt", &["--output-dir", "out", "--force"]),
    ] {
        let mut run = with_old(&stand_in, held, args);
        let file = hold(&run.folder().join(held));
        let stderr = finish(run.spawn()).failed(2);
        assert_says(&stderr, &["could not write", held, "another program has it open"]);
        drop(file);
        assert_eq!(read(&run, held), "old");
    }
    assert_eq!(stand_in.connections(), 0);
}

#[cfg(windows)]
#[test]
fn an_output_that_is_read_only_is_found_before_the_first_request() {
    let stand_in = rain();
    let mut run = with_old(&stand_in, "out.txt", &["-o", "out.txt"]);
    let path = run.folder().join("out.txt");
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    assert_says(&finish(run.spawn()).failed(2), &["out.txt", "it is read-only"]);
    #[expect(clippy::permissions_set_readonly_false, reason = "of Windows")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
    assert_eq!(stand_in.connections(), 0);
}

#[cfg(windows)]
#[test]
fn a_sidecar_that_is_kept_may_be_held() {
    let stand_in = rain();
    let mut run = with_old(&stand_in, "x/000.txt", &["--sidecar"]);
    let _file = hold(&run.folder().join("x/000.txt"));
    finish(run.spawn()).ended(0);
    assert_eq!(read(&run, "x/001.txt"), "Rain.\n");
}

/// Changes the folder after the checks of the outputs, while the request is under way.
fn run_with_change<T>(args: &[&str], change: impl FnOnce(&Path) -> T) -> (Caption, T, String) {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("Rain.").held_by(&gate)]);
    let mut run = caption(&stand_in).data_file("tone.wav").args(args).arg("tone.wav");
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    let changed = change(run.folder());
    gate.open();
    let ended = finish(child);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    (run, changed, ended.stderr)
}

#[test]
fn an_output_whose_name_is_taken_during_the_run_stays_beside_it() {
    for (taken, args, beside) in [
        ("out.txt", &["-o", "out.txt"][..], "out.new.txt"),
        ("out", &["-o", "out"], "out.new"),
        ("r.xml", &["--report", "junit=r.xml"], "r.new.xml"),
        ("tone.txt", &["--sidecar"], "tone.new.txt"),
    ] {
        let (run, (), stderr) =
            run_with_change(args, |folder| fs::create_dir(folder.join(taken)).unwrap());
        assert_says(&stderr, &["could not write", "; the new one is ", beside]);
        assert!(read(&run, beside).contains(if taken == "r.xml" { "<testcase" } else { "Rain." }));
    }
}

#[test]
fn a_file_beside_an_output_replaces_no_other_one() {
    let (run, (), stderr) = run_with_change(&["-o", "out.txt"], |folder| {
        fs::create_dir(folder.join("out.txt")).unwrap();
        fs::write(folder.join("out.new.txt"), "mine").unwrap();
    });
    assert_says(&stderr, &["out.new2.txt"]);
    assert_eq!(
        (read(&run, "out.new.txt"), read(&run, "out.new2.txt")),
        ("mine".into(), "Rain.\n".into())
    );
}

#[cfg(windows)]
#[test]
fn an_output_that_is_held_at_the_end_stays_beside_it() {
    for (held, args, beside) in [
        ("out.txt", &["-o", "out.txt"][..], "out.new.txt"),
        ("tone.txt", &["--sidecar", "--force"], "tone.new.txt"),
    ] {
        let (run, file, stderr) = run_with_change(args, |folder| {
            fs::write(folder.join(held), "old").unwrap();
            hold(&folder.join(held))
        });
        assert_says(&stderr, &["another program has it open; the new one is ", beside]);
        drop(file);
        assert_eq!((read(&run, held), read(&run, beside)), ("old".into(), "Rain.\n".into()));
    }
}

#[cfg(windows)]
#[test]
fn an_output_that_is_held_for_a_moment_is_replaced() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("Rain.").held_by(&gate)]);
    let run = caption(&stand_in).data_file("tone.wav").file("out.txt", "old");
    let mut run = run.args(["-o", "out.txt", "tone.wav"]);
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    let file = hold(&run.folder().join("out.txt"));
    gate.open();
    // The program tells nobody that it waits.
    std::thread::sleep(Duration::from_millis(300));
    drop(file);
    finish(child).captioned();
    assert_eq!(read(&run, "out.txt"), "Rain.\n");
}

#[test]
fn a_manifest_that_another_run_locks_for_a_moment_is_read() {
    let stand_in = rain();
    let manifest = tempfile::NamedTempFile::new().unwrap();
    let run = || caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    run().arg("--manifest").arg(manifest.path()).run().captioned();
    let locked = File::options().read(true).write(true).open(manifest.path()).unwrap();
    locked.lock().unwrap();
    let mut again = run().arg("--manifest").arg(manifest.path());
    let child = again.spawn();
    // The program tells nobody that it waits.
    std::thread::sleep(Duration::from_millis(500));
    drop(locked);
    assert_eq!(finish(child).captioned(), "Rain.\n");
    assert_eq!(stand_in.requests().len(), 1);
}
