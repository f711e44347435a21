//! No file that a run reads or keeps is overwritten, through any name or link.

use std::fs;
use std::path::Path;

use crate::harness::{Caption, answer, caption, clip, data_path, finish};
use support::stand_in::StandIn;

/// Asserts that a run is refused before the first request and leaves the named file unchanged.
#[track_caller]
fn assert_refused(run: Caption, stand_in: &StandIn, kept: &str) {
    let mut run = run;
    let path = run.folder().join(kept);
    let before = fs::read(&path).unwrap();
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 2, "{kept}: {}", ended.stderr);
    let name = Path::new(kept).file_name().unwrap().to_str().unwrap();
    assert!(ended.stderr.contains(name), "{kept} is not named: {}", ended.stderr);
    assert_eq!(fs::read(&path).unwrap(), before, "{kept} was overwritten");
    assert_eq!(stand_in.connections(), 0, "{kept}: something was sent");
}

/// Prepares a run with a clip `song.wav`.
fn song(stand_in: &StandIn) -> Caption {
    caption(stand_in).file("song.wav", clip(0))
}

fn rain() -> StandIn {
    StandIn::always(|| answer("Rain."))
}

#[test]
fn a_sidecar_never_replaces_the_manifest() {
    let stand_in = rain();
    for args in [
        &["--sidecar={stem}.jsonl", "--manifest", "song.jsonl"][..],
        &["--sidecar", "-f", "jsonl", "--manifest", "./song.jsonl"],
        &["--output-dir", ".", "-f", "jsonl", "--manifest", "song.jsonl"],
    ] {
        let run = song(&stand_in).file("song.jsonl", "").args(args);
        assert_refused(run.args(["--force", "song.wav"]), &stand_in, "song.jsonl");
    }
}

#[test]
fn a_sidecar_with_the_path_of_a_new_manifest_is_refused_without_force() {
    // The run creates the manifest, so the input would be skipped.
    let stand_in = rain();
    let mut run = song(&stand_in).args(["--sidecar", "-f", "jsonl", "song.wav"]);
    run = run.args(["--manifest", "song.jsonl"]);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert_eq!(stand_in.connections(), 0);
    assert!(!run.folder().join("song.jsonl").exists());
}

#[test]
fn a_sidecar_never_replaces_the_list() {
    let stand_in = rain();
    let run = song(&stand_in).file("song.txt", "song.wav\n");
    let run = run.args(["--sidecar", "--force", "--files-from", "song.txt"]);
    assert_refused(run, &stand_in, "song.txt");
}

#[test]
fn a_sidecar_never_replaces_the_key_file() {
    let stand_in = rain();
    let run = song(&stand_in).private_file("song.txt", support::stand_in::KEY);
    let run = run.args(["--sidecar", "--force", "--api-key-file", "song.txt", "song.wav"]);
    assert_refused(run, &stand_in, "song.txt");
}

#[test]
fn a_sidecar_never_replaces_settings_or_certificates() {
    let stand_in = rain();
    let authority = fs::read(data_path("tls/ca.pem")).unwrap();
    let run = song(&stand_in).file("song.toml", "jobs = 1\n");
    let run = run.args(["--sidecar={stem}.toml", "--force", "--config", "song.toml", "song.wav"]);
    assert_refused(run, &stand_in, "song.toml");
    let run = song(&stand_in).file("caption.wav", clip(1));
    let run = run.file("caption.toml", "jobs = 1\n");
    assert_refused(
        run.args(["--sidecar={stem}.toml", "--force", "caption.wav"]),
        &stand_in,
        "caption.toml",
    );
    let run = song(&stand_in).file("song.pem", &authority);
    let run = run.args(["--sidecar={stem}.pem", "--force", "--cacert", "song.pem", "song.wav"]);
    assert_refused(run, &stand_in, "song.pem");
    let run = song(&stand_in).file("song.pem", &authority).env("SSL_CERT_FILE", "song.pem");
    assert_refused(
        run.args(["--sidecar={stem}.pem", "--force", "song.wav"]),
        &stand_in,
        "song.pem",
    );
}

#[test]
fn an_output_or_a_report_never_replaces_certificates_or_settings() {
    let stand_in = rain();
    let authority = fs::read(data_path("tls/ca.pem")).unwrap();
    for args in [&["-o", "ca.pem"][..], &["--report", "junit=ca.pem"], &["--manifest", "ca.pem"]] {
        let run = song(&stand_in).file("ca.pem", &authority).args(args);
        assert_refused(run.args(["--cacert", "ca.pem", "song.wav"]), &stand_in, "ca.pem");
        let run = song(&stand_in).file("ca.pem", &authority).args(args);
        assert_refused(run.env("SSL_CERT_FILE", "ca.pem").arg("song.wav"), &stand_in, "ca.pem");
    }
}

#[test]
fn a_report_and_a_sidecar_never_share_a_path() {
    let stand_in = rain();
    for (report, pattern) in [
        ("junit=song.xml", "--sidecar={stem}.xml"),
        ("sarif=song.txt", "--sidecar"),
        ("html=./song.html", "--sidecar={stem}.html"),
    ] {
        let name = report.split_once('=').unwrap().1;
        let run = song(&stand_in).file(name, "old").args(["--report", report, pattern]);
        assert_refused(run.args(["--force", "song.wav"]), &stand_in, name);
    }
}

#[test]
fn a_report_never_replaces_the_summary_of_the_job() {
    let stand_in = rain();
    let run =
        song(&stand_in).file("summary.md", "before\n").env("GITHUB_STEP_SUMMARY", "summary.md");
    let run = run.args(["--report", "github", "--report", "html=summary.md", "song.wav"]);
    assert_refused(run, &stand_in, "summary.md");
}

#[cfg(unix)]
#[test]
fn a_sidecar_that_is_a_link_replaces_neither_audio_nor_the_manifest() {
    use std::os::unix::fs::symlink;
    let stand_in = rain();
    let run = song(&stand_in).clips("keep", 1);
    symlink("keep/000.wav", run.folder().join("song.txt")).unwrap();
    assert_refused(run.args(["--sidecar", "--force", "song.wav"]), &stand_in, "keep/000.wav");
    let run = song(&stand_in).file("m.jsonl", "");
    symlink("m.jsonl", run.folder().join("song.txt")).unwrap();
    let run = run.args(["--sidecar", "--force", "--manifest", "m.jsonl", "song.wav"]);
    assert_refused(run, &stand_in, "m.jsonl");
}

#[cfg(unix)]
#[test]
fn two_sidecars_that_link_to_one_file_are_refused() {
    use std::os::unix::fs::symlink;
    let stand_in = rain();
    let run = song(&stand_in).clips("x", 2).file("x/001.txt", "old");
    symlink("001.txt", run.folder().join("x/000.txt")).unwrap();
    assert_refused(run.args(["--sidecar", "--force", "x"]), &stand_in, "x/001.txt");
}

#[cfg(unix)]
#[test]
fn an_output_that_is_a_second_name_of_what_is_read_assert_refused() {
    let stand_in = rain();
    for output in [&["-o", "other"][..], &["--report", "html=other"], &["--manifest", "other"]] {
        let run = song(&stand_in).file("list", "song.wav\n").args(output);
        fs::hard_link(run.folder().join("list"), run.folder().join("other")).unwrap();
        assert_refused(run.args(["--files-from", "list"]), &stand_in, "other");
    }
}

#[test]
fn a_list_and_a_manifest_with_similar_names_are_accepted() {
    let stand_in = rain();
    let mut run = song(&stand_in).file("songs.txt", "song.wav\n");
    run = run.args(["--sidecar", "--force", "--files-from", "songs.txt", "--manifest", "m.txt"]);
    finish(run.spawn()).ended(0);
    assert_eq!(fs::read_to_string(run.folder().join("song.txt")).unwrap(), "Rain.\n");
}

#[test]
fn names_are_compared_as_the_file_system_compares_them() {
    let stand_in = rain();
    // Case, and composed and decomposed accents.
    for (one, other) in [("Song", "song"), ("caf\u{e9}", "cafe\u{301}"), ("STRASSE", "strasse")] {
        let mut run = caption(&stand_in).file(&format!("{one}.wav"), clip(0));
        run = run.file(&format!("{other}.flac"), clip(1));
        fs::write(run.folder().join(format!("{one}.probe")), "").unwrap();
        let are_one = run.folder().join(format!("{other}.probe")).exists();
        let before = stand_in.requests().len();
        run = run.args(["-q", "--sidecar", "."]);
        let ended = finish(run.spawn());
        let sent = stand_in.requests().len() - before;
        let expected = if are_one { (2, 0) } else { (0, 2) };
        assert_eq!((ended.code, sent), expected, "{one} and {other}: {}", ended.stderr);
        let run = caption(&stand_in).file(&format!("{one}.wav"), clip(0));
        let before = stand_in.requests().len();
        let manifest = format!("{other}.txt");
        let ended = run.args(["-q", "--sidecar", "--force", "--manifest", &manifest, "."]).run();
        let sent = stand_in.requests().len() - before;
        let expected = if are_one { (2, 0) } else { (0, 1) };
        assert_eq!((ended.code, sent), expected, "{one} and {manifest}: {}", ended.stderr);
    }
}
