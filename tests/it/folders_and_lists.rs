//! Folders, globs and lists.

use std::fs;
use std::io::Write;

use crate::harness::{Caption, answer, assert_says, caption, data_path, finish};
use crate::skipped_tests::not_applicable;
use support::stand_in::{Reply, StandIn};

#[test]
fn a_folder_is_searched_in_sorted_order() {
    let stand_in = StandIn::start();
    let names = ["b.wav", "a/z.mp3", "a/b/c.FLAC", "notes.txt", "a.wav", "cover.png"];
    assert_eq!(
        captioned_inputs(caption_in_folder(&stand_in, &names).arg(".")),
        ["a/b/c.FLAC", "a/z.mp3", "a.wav", "b.wav"]
    );
    let found = captioned_inputs(caption_in_folder(&stand_in, &names).arg("a"));
    assert_eq!(found, ["a/b/c.FLAC", "a/z.mp3"]);
}

#[test]
fn ignore_files_and_hidden_files_are_respected_by_default() {
    let stand_in = StandIn::start();
    let names = ["a.wav", "skip/b.wav", ".hidden/c.wav", ".d.wav", "e.wav"];
    let caption_in_folder = || {
        caption_in_folder(&stand_in, &names)
            .file(".gitignore", "skip/\n")
            .file(".ignore", "e.wav\n")
    };
    assert_eq!(captioned_inputs(caption_in_folder().arg(".")), ["a.wav"]);
    assert_eq!(
        captioned_inputs(caption_in_folder().args(["--no-ignore", "."])),
        ["a.wav", "e.wav", "skip/b.wav"]
    );
    assert_eq!(
        captioned_inputs(caption_in_folder().args(["--hidden", "."])),
        [".d.wav", ".hidden/c.wav", "a.wav"]
    );
}

#[test]
fn exclude_applies_to_folders_and_globs() {
    let stand_in = StandIn::start();
    let names = ["a.wav", "a.tmp.wav", "old/b.wav", "new/c.wav"];
    let args = ["--exclude", "*.tmp.wav", "--exclude", "old/"];
    assert_eq!(
        captioned_inputs(caption_in_folder(&stand_in, &names).args(args).arg(".")),
        ["a.wav", "new/c.wav"]
    );
    assert_eq!(
        captioned_inputs(caption_in_folder(&stand_in, &names).args(args).arg("**/*.wav")),
        ["a.wav", "new/c.wav"]
    );
    let stderr = caption(&stand_in).args(["--exclude", "a{", "."]).run().failed(2);
    assert_says(&stderr, &["not a usable glob", "a{"]);
}

#[test]
fn a_named_file_is_always_used() {
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &[".hidden.bin", "b.wav"]).file(".gitignore", "*");
    let args = ["--exclude", "*", ".hidden.bin", "b.wav"];
    assert_eq!(captioned_inputs(run.args(args)), [".hidden.bin", "b.wav"]);
}

#[test]
fn a_quoted_glob_is_expanded_with_braces_and_depth() {
    let stand_in = StandIn::start();
    let names = ["x/a.wav", "x/y/b.flac", "x/y/c.mp3", "x/.h/d.wav", "e.wav"];
    for (glob, found) in [
        ("x/**/*.{wav,flac}", &["x/a.wav", "x/y/b.flac"][..]),
        ("./x/*/*", &["x/y/b.flac", "x/y/c.mp3"]),
        ("x/y/[bc].*", &["x/y/b.flac", "x/y/c.mp3"]),
        ("?.wav", &["e.wav"]),
        ("x/.h/*", &["x/.h/d.wav"]),
        ("x//y/./*.mp3", &["x/y/c.mp3"]),
        ("x/[y]", &["x/y/b.flac", "x/y/c.mp3"]),
    ] {
        assert_eq!(
            captioned_inputs(caption_in_folder(&stand_in, &names).arg(glob)),
            found,
            "{glob}"
        );
    }
}

#[test]
fn a_glob_with_parent_folders_matches_no_hidden_file() {
    let stand_in = StandIn::start();
    let mut run = caption_in_folder(&stand_in, &["a.wav", "._a.wav", "inner/b.wav"]);
    let inner = run.folder().join("inner");
    run.command().current_dir(inner);
    assert_eq!(captioned_inputs(run.arg("../*.wav")), ["../a.wav"]);
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_a_failure_only_with_an_audio_name() {
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &["a.wav"]);
    std::os::unix::fs::symlink("nowhere", run.folder().join("notes.txt")).unwrap();
    assert_eq!(captioned_inputs(run.arg(".")), ["a.wav"]);
    let run = caption_in_folder(&stand_in, &["a.wav"]);
    std::os::unix::fs::symlink("nowhere", run.folder().join("b.wav")).unwrap();
    let run = run.arg(".").run();
    assert_says(&run.stderr, &["no such file: b.wav"]);
    assert_eq!(run.code, 3);
}

#[test]
fn a_url_named_twice_is_captioned_once() {
    let stand_in = StandIn::start();
    let urls =
        ["https://example.com/a.mp3", "https://EXAMPLE.com/a.mp3", "https://example.com/b.mp3"];
    assert_eq!(captioned_inputs(caption(&stand_in).args(urls)).len(), 2);
}

#[test]
fn a_list_on_standard_input_cannot_name_itself() {
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &["a.wav"])
        .stdin("a.wav\n-\n")
        .args(["--files-from", "-"])
        .run();
    assert_says(&run.stderr, &["the list itself, not a file: -"]);
    assert_eq!(run.code, 3);
}

#[test]
fn a_glob_that_matches_nothing_is_an_error_that_names_it() {
    let stand_in = StandIn::start();
    let stderr = caption_in_folder(&stand_in, &["a.wav"]).arg("*.mp3").run().failed(2);
    assert_says(&stderr, &["nothing to caption: no audio in *.mp3"]);
}

#[test]
fn a_file_whose_name_looks_like_a_glob_is_that_file() {
    let stand_in = StandIn::start();
    // No name has a star on Windows.
    let name = if cfg!(windows) { "[1] a.wav" } else { "[1] a*.wav" };
    let run = caption_in_folder(&stand_in, &[name, "1.wav"]).args(["-f", "jsonl", name]).run();
    assert_eq!(run.records()[0]["input"], name);
}

#[test]
fn allow_empty_accepts_no_inputs() {
    let stand_in = StandIn::start();
    caption(&stand_in).args(["--allow-empty", "."]).run().captioned();
}

#[test]
fn a_list_names_files_urls_and_folders() {
    let stand_in = StandIn::start();
    let list = "# my clips\r\nb.wav\r\n\nhttps://example.com/c.mp3\nfolder\n a.wav\n";
    let run = caption_in_folder(&stand_in, &["b.wav", " a.wav", "folder/d.wav"]).file("list", list);
    let names = captioned_inputs(run.args(["--files-from", "list"]));
    assert_eq!(names, ["b.wav", "https://example.com/c.mp3", "folder/d.wav", " a.wav"]);
}

#[test]
fn a_list_on_standard_input_is_read_incrementally() {
    let stand_in = StandIn::start();
    let mut run = caption_in_folder(&stand_in, &["a.wav", "b.wav"]).args(["--files-from", "-"]);
    let (child, mut list) = run.spawn_with_stdin();
    list.write_all(b"a.wav\n").unwrap();
    // The first request arrives while the list is open.
    stand_in.wait_for_requests(1);
    list.write_all(b"b.wav\n").unwrap();
    drop(list);
    let printed = finish(child).ended(0);
    assert_says(&printed, &["==> a.wav <==", "==> b.wav <=="]);
}

#[cfg(unix)]
#[test]
fn names_may_contain_newlines_and_invalid_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &["a\nb.wav"]);
    let odd = std::ffi::OsStr::from_bytes(b"c\xff.wav");
    fs::copy(data_path("tone.mp3"), run.folder().join(odd)).unwrap();
    let run = run.stdin(&b"a\nb.wav\0c\xff.wav\0"[..]);
    let run = run.args(["-0", "--files-from", "-", "-f", "jsonl"]).run();
    let names: Vec<_> = run.records().iter().map(|record| record["input"].clone()).collect();
    assert_eq!(names, ["a\nb.wav", "c\u{fffd}.wav"]);
    assert_eq!(stand_in.requests().len(), 2);
}

#[test]
fn a_wrong_line_of_a_list_does_not_fail_the_others() {
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &["a.wav"]).file("list", "gone.wav\nftp://x/y\na.wav\n");
    let run = run.args(["--files-from", "list"]).run();
    assert_says(&run.stdout, &["==> a.wav <=="]);
    assert_says(&run.stderr, &["no such file: gone.wav", "only http:// and https://", "ftp://x/y"]);
    assert_says(&run.stderr, &["1 captioned · 2 failed"]);
    assert_eq!(run.code, 3);
}

#[test]
fn a_missing_list_is_wrong_usage() {
    let stand_in = StandIn::start();
    let stderr = caption(&stand_in).args(["--files-from", "nowhere"]).run().failed(2);
    assert_says(&stderr, &["could not open the list nowhere"]);
    let stderr = caption(&stand_in).args(["--files-from", "-", "-"]).run().failed(2);
    assert_says(&stderr, &["cannot be both the list and the audio"]);
}

#[cfg(unix)]
#[test]
fn a_file_with_several_paths_is_captioned_once() {
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &["x/a.wav"]);
    std::os::unix::fs::symlink("a.wav", run.folder().join("x/soft.wav")).unwrap();
    fs::hard_link(run.folder().join("x/a.wav"), run.folder().join("x/hard.wav")).unwrap();
    std::os::unix::fs::symlink(".", run.folder().join("x/circle")).unwrap();
    let names = captioned_inputs(run.args(["x/a.wav", "x", "./x/a.wav", "x/*.wav"]));
    assert_eq!(names, ["x/a.wav"]);
    assert_eq!(stand_in.requests().len(), 1);
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_a_failure() {
    use std::os::unix::fs::PermissionsExt;
    let stand_in = StandIn::start();
    let run = caption_in_folder(&stand_in, &["a.wav", "locked/b.wav"]);
    let locked = run.folder().join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read_dir(&locked).is_ok();
    let run = run.arg(".").run();
    if is_root {
        not_applicable("root may open every folder");
        return;
    }
    assert_says(&run.stderr, &["could not be read", "locked"]);
    assert_eq!(run.code, 3);
}

#[test]
fn every_input_is_in_exactly_one_shard() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let mut all = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let run = caption(&stand_in).clips("x", 30);
        let names = captioned_inputs(run.args(["--shard", shard, "x"]));
        assert!(!names.is_empty() && names.len() < 30, "{shard}: {}", names.len());
        all.extend(names);
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 30);
    assert_eq!(stand_in.requests().len(), 30);
}

#[test]
fn an_empty_shard_is_valid_and_an_invalid_one_is_not() {
    let stand_in = StandIn::start();
    let shards = ["1/64", "2/64"].map(|shard| {
        caption_in_folder(&stand_in, &["a.wav"]).args(["--shard", shard, "-q", "."]).run().code
    });
    assert_eq!(shards, [0, 0]);
    for bad in ["0/2", "3/2", "1", "a/b"] {
        let stderr = caption(&stand_in).args(["--shard", bad, "."]).run().failed(2);
        assert_says(&stderr, &["K/N with K from 1 to N"]);
    }
}

/// Prepares a run in a folder with these files, each a different tone.
fn caption_in_folder(stand_in: &StandIn, names: &[&str]) -> Caption {
    let mut run = caption(stand_in);
    for (number, name) in names.iter().enumerate() {
        let path = run.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        run = run.file(name, crate::harness::clip(number));
    }
    run
}

/// Returns the captioned inputs in the order of the output.
#[track_caller]
fn captioned_inputs(run: Caption) -> Vec<String> {
    let run = run.args(["-q", "-f", "jsonl"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let name = |record: &serde_json::Value| record["input"].as_str().unwrap().to_owned();
    run.records().iter().map(name).collect()
}

#[test]
fn an_endless_list_is_processed_while_it_is_read() {
    // An endless list: the program ends because its output is closed.
    let stand_in = StandIn::always(|| {
        Reply::status(200)
            .body("application/json", "{\"choices\": [{\"message\": {\"content\": \"x\"}}]}")
    });
    let mut run = caption_in_folder(&stand_in, &["a.wav"]).args(["--files-from", "-"]);
    let (mut child, mut list) = run.spawn_with_stdin();
    let writer = std::thread::spawn(move || {
        let mut number = 0u64;
        while list.write_all(format!("https://example.com/{number}\n").as_bytes()).is_ok() {
            number += 1;
        }
        number
    });
    let mut first = [0; 4];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(child.stdout.take());
    assert_eq!(finish(child).code, 0);
    assert!(writer.join().unwrap() > 0);
}

#[test]
fn a_list_with_windows_line_ends_is_read() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
    let run = run.file("list", "tone.wav\r\n# two\r\n\r\ntone.mp3\r\n");
    let printed = run.args(["-q", "--files-from", "list"]).run().captioned();
    assert_says(&printed, &["==> tone.wav <==", "==> tone.mp3 <=="]);
}

#[cfg(unix)]
#[test]
fn a_backslash_is_part_of_a_name_on_unix() {
    let stand_in = StandIn::start();
    let sound = fs::read(data_path("tone.wav")).unwrap();
    let run = caption(&stand_in).file("x/a\\b.wav", sound);
    let path = run.folder().join("out");
    let mut run = run.args(["-q", "--output-dir", "out", "x/a\\b.wav"]);
    finish(run.spawn()).captioned();
    assert_eq!(crate::harness::file_names(&path.join("x")), ["a\\b.txt"]);
}
