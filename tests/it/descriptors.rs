//! Runs with few file descriptors.

use support::stand_in::{Gate, StandIn};

use crate::harness::{Caption, answer, assert_says, caption, file_names, finish};

/// Runs a command line with these limits of open files.
fn limited(run: Caption, limits: &str) -> Caption {
    run.in_shell(&format!("{limits} && exec \"$@\""))
}

#[cfg(unix)]
#[test]
fn jobs_stay_within_the_limit_of_open_files() {
    for (limit, args) in [
        (64, &["-j", "400", "--convert", "always"][..]),
        (64, &["-j", "1024", "--convert", "always", "--manifest", "m.jsonl"]),
        (64, &["-j", "400", "--window", "1s"]),
        (64, &["-j", "400", "--sidecar", "--report", "html", "--check", "decodes"]),
        (40, &["-j", "400", "--convert", "always"]),
    ] {
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).clips("x", 300).args(["x", "-o", "out.txt"]);
        let run = if args.contains(&"--sidecar") {
            caption(&stand_in).clips("x", 300).arg("x")
        } else {
            run
        };
        let mut run = limited(run.args(args), &format!("ulimit -n {limit}"));
        let ended = finish(run.spawn());
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.stderr);
        assert_says(&ended.stderr, &["note: --jobs ", " is lowered to ", "(ulimit -n)"]);
        assert_says(&ended.stderr, &["300 captioned"]);
        let temporary = file_names(run.folder()).into_iter().filter(|name| name.contains("tmp"));
        assert_eq!(temporary.count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn the_soft_limit_of_open_files_is_raised() {
    // Held until all requests are there: as many as jobs.
    let gate = Gate::closed();
    let held = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&held));
    let run = caption(&stand_in).clips("x", 60).args([
        "-j",
        "60",
        "--dialect",
        "aimlapi",
        "-o",
        "out.txt",
        "x",
    ]);
    let mut run = limited(run, "ulimit -Sn 32 && ulimit -Hn 1000");
    let child = run.spawn();
    stand_in.wait_for_requests(60);
    gate.open();
    let ended = finish(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("note"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn a_dry_run_tells_that_jobs_are_lowered() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).clips("x", 50).args(["-j", "400", "--dry-run", "x"]);
    let run = limited(run, "ulimit -n 64").run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["note: --jobs 400 is lowered to "]);
}

/// Sets the number of files that a running program may open.
#[cfg(target_os = "linux")]
fn set_limit(child: &std::process::Child, limit: u64) {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let pid = Pid::from_child(child);
    let maximum = getrlimit(Resource::Nofile).maximum;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(limit), maximum }).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_clip_without_a_descriptor_waits_for_one() {
    let gate = Gate::closed();
    let held = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&held));
    let run = caption(&stand_in).clips("x", 40);
    let args = ["-j", "4", "--dialect", "aimlapi", "-f", "jsonl", "-o", "out.jsonl", "x"];
    let mut run = run.args(args);
    let child = run.spawn();
    stand_in.wait_for_requests(4);
    set_limit(&child, 3);
    gate.open();
    let has_clip = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
        let targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.into_iter().any(|target| target.extension().is_some_and(|name| name == "wav"))
    };
    while has_clip() {
        std::thread::yield_now();
    }
    // The next clips cannot be opened.
    assert!(stand_in.requests().len() < 40);
    set_limit(&child, 200);
    let ended = finish(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_says(&ended.stderr, &["40 captioned"]);
}
