//! Everything that the program reads is limited, and so is its memory.

use crate::harness::{Caption, answer, assert_says, caption, data_path, finish, unconfigured};
use crate::process_monitor::{MAX_MEMORY_KB, ProcessMonitor};
use support::hostile::{caf, channels, nested_chapters};
use support::stand_in::{KEY, Reply, StandIn};

/// Asserts the exit code and the peak memory, and returns standard error.
#[track_caller]
pub(crate) fn assert_bounded(mut run: Caption, code: i32) -> String {
    let child = run.spawn();
    let monitor = ProcessMonitor::start(&child, KEY);
    let ended = finish(child);
    let (peak, _) = monitor.end();
    assert_eq!(ended.code, code, "{}", ended.stderr);
    assert!(peak < MAX_MEMORY_KB, "{peak} kB of memory");
    ended.stderr
}

#[test]
fn huge_responses_do_not_fill_the_memory() {
    let choice = |text: &str| format!("{{\"choices\":[{{\"message\":{{\"content\":\"{text}\"}}}}]");
    for (body, code) in [
        (format!("{},\"x\":[{}0]}}", choice("Rain."), "{},".repeat(49_990)), 0),
        (format!("{},\"x\":{{{}\"\":0}}}}", choice("Rain."), "\"a\":{},".repeat(49_990)), 0),
        (format!("{},\"x\":\"{}\"}}", choice("Rain."), "\\n".repeat(1_000_000)), 0),
        (format!("{}}}", choice(&"x".repeat(1_048_576))), 0),
        (format!("{}}}", choice(&"x".repeat(1_048_577))), 3),
        (format!("{},\"x\":\"{}\"}}", choice("Rain."), "x".repeat(2 << 20)), 3),
        (format!("{},\"x\":{}", choice("Rain."), "[".repeat(500_000)), 3),
        (format!("{},\"x\":{}", choice("Rain."), "{\"a\":".repeat(100_000)), 3),
        (format!("{{\"error\":{}", "{\"error\":".repeat(100_000)), 3),
    ] {
        let length = body.len();
        let reply = move || Reply::status(200).body("application/json", body.clone());
        let stand_in = StandIn::always(reply);
        let run = caption(&stand_in).clips("x", 4).args(["-q", "-j", "4", "-o", "out.txt", "x"]);
        assert_bounded(run, code);
        assert_eq!(stand_in.requests().len(), 4, "{length} bytes");
    }
}

#[test]
fn a_huge_manifest_does_not_fill_the_memory() {
    let header = format!("{{\"input\":\"x\",\"sha256\":\"{}\",\"model\":\"m\"", "a".repeat(64));
    let windows = |count: usize| {
        let windows = vec!["{\"start\":0,\"end\":1,\"caption\":\"\"}"; count].join(",");
        format!("{header},\"caption\":\"x\",\"window\":1,\"windows\":[{windows}]}}\n")
    };
    let record = format!("{header},\"caption\":\"x\"}}\n");
    for (manifest, code) in [
        (windows(100_000), 0),
        (format!("{record}{}", windows(200_000).repeat(3)), 0),
        (format!("{record}{{{}", "x".repeat(50_000_000)), 0),
        (format!("{record}{}", "\n".repeat(5_000_000)), 0),
        (format!("{record}{}\n{record}", "[".repeat(5_000_000)), 0),
        (format!("{record}{}\n{record}", "{\"windows\":[".repeat(400_000)), 0),
        ("x".repeat(50_000_000), 2),
    ] {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).data_file("tone.wav").file("m.jsonl", &manifest);
        assert_bounded(run.args(["--manifest", "m.jsonl", "tone.wav"]), code);
        assert_eq!(stand_in.requests().len(), usize::from(code == 0), "{} bytes", manifest.len());
    }
}

#[test]
fn huge_settings_do_not_fill_the_memory() {
    let rules = |rule: &str| ["[[rule]]\n", rule, "\n"].concat().repeat(60_000 / (rule.len() + 10));
    let globs = |count| format!("[[rule]]\ndeny = 'x'\npaths = [{}]", "'*[a-z]?',".repeat(count));
    for (settings, code, words) in [
        (" ".repeat(256 * 1024 + 1), 2, "more than 256 kB"),
        (format!("x = {}", "[".repeat(260_000)), 2, "line 1"),
        (format!("x = {}", "{a=".repeat(80_000)), 2, "line 1"),
        (format!("a{} = 1", ".a".repeat(130_000)), 2, "line 1"),
        (format!("[a{}]", ".a".repeat(130_000)), 2, "line 1"),
        (format!("[[a{}]]", ".a".repeat(130_000)), 2, "line 1"),
        ("[[rule]]\ndeny = '(a{1000}){1000}'".to_owned(), 2, "size limit"),
        (rules("deny = '\\w{30}'"), 2, "more than 16 MB"),
        (rules("deny = 'x'"), 2, "more than 16 MB"),
        (globs(4_600), 3, "no such file"),
        (globs(5_000), 2, "more than 32 kB"),
    ] {
        let run = unconfigured()
            .env("AIMLAPI_KEY", KEY)
            .file("caption.toml", &settings)
            .arg("nowhere.wav");
        assert_says(&assert_bounded(run, code), &[words]);
    }
}

#[cfg(unix)]
#[test]
fn endless_lists_keys_and_settings_are_rejected() {
    let endless =
        |args: &[&str]| unconfigured().env("AIMLAPI_KEY", KEY).args(args).arg("nowhere.wav");
    for (option, code, words) in [
        ("--files-from", 3, "a list with NUL bytes where line ends were expected"),
        ("--api-key-file", 4, "it has more than 16 kB"),
        ("--config", 2, "not a file"),
        ("--manifest", 2, "not a file"),
    ] {
        assert_says(&assert_bounded(endless(&[option, "/dev/zero"]), code), &[words]);
    }
}

#[test]
fn a_long_list_of_missing_files_is_summarized() {
    let list: Vec<_> = (0..20_000).map(|number| format!("{number}.wav")).collect();
    let run = unconfigured().env("AIMLAPI_KEY", KEY).file("list", list.join("\n"));
    let run = run.args(["--files-from", "list"]);
    let stderr = assert_bounded(run, 3);
    assert_says(&stderr, &["no such file: 20,000 inputs: 0.wav, ", "20,000 failed"]);
    assert_eq!(stderr.lines().count(), 2);
}

/// Returns a clip with a large insertion.
fn enlarged(clip: &str, at: usize, before: &[u8], insertion: &[u8], len: usize) -> Vec<u8> {
    let mut audio = std::fs::read(data_path(clip)).unwrap();
    let insertion = insertion.iter().copied().cycle().take(len);
    let insertion: Vec<u8> = before.iter().copied().chain(insertion).collect();
    audio.splice(at..at, insertion);
    audio
}

#[test]
fn huge_audio_headers_do_not_fill_the_memory() {
    const LARGE: usize = 9_999_996;
    let le = u32::try_from(LARGE).unwrap().to_le_bytes();
    let be = u32::try_from(LARGE).unwrap().to_be_bytes();
    let notes = [b"LIST".as_slice(), &le, b"INFO"].concat();
    let wav = enlarged("tone.wav", 12, &notes, b"INAM\x02\0\0\0x\0", LARGE - 4);
    let comments = [[4].as_slice(), &be[1..], &[0; 4], &[0xff; 3], &[0]].concat();
    // After the first block of 34 bytes.
    let flac = enlarged("tones/native.flac", 42, &comments, b"\x03\0\0\0A=x", LARGE - 8);
    let caf = std::fs::read(data_path("tones/alac.caf")).unwrap();
    let packets = caf.windows(4).position(|name| name == b"pakt").unwrap();
    let long = [0, 0, 0, 0, be[0], be[1], be[2], be[3]];
    let mut tables = caf[..packets + 4].to_vec();
    tables.extend(long);
    tables.extend([0, 0, 0, 0, 0, 0x90, 0, 0]);
    tables.resize(packets + 12 + LARGE, 1);
    tables.extend(&caf[packets..]);
    let aiff = enlarged("tones/pcm.aiff", 12, &[], b"ANNO\0\0\0\x02x\0", LARGE);
    let files = [("a.wav", wav, 0), ("a.flac", flac, 0), ("a.caf", tables, 3), ("a.aiff", aiff, 3)];
    for (name, audio, code) in files.into_iter().chain([("a.m4a", titled(400_000), 0)]) {
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).file(name, audio).args(["--check", "decodes", "-q"]);
        assert_bounded(run.args(["--max-upload", "none", name]), code);
    }
}

#[test]
fn absurd_counts_in_audio_headers_are_rejected() {
    let damaged = [
        ("a.caf", caf(b"ima4", 34, 50_000_000), "more frames than fit into a packet"),
        ("b.caf", caf(b"ima4", 34, 0x7fff_ffff), "more frames than fit into a packet"),
        ("c.caf", caf(b"lpcm", 4, u32::MAX), "more frames than fit into a packet"),
        ("d.aiff", channels(), "invalid channel count"),
    ];
    for args in [&["-q"][..], &["--check", "decodes"], &["--window", "1s"], &["--report", "html"]] {
        for (name, content, words) in &damaged {
            let run = unconfigured().env("AIMLAPI_KEY", KEY).file(name, content).args(args);
            assert_says(&assert_bounded(run.arg(name), 3), &["a damaged ", words, name]);
        }
    }
}

#[test]
fn nested_chapters_in_tags_are_passed_over() {
    for content in nested_chapters(2_000) {
        for args in [&["-q"][..], &["--convert", "always"], &["--window", "1s"]] {
            let stand_in = StandIn::always(|| answer("Rain."));
            let run = caption(&stand_in).file("a.aiff", &content).args(args);
            assert_bounded(run.arg("a.aiff"), 0);
        }
    }
}

/// Returns an MP4 file with a number of titles in its last box.
fn titled(titles: usize) -> Vec<u8> {
    let boxed = |name: &[u8; 4], content: &[u8]| {
        let len = u32::try_from(content.len() + 8).unwrap();
        [&len.to_be_bytes(), name.as_slice(), content].concat()
    };
    let title = boxed(b"\xa9nam", &boxed(b"data", b"\0\0\0\x01\0\0\0\0rain"));
    let handler = boxed(b"hdlr", &[&[0; 8], b"mdirappl".as_slice(), &[0; 9]].concat());
    let notes = [&[0; 4], handler.as_slice(), &boxed(b"ilst", &title.repeat(titles))].concat();
    let audio = std::fs::read(data_path("tones/aac.m4a")).unwrap();
    let movie = audio.windows(4).position(|name| name == b"moov").unwrap();
    let content = [&audio[movie + 4..], &boxed(b"udta", &boxed(b"meta", &notes))].concat();
    [&audio[..movie - 4], &boxed(b"moov", &content)].concat()
}

#[test]
fn validation_errors_with_huge_paths_are_shortened() {
    let many = |count: usize| {
        (0..count).map(|n| format!("\"{n}\":{{\"_errors\":[\"x\"]}}")).collect::<Vec<_>>().join(",")
    };
    let meta = |name: usize, count: usize| {
        format!(
            "{{\"message\":\"bad\",\"error\":{{\"name\":\"x\"}},\"meta\":{{\"{}\":{{{}}}}}}}",
            "A".repeat(name),
            many(count)
        )
    };
    for (status, body, code) in [(400, meta(30_000, 1_500), 3), (200, meta(250_000, 12_000), 3)] {
        let stand_in =
            StandIn::always(move || Reply::status(status).body("application/json", body.clone()));
        let run = caption(&stand_in).data_file("tone.wav").args(["--max-retries", "0", "tone.wav"]);
        let stderr = assert_bounded(run, code);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.len() < 1_000, "{stderr}");
    }
}

#[test]
fn absurd_numbers_of_the_service_are_ignored() {
    let usage = "{\"prompt_tokens\":18446744073709551615,\"completion_tokens\":1}";
    let body =
        format!("{{\"choices\":[{{\"message\":{{\"content\":\"Rain.\"}}}}],\"usage\":{usage}}}");
    let reply = move |usd: &'static str| {
        let body = body.clone();
        move || {
            Reply::status(200)
                .body("application/json", body.clone())
                .header("x-aimlapi-usd-spent", usd)
        }
    };
    let stand_in = StandIn::always(reply("0.5"));
    let run = caption(&stand_in).clips("x", 2).args(["-o", "out.txt", "x"]);
    assert_says(&assert_bounded(run, 0), &["2 captioned", "tokens · $1.00"]);
    for usd in ["NaN", "inf", "-1000", "1e300"] {
        let stand_in = StandIn::always(reply(usd));
        let run = caption(&stand_in).clips("x", 3).args([
            "-j1",
            "--max-spend",
            "0.1",
            "-o",
            "out.txt",
            "x",
        ]);
        assert_says(&assert_bounded(run, 5), &["the service reports no cost"]);
        assert_eq!(stand_in.posts(), 1, "{usd}");
    }
}

#[test]
fn a_manifest_with_cycles_is_read_quickly() {
    let stand_in = StandIn::start();
    let sha256 = {
        use sha2::{Digest, Sha256};
        Sha256::digest(std::fs::read(data_path("tone.wav")).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat()
    };
    let header = format!(
        "{{\"input\":\"x\",\"sha256\":\"{sha256}\",\"model\":\"alibaba/qwen3-omni-30b-a3b-captioner\""
    );
    let windows = vec!["{\"end\":1}"; 90_000].join(",");
    let manifest = format!(
        "{header},\"caption\":\"Rain.\",\"windows\":[{windows}]}}\n{header},\"start\":0,\"end\":1,\"caption\":\"{}\"}}\n",
        "x".repeat(7_000_000)
    );
    let run = caption(&stand_in).data_file("tone.wav").file("m.jsonl", manifest);
    let started = std::time::Instant::now();
    assert_bounded(run.args(["--manifest", "m.jsonl", "-o", "out.txt", "tone.wav"]), 0);
    assert!(started.elapsed().as_secs() < 20);
    assert!(stand_in.requests().is_empty());
}
