//! Files that are opened by their name, wherever that leads: ignore files, settings, lists, keys.

use std::fs;

use support::stand_in::{KEY, StandIn};

use crate::harness::{Caption, answer, assert_says, caption, clip, file_names, unconfigured};
use crate::memory_limits::assert_bounded;

/// Makes a name lead to an endless device or file.
#[cfg(target_os = "linux")]
fn link(run: &Caption, name: &str, target: &str) {
    let path = run.folder().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Makes a named pipe that nobody writes to.
#[cfg(unix)]
fn pipe(run: &Caption, name: &str) {
    let path = run.folder().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// Lines that are all different, up to a total length.
fn lines(line: impl Fn(usize) -> String, len: usize) -> String {
    let mut text = String::new();
    for line in (0..).map(line).take_while(|line| !line.is_empty()) {
        if text.len() + line.len() >= len {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(target_os = "linux")]
#[test]
fn an_ignore_file_that_is_no_file_is_passed_over_with_a_note() {
    for args in [&["-o", "out.txt", "project/x"][..], &["--dry-run", "project/x"]] {
        let stand_in = StandIn::always(|| answer("Rain."));
        let clips = ["a", "b", "c"].iter().enumerate();
        let run = clips.fold(caption(&stand_in), |run, (number, folder)| {
            run.file(&format!("project/x/{folder}/a.wav"), clip(number))
        });
        link(&run, "project/x/a/.gitignore", "/dev/zero");
        pipe(&run, "project/x/b/.ignore");
        fs::create_dir(run.folder().join("project/x/c/.gitignore")).unwrap();
        link(&run, "project/x/c/.ignore", ".ignore");
        // Above the folder.
        pipe(&run, ".ignore");
        fs::create_dir_all(run.folder().join("project/.git/info")).unwrap();
        link(&run, "project/.gitignore", "/dev/zero");
        pipe(&run, "project/.git/info/exclude");
        pipe(&run, ".config/git/ignore");
        let stderr = assert_bounded(run.args(args), 0);
        for note in [
            "note: project/x/a/.gitignore is a device, not a file; it is passed over",
            "note: project/x/b/.ignore is a named pipe, not a file; it is passed over",
            "note: project/x/c/.gitignore is a folder, not a file; it is passed over",
            "/.ignore is a named pipe, not a file; it is passed over",
            "/project/.gitignore is a device, not a file",
            "/project/.git/info/exclude is a named pipe, not a file",
            "/.config/git/ignore is a named pipe, not a file",
        ] {
            assert_says(&stderr, &[note]);
        }
        if !args.contains(&"--dry-run") {
            assert_eq!(stand_in.requests().len(), 3);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn many_ignore_files_that_are_no_files_are_summarized() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 1);
    for number in 0..50 {
        link(&run, &format!("x/{number}/.ignore"), "/dev/zero");
    }
    let stderr = assert_bounded(run.args(["-o", "out.txt", "x"]), 0);
    assert_eq!(stderr.matches("is a device").count(), 10, "{stderr}");
    assert_says(&stderr, &["more ignore files are pipes, devices or folders"]);
}

#[test]
fn an_ignore_file_with_too_many_rules_fails_only_its_folder() {
    let mut texts = vec![
        lines(|number| format!("{number}"), 1 << 20),
        lines(|number| format!("{number}*"), 128 << 10),
        "*\n".repeat(60_000),
        "?[a-z]\n".repeat(18_000),
        format!("{}\n", "**/a/".repeat(800)).repeat(30),
        format!("{}\n", "[!a]*".repeat(800)).repeat(30),
    ];
    texts.push(format!("{}\n", "{".repeat(15) + "a" + &",*}".repeat(15)).repeat(2_000));
    for text in texts {
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).clips("x/a", 1).clips("x/b", 1);
        let run = run.file("x/a/.gitignore", &text);
        let run = run.args(["-f", "jsonl", "-o", "out.jsonl", "x"]);
        let (folder, before) = (run.folder().to_owned(), file_names(run.folder()));
        let stderr = assert_bounded(run, 3);
        assert_says(&stderr, &["so its folder is passed over", "x/a/.gitignore; shorten it"]);
        assert_says(&stderr, &["1 captioned · 1 failed"]);
        assert_eq!(stand_in.requests().len(), 1, "{text:.20}");
        assert_eq!(before, ["x"]);
        assert!(!folder.exists());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_endless_regular_ignore_file_fails_only_its_folder() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x/a", 1).clips("x/b", 1);
    link(&run, "x/a/.ignore", "/proc/self/pagemap");
    let stderr = assert_bounded(run.args(["-o", "out.txt", "x"]), 3);
    assert_says(&stderr, &["more than 128 kB, so its folder is passed over", "x/a/.ignore"]);
    assert_eq!(stand_in.requests().len(), 1);
}

#[test]
fn the_most_expensive_ignore_file_that_counts_takes_little_memory() {
    for text in [
        lines(|number| format!("{number}"), 128 << 10),
        lines(|number| if number < 4_000 { "*x".to_owned() } else { String::new() }, 128 << 10),
        lines(|number| format!("**/{number}/**"), 16_000),
        format!("{}\n", "*a".repeat(2_000)).repeat(5),
        format!("{}\n", "**/".repeat(1_000)).repeat(7),
        "{a,*{b,*{c,*{d,e}}}}\n".repeat(900),
    ] {
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).clips("x", 1).file("x/.gitignore", &text);
        let exclude = lines(|number| format!("'*{number}z',"), 24_000);
        let run = run.file("caption.toml", format!("exclude = [{exclude}]"));
        assert_bounded(run.args(["-o", "out.txt", "x"]), 0);
        assert_eq!(stand_in.requests().len(), 1, "{text:.20}");
    }
}

#[test]
fn nested_ignore_files_share_one_limit() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let globs = lines(|number| format!("*{number}z"), 7_000);
    let mut run = caption(&stand_in);
    let mut folder = "x".to_owned();
    for depth in 0..60 {
        run = run.clips(&folder, 1).file(&format!("{folder}/.gitignore"), &globs);
        folder = format!("{folder}/{depth}");
    }
    let stderr = assert_bounded(run.args(["-o", "out.txt", "x"]), 3);
    assert_says(&stderr, &["take too much memory, so its folder is passed over"]);
    assert!((1..5).contains(&stand_in.requests().len()));
}

#[test]
fn folders_are_searched_one_after_the_other() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).file(".gitignore", lines(|number| format!("*{number}z"), 14_000));
    let exclude = lines(|number| format!("'*{number}z',"), 24_000);
    let run = run.file("caption.toml", format!("exclude = [{exclude}]"));
    let folders: Vec<_> = (0..40).map(|number| format!("x/{number}")).collect();
    let run = folders.iter().fold(run, |run, folder| run.clips(folder, 1));
    assert_bounded(run.args(["-o", "out.txt"]).args(&folders), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn settings_that_are_no_file_or_endless_are_refused_by_name() {
    for (target, words) in [
        ("/proc/self/pagemap", "caption.toml: more than 256 kB"),
        ("/dev/zero", "caption.toml: a device, not a file"),
        ("/", "caption.toml: a folder, not a file"),
        ("", "caption.toml: a named pipe, not a file"),
    ] {
        for name in
            ["project/x/caption.toml", "project/caption.toml", ".config/caption/caption.toml"]
        {
            let stand_in = StandIn::start();
            let mut run = caption(&stand_in).clips("project/x", 1).file("project/.git/HEAD", "");
            match target {
                "" => pipe(&run, name),
                target => link(&run, name, target),
            }
            let folder = run.folder().join("project/x");
            run.command().current_dir(folder);
            assert_says(&assert_bounded(run.arg("000.wav"), 2), &[words]);
            assert_eq!(stand_in.connections(), 0);
        }
        let run = unconfigured().env("AIMLAPI_KEY", KEY);
        match target {
            "" => pipe(&run, "other/caption.toml"),
            target => link(&run, "other/caption.toml", target),
        }
        let run = run.args(["--config", "other/caption.toml", "a.wav"]);
        assert_says(&assert_bounded(run, 2), &["other/", words]);
    }
}

#[test]
fn settings_with_huge_values_are_refused_by_name() {
    let many = |key: &str, value: &str| {
        format!("{key} = [{}]", format!("{value},").repeat(200_000 / (value.len() + 1)))
    };
    for (settings, words) in [
        (many("exclude", "'a'"), "more than 4096 values"),
        (many("exclude", "'*[a-z]?'"), "more than 4096 values"),
        (many("exclude", &format!("'{}'", "*a".repeat(50))), "too much memory"),
        (many("exclude", &format!("'{}'", "?".repeat(4_000))), "too much memory"),
        (format!("exclude = '{}'", "a".repeat(200_000)), "longer than 4096 bytes"),
        (many("deny", "'a'"), "more than 4096 values"),
        (many("deny", &format!("'{}'", "a".repeat(60))), "more than 16 MB"),
        (many("require", &format!("'(\\w{{30}}){{2}}{}'", "a".repeat(60))), "more than 16 MB"),
        (format!("check = '{}all'", "all,".repeat(60_000)), "more than 4096 values"),
        (many("format", "'text'"), "more than 4096 values"),
    ] {
        let run = unconfigured().env("AIMLAPI_KEY", KEY).file("caption.toml", &settings);
        assert_says(&assert_bounded(run.arg("a.wav"), 2), &["caption.toml: ", words]);
    }
}

#[test]
fn settings_at_all_limits_take_little_memory() {
    let list = |key: &str, value: fn(usize) -> String, count: usize| {
        let values: Vec<_> = (0..count).map(|number| format!("'{}'", value(number))).collect();
        format!("{key} = [{}]\n", values.join(","))
    };
    let settings = list("exclude", |number| format!("*{number:05}z"), 2_000)
        + &list("deny", |number| format!("a{number}"), 1_000)
        + "[[rule]]\ndeny = 'x'\n"
        + &list("paths", |_| "*[a-z]?".to_owned(), 4_600)
        + &lines(|n| format!("[[rule]]\ndeny = 'b{n}'"), 20_000);
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).clips("x", 1).file("caption.toml", &settings);
    let run = run.file("x/.gitignore", lines(|n| format!("*{n:05}y"), 14_000));
    assert_bounded(run.args(["-q", "-o", "out.txt", "x"]), 0);
    let more = settings.replacen("deny = [", &format!("deny = [{}", "'c',".repeat(200)), 1);
    let run = caption(&stand_in).clips("x", 1).file("caption.toml", &more);
    assert_says(&assert_bounded(run.arg("x"), 2), &["caption.toml: ", "more than 16 MB"]);
}

#[test]
fn a_manifest_of_millions_of_short_lines_takes_little_memory() {
    let entry = |caption: &str| {
        let sha256 = "a".repeat(64);
        format!(
            "{{\"input\":\"x\",\"sha256\":\"{sha256}\",\"model\":\"m\",\"caption\":\"{caption}\"}}\n"
        )
    };
    for (manifest, code) in [
        (entry("x") + &"{}\n".repeat(3_000_000), 0),
        (entry("x") + &"x\n".repeat(3_000_000), 0),
        ("1\n".repeat(3_000_000), 2),
        (entry("x").repeat(300_000), 0),
    ] {
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).clips("x", 1).file("m.jsonl", &manifest);
        let run = run.args(["--manifest", "m.jsonl", "-o", "out.txt", "x"]);
        assert_bounded(run, code);
        assert_eq!(stand_in.requests().len(), usize::from(code == 0));
    }
}

#[test]
fn an_entry_of_a_manifest_takes_less_than_100_bytes_of_memory() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let entry = |number: usize| {
        format!("{{\"input\":\"\",\"sha256\":\"{number:064x}\",\"model\":\"\",\"caption\":\"\"}}")
    };
    let manifest: String = (0..450_000).map(|number| entry(number) + "\n").collect();
    let run = caption(&stand_in).clips("x", 1).file("m.jsonl", &manifest);
    // 20 MB for the program, and 44 MB for the entries.
    assert_bounded(run.args(["--manifest", "m.jsonl", "-o", "out.txt", "x"]), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_manifest_that_is_no_file_or_has_holes_is_refused() {
    for args in [&["x"][..], &["--offline", "x"], &["--dry-run", "x"]] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).clips("x", 1);
        pipe(&run, "m.jsonl");
        let stderr = assert_bounded(run.args(["--manifest", "m.jsonl"]).args(args), 2);
        assert_says(&stderr, &["could not open the manifest m.jsonl: a named pipe, not a file"]);
        let run = caption(&stand_in).clips("x", 1);
        let file = fs::File::create(run.folder().join("m.jsonl")).unwrap();
        file.set_len(1 << 40).unwrap();
        let stderr = assert_bounded(run.args(["--manifest", "m.jsonl"]).args(args), 2);
        assert_says(&stderr, &["could not open the manifest m.jsonl: more than 16 GB"]);
        assert_eq!(stand_in.connections(), 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn certificates_that_are_no_file_or_endless_are_refused() {
    for target in ["/dev/zero", "/proc/self/pagemap", ""] {
        let run = unconfigured().env("AIMLAPI_KEY", KEY).clips("x", 1);
        match target {
            "" => pipe(&run, "ca.pem"),
            target => link(&run, "ca.pem", target),
        }
        let stderr = assert_bounded(run.args(["--cacert", "ca.pem", "x"]), 2);
        assert_says(&stderr, &["not a file of at most 4 MB", "ca.pem"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_endless_key_file_is_refused() {
    let run = unconfigured().clips("x", 1);
    link(&run, "key", "/proc/self/pagemap");
    let stderr = assert_bounded(run.args(["--api-key-file", "key", "x"]), 4);
    assert_says(&stderr, &["it has more than 16 kB"]);
}

#[cfg(unix)]
#[test]
fn a_named_list_and_a_named_key_may_be_pipes() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption(&stand_in).env_remove("AIMLAPI_KEY").clips("x", 1);
    pipe(&run, "list");
    pipe(&run, "key");
    let run = run.args(["-q", "--files-from", "list", "--api-key-file", "key"]);
    let script = format!("echo x/000.wav > list & echo {KEY} > key & exec \"$@\"");
    assert_eq!(run.in_shell(&script).run().captioned(), "==> x/000.wav <==\nRain.\n");
}
