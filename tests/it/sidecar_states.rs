//! Sidecars that count as done, and the options that write them anew.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::{Caption, Run, answer, caption, finish, unconfigured};
use support::stand_in::StandIn;

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

fn read(run: &Caption, name: &str) -> String {
    fs::read_to_string(run.folder().join(name)).unwrap()
}

/// Sets when a file was last written to, in seconds from now.
fn written(run: &Caption, name: &str, seconds_ago: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds_ago);
    let path = run.folder().join(name);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Another run in the same folder.
fn again(stand_in: &StandIn, folder: &Path, args: &[&str]) -> Run {
    let mut run = caption(stand_in).args(args);
    run.command().current_dir(folder);
    run.run()
}

/// Captions that were kept in `m.jsonl`, with a sidecar for each, in the folder `x` of the run.
fn captioned(stand_in: &StandIn, count: usize) -> Caption {
    let mut run = caption(stand_in).clips("x", count);
    run = run.args(["-q", "--sidecar", "--manifest", "m.jsonl", "x"]);
    finish(run.spawn()).ended(0);
    assert_eq!(stand_in.requests().len(), count);
    run
}

#[test]
fn a_blank_sidecar_is_not_done() {
    for content in ["", "\n", " \t\r\n", "\u{feff}", "\u{feff}\n", "\u{a0}\u{2003}\n", "\0\0\0\0"] {
        let stand_in = rain();
        let mut run = caption(&stand_in).clips("x", 2).file("x/000.txt", content);
        run = run.file("x/001.txt", "mine").args(["--sidecar", "x"]);
        let ended = finish(run.spawn());
        assert_eq!(ended.code, 0, "{content:?}: {}", ended.stderr);
        assert_eq!(read(&run, "x/000.txt"), "Rain.\n", "{content:?}");
        assert_eq!(read(&run, "x/001.txt"), "mine", "{content:?}");
        assert_eq!(stand_in.requests().len(), 1, "{content:?}");
        assert!(ended.stderr.contains("1 captioned · 1 skipped"), "{}", ended.stderr);
    }
}

#[test]
fn a_blank_sidecar_of_any_format_is_not_done() {
    for (format, name) in
        [("jsonl", "jsonl"), ("json", "json"), ("csv", "csv"), ("srt", "srt"), ("vtt", "vtt")]
    {
        let stand_in = rain();
        let name = format!("x/000.{name}");
        let mut run = caption(&stand_in).clips("x", 1).file(&name, " \n");
        run = run.args(["-q", "--sidecar", "-f", format, "x"]);
        finish(run.spawn()).ended(0);
        assert!(read(&run, &name).contains("Rain."), "{name}: {}", read(&run, &name));
    }
}

#[test]
fn only_the_blank_sidecar_is_written() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("x", 1).file("x/000.txt", "mine");
    run = run.file("x/000.jsonl", "").args(["-q", "--sidecar", "-f", "text", "-f", "jsonl", "x"]);
    finish(run.spawn()).ended(0);
    assert_eq!(read(&run, "x/000.txt"), "mine");
    assert!(read(&run, "x/000.jsonl").contains("Rain."));
}

#[test]
fn a_dry_run_counts_inputs_with_a_blank_sidecar() {
    let stand_in = rain();
    let run = caption(&stand_in).clips("x", 2).file("x/000.txt", "\n").file("x/001.txt", "mine");
    let printed = run.args(["-q", "--dry-run", "--sidecar", "x"]).run().ended(0);
    let skipped: Vec<_> = printed.lines().filter(|line| line.contains("skipped")).collect();
    assert_eq!(skipped.len(), 1, "{printed}");
    assert!(skipped[0].contains("001.wav"), "{printed}");
    assert!(stand_in.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_sidecar_older_than_its_audio_is_kept_with_a_warning() {
    let stand_in = rain();
    let mut run =
        caption(&stand_in).clips("x", 2).file("x/000.txt", "old").file("x/001.txt", "new");
    written(&run, "x/000.txt", 7_200);
    written(&run, "x/000.wav", 3_600);
    written(&run, "x/001.wav", 3_600);
    run = run.args(["--sidecar", "x"]);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(read(&run, "x/000.txt"), "old");
    assert_eq!(stand_in.requests().len(), 0);
    let warned = ended.stderr.lines().find(|line| line.contains("older"));
    let warned = warned.unwrap_or_else(|| panic!("no warning: {}", ended.stderr));
    assert!(warned.contains("warning") && warned.contains("x/000"), "{warned}");
    assert!(!ended.stderr.contains("x/001"), "{}", ended.stderr);
}

#[test]
fn a_sidecar_older_than_its_audio_is_written_anew_from_the_manifest() {
    let stand_in = rain();
    let run = captioned(&stand_in, 3);
    // The first was captioned anew elsewhere, the second is unknown by now, the third is as it was.
    fs::write(run.folder().join("x/000.txt"), "stale").unwrap();
    fs::write(run.folder().join("x/001.txt"), "stale").unwrap();
    fs::write(run.folder().join("x/001.wav"), crate::harness::clip(77)).unwrap();
    fs::write(run.folder().join("x/002.txt"), "edited by hand").unwrap();
    for name in ["x/000.txt", "x/001.txt"] {
        written(&run, name, 7_200);
    }
    for name in ["x/000.wav", "x/001.wav", "x/002.wav"] {
        written(&run, name, 3_600);
    }
    let before = stand_in.requests().len();
    let ended = again(&stand_in, run.folder(), &["--sidecar", "--manifest", "m.jsonl", "x"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(stand_in.requests().len(), before, "nothing is sent for what is done");
    assert_eq!(read(&run, "x/000.txt"), "Rain.\n");
    assert_eq!(read(&run, "x/001.txt"), "stale");
    assert_eq!(read(&run, "x/002.txt"), "edited by hand");
    let warned = ended.stderr.lines().find(|line| line.contains("older"));
    assert!(warned.is_some_and(|line| line.contains("x/001")), "{}", ended.stderr);
}

#[test]
fn a_new_trigger_word_costs_nothing() {
    let stand_in = rain();
    let run = captioned(&stand_in, 30);
    let mut offline =
        unconfigured().args(["-q", "--offline", "--overwrite", "--sidecar", "--prepend"]);
    offline = offline.args(["ohwx, ", "--manifest", "m.jsonl", "x"]);
    offline.command().current_dir(run.folder());
    offline.run().captioned();
    for number in 0..30 {
        assert_eq!(read(&run, &format!("x/{number:03}.txt")), "ohwx, Rain.\n");
    }
    assert_eq!(stand_in.requests().len(), 30);
}

#[test]
fn overwrite_sends_no_input_with_a_sidecar() {
    let stand_in = rain();
    let run = captioned(&stand_in, 2);
    // The second changed, so that its caption is unknown; the third has no sidecar.
    fs::write(run.folder().join("x/001.wav"), crate::harness::clip(77)).unwrap();
    fs::write(run.folder().join("x/002.wav"), crate::harness::clip(78)).unwrap();
    let args = ["--overwrite", "--sidecar", "--prepend", "a ", "--manifest", "m.jsonl", "x"];
    let ended = again(&stand_in, run.folder(), &args);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(read(&run, "x/000.txt"), "a Rain.\n");
    assert_eq!(read(&run, "x/001.txt"), "Rain.\n");
    assert_eq!(read(&run, "x/002.txt"), "a Rain.\n");
    assert_eq!(stand_in.requests().len(), 3);
    assert!(
        ended.stderr.contains("--force requests new ones"),
        "kept sidecars are reported: {}",
        ended.stderr
    );
}

#[test]
fn overwrite_without_a_manifest_is_an_error() {
    let stand_in = rain();
    let mut run = caption(&stand_in).clips("x", 1).file("x/000.txt", "mine");
    run = run.args(["--overwrite", "--sidecar", "x"]);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("--manifest"), "{}", ended.stderr);
    assert_eq!(stand_in.requests().len(), 0);
    assert_eq!(read(&run, "x/000.txt"), "mine");
}

#[test]
fn refresh_sends_cached_inputs_again() {
    let stand_in = StandIn::scripted([answer("old"), answer("new")]);
    let mut run = caption(&stand_in).clips("x", 1).args(["-q", "--manifest", "m.jsonl", "x"]);
    assert!(finish(run.spawn()).captioned().contains("old"));
    let args = ["-q", "--refresh", "--manifest", "m.jsonl", "x"];
    assert!(again(&stand_in, run.folder(), &args).captioned().contains("new"));
    let args = ["-q", "--offline", "--manifest", "m.jsonl", "x"];
    assert!(again(&stand_in, run.folder(), &args).captioned().contains("new"));

    // What has a sidecar is either left alone, or sent and written.
    let stand_in = StandIn::always(|| answer("newer"));
    let before = stand_in.requests().len();
    fs::write(run.folder().join("x/000.txt"), "mine").unwrap();
    let args = ["--refresh", "--sidecar", "--manifest", "m.jsonl", "x"];
    again(&stand_in, run.folder(), &args).ended(0);
    let sent = stand_in.requests().len() - before;
    let expected = if sent == 0 { "mine" } else { "newer\n" };
    assert_eq!(read(&run, "x/000.txt"), expected);
}

#[test]
fn force_is_overwrite_and_refresh() {
    for args in [&["--force"][..], &["--overwrite", "--refresh"]] {
        let stand_in = rain();
        let run = captioned(&stand_in, 1);
        let stand_in = StandIn::always(|| answer("Wind."));
        let both = [args, &["-q", "--sidecar", "--manifest", "m.jsonl", "x"]].concat();
        again(&stand_in, run.folder(), &both).ended(0);
        assert_eq!(stand_in.requests().len(), 1);
        assert_eq!(read(&run, "x/000.txt"), "Wind.\n");
    }
}

#[test]
fn refresh_and_offline_exclude_each_other() {
    for option in ["--refresh", "--force"] {
        let run = unconfigured().file("m.jsonl", "").data_file("tone.wav");
        let said = run.args([option, "--offline", "--manifest", "m.jsonl", "tone.wav"]).run();
        let said = said.failed(2);
        assert!(said.contains("--offline") && said.contains(option), "{said}");
    }
}
