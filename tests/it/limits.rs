//! What the program takes in has a limit, and so has the memory that it takes for it.

use crate::harness::{Caption, assert_says, bare, caption, finish};
use crate::stand_in::{KEY, Reply, StandIn};
use crate::watched::{MOST_MEMORY, Watched};

/// Runs it to its end, with this code, and returns what was said.
#[track_caller]
fn within_bounds(mut run: Caption, code: i32) -> String {
    let child = run.spawn();
    let watched = Watched::start(&child, KEY);
    let ended = finish(child);
    let (peak, _) = watched.end();
    assert_eq!(ended.code, code, "{}", ended.stderr);
    assert!(peak < MOST_MEMORY, "{peak} kB of memory");
    ended.stderr
}

#[test]
fn answers_that_are_made_to_fill_the_memory_do_not_even_several_at_a_time() {
    let choice = |text: &str| format!("{{\"choices\":[{{\"message\":{{\"content\":\"{text}\"}}}}]");
    for (body, code) in [
        (format!("{},\"x\":[{}0]}}", choice("Rain."), "{},".repeat(49_990)), 0),
        (format!("{},\"x\":{{{}\"\":0}}}}", choice("Rain."), "\"a\":{},".repeat(49_990)), 0),
        (format!("{},\"x\":\"{}\"}}", choice("Rain."), "\\n".repeat(1_000_000)), 0),
        (format!("{}}}", choice(&"x".repeat(1_048_576))), 0),
        (format!("{}}}", choice(&"x".repeat(1_048_577))), 3),
        (format!("{},\"x\":\"{}\"}}", choice("Rain."), "x".repeat(2 << 20)), 3),
    ] {
        let length = body.len();
        let reply = move || Reply::status(200).body("application/json", body.clone());
        let stand_in = StandIn::ruled(reply);
        let run = caption(&stand_in).clips("x", 4).args(["-q", "-j", "4", "-o", "out.txt", "x"]);
        within_bounds(run, code);
        assert_eq!(stand_in.requests().len(), 4, "{length} bytes");
    }
}

#[test]
fn a_manifest_that_is_made_to_fill_the_memory_does_not() {
    let head = format!("{{\"input\":\"x\",\"sha256\":\"{}\",\"model\":\"m\"", "a".repeat(64));
    let windows = "{\"start\":0,\"end\":1,\"caption\":\"\"},".repeat(240_000);
    let line =
        format!("{head},\"caption\":\"x\",\"windows\":[{}]}}\n", windows.trim_end_matches(','));
    let record = format!("{head},\"caption\":\"x\"}}\n");
    for (manifest, code) in [
        (line.repeat(3), 0),
        (format!("{record}{{{}", "x".repeat(50_000_000)), 0),
        (format!("{record}{}", "\n".repeat(5_000_000)), 0),
        ("x".repeat(50_000_000), 2),
    ] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).with("tone.wav").file("m.jsonl", &manifest);
        within_bounds(run.args(["--manifest", "m.jsonl", "tone.wav"]), code);
        assert_eq!(stand_in.requests().len(), usize::from(code == 0), "{} bytes", manifest.len());
    }
}

#[test]
fn settings_that_are_made_to_fill_the_memory_are_refused_or_do_not() {
    let rules = |rule: &str| ["[[rule]]\n", rule, "\n"].concat().repeat(60_000 / (rule.len() + 10));
    let globs = |count| format!("[[rule]]\ndeny = 'x'\npaths = [{}]", "'*[a-z]?',".repeat(count));
    for (settings, code, words) in [
        (" ".repeat(256 * 1024 + 1), 2, "more than 256 kB"),
        (format!("x = {}", "[".repeat(260_000)), 2, "line 1"),
        (format!("x = {}", "{a=".repeat(80_000)), 2, "line 1"),
        (format!("a{} = 1", ".a".repeat(130_000)), 2, "line 1"),
        ("[[rule]]\ndeny = '(a{1000}){1000}'".to_owned(), 2, "size limit"),
        (rules("deny = '\\w{30}'"), 2, "more than 16 MB"),
        (rules("deny = 'x'"), 2, "more than 16 MB"),
        (globs(4_600), 3, "no such file"),
        (globs(5_000), 2, "more than 32 kB"),
    ] {
        let run = bare().env("AIMLAPI_KEY", KEY).file("caption.toml", &settings).arg("nowhere.wav");
        assert_says(&within_bounds(run, code), &[words]);
    }
}

#[cfg(unix)]
#[test]
fn lists_keys_and_settings_without_an_end_are_refused() {
    let endless = |args: &[&str]| bare().env("AIMLAPI_KEY", KEY).args(args).arg("nowhere.wav");
    for (option, code, words) in [
        ("--files-from", 3, "a line of over 64 kB"),
        ("--api-key-file", 4, "the key is empty, or holds"),
        ("--config", 2, "not a file"),
        ("--manifest", 2, "not a file"),
    ] {
        assert_says(&within_bounds(endless(&[option, "/dev/zero"]), code), &[words]);
    }
}

#[test]
fn a_long_list_of_what_is_not_there_takes_little_memory_and_few_lines() {
    let list: Vec<_> = (0..20_000).map(|number| format!("{number}.wav")).collect();
    let run = bare().env("AIMLAPI_KEY", KEY).file("list", list.join("\n"));
    let run = run.args(["--files-from", "list"]);
    let said = within_bounds(run, 3);
    assert_says(&said, &["no such file", "19000 more failures", "20,000 failed"]);
    assert!(said.lines().count() < 1_010);
}
