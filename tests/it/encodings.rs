//! Encodings and notations of lists, manifests and key files.

use std::fs;

use crate::harness::{Caption, Run, assert_says, caption, clip, data_path, finish, unconfigured};
use support::stand_in::{KEY, StandIn};

const BOM: &str = "\u{feff}";

/// Encodes a text as UTF-16 with its byte order mark, as PowerShell writes it.
fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("{BOM}{text}").encode_utf16().flat_map(to_bytes).collect()
}

/// Prepares a run on a list of two files.
fn two_files(stand_in: &StandIn, list: impl AsRef<[u8]>) -> Caption {
    let run = caption(stand_in).file("a.wav", clip(1)).file("é.wav", clip(2)).file("list", list);
    run.args(["-f", "jsonl", "--files-from", "list"])
}

#[track_caller]
fn assert_both(run: &Run) {
    assert_eq!(run.code, 0, "{}", run.stderr);
    let names: Vec<_> = run.records().iter().map(|record| record["input"].clone()).collect();
    assert_eq!(names, ["a.wav", "é.wav"]);
}

#[test]
fn a_list_may_start_with_a_byte_order_mark() {
    let stand_in = StandIn::start();
    for list in ["a.wav\né.wav\n", "# my clips\na.wav\né.wav", "\r\na.wav\r\né.wav\r\n"] {
        assert_both(&two_files(&stand_in, format!("{BOM}{list}")).run());
    }
    // The same holds for standard input.
    let run = caption(&stand_in).file("a.wav", clip(1)).file("é.wav", clip(2));
    let run = run.stdin(format!("{BOM}a.wav\né.wav\n")).args(["-f", "jsonl", "--files-from", "-"]);
    assert_both(&run.run());
}

#[test]
fn a_list_in_utf_16_is_decoded() {
    let stand_in = StandIn::start();
    for list in ["a.wav\r\né.wav\r\n", "# my clips\né.wav\na.wav", "a.wav\né.wav"] {
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let run = two_files(&stand_in, utf16(list, to_bytes)).run();
            assert_eq!(run.code, 0, "{}", run.stderr);
            let mut names: Vec<_> =
                run.records().iter().map(|record| record["input"].to_string()).collect();
            names.sort();
            assert_eq!(names, ["\"a.wav\"", "\"é.wav\""]);
        }
    }
}

#[test]
fn a_list_with_nul_bytes_and_without_null_is_an_error_that_names_the_option() {
    let stand_in = StandIn::start();
    let without_mark = utf16("a.wav\né.wav\n", u16::to_le_bytes)[2..].to_vec();
    for list in ["a.wav\0é.wav\0".as_bytes().to_vec(), b"a.wav\0\n".to_vec(), without_mark] {
        let run = two_files(&stand_in, &list).run();
        assert!([2, 3].contains(&run.code), "{}", run.stderr);
        assert_says(&run.stderr, &["list", "NUL", "--null"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_list_of_lines_with_null_is_an_error_that_names_the_option() {
    let stand_in = StandIn::start();
    let run = two_files(&stand_in, "a.wav\né.wav\n").arg("-0").run();
    assert!([2, 3].contains(&run.code), "{}", run.stderr);
    assert_says(&run.stderr, &["without --null"]);
    assert_eq!(stand_in.connections(), 0);
}

/// Returns a manifest of two files.
fn manifest(stand_in: &StandIn) -> Vec<u8> {
    let run = caption(stand_in).file("a.wav", clip(1)).file("b.wav", clip(2));
    let path = run.folder().join("m.jsonl");
    let mut run = run.args(["-q", "--manifest", "m.jsonl", "a.wav", "b.wav"]);
    finish(run.spawn()).ended(0);
    fs::read(path).unwrap()
}

/// Prepares a run on the two files with a manifest.
fn with_manifest(manifest: &[u8], stand_in: &StandIn) -> Caption {
    let run = caption(stand_in).file("a.wav", clip(1)).file("b.wav", clip(2));
    run.file("m.jsonl", manifest).args(["-f", "jsonl", "--manifest", "m.jsonl", "a.wav", "b.wav"])
}

#[test]
fn a_manifest_may_start_with_a_byte_order_mark() {
    let stand_in = StandIn::start();
    let cached = manifest(&stand_in);
    let first_line = cached.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for (cached, new) in [(&cached[..], 0), (&cached[..first_line], 1)] {
        let requests = stand_in.requests().len();
        let marked = [BOM.as_bytes(), cached].concat();
        let mut run = with_manifest(&marked, &stand_in);
        // Every line is cached, the first one too, and so is what the first run adds.
        for _ in 0..2 {
            let run = finish(run.spawn());
            assert_eq!(run.code, 0, "{}", run.stderr);
            assert!(!run.stderr.contains("line"), "{}", run.stderr);
            assert_eq!(stand_in.requests().len() - requests, new);
        }
    }
}

#[test]
fn a_manifest_in_utf_16_is_an_error_that_names_the_encoding() {
    let stand_in = StandIn::start();
    let cached = String::from_utf8(manifest(&stand_in)).unwrap();
    let requests = stand_in.requests().len();
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let stderr = with_manifest(&utf16(&cached, to_bytes), &stand_in).run().failed(2);
        assert_says(&stderr, &["m.jsonl", "UTF-16", "UTF-8"]);
    }
    assert_eq!(stand_in.requests().len(), requests);
}

#[test]
fn a_manifest_with_multi_line_json_or_an_array_is_an_error_that_names_the_command() {
    let stand_in = StandIn::start();
    let cached = String::from_utf8(manifest(&stand_in)).unwrap();
    let pretty = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&record).unwrap() + "\n"
    };
    let multi_line: String = cached.lines().map(pretty).collect();
    let stderr = with_manifest(multi_line.as_bytes(), &stand_in).run().failed(2);
    assert_says(&stderr, &["m.jsonl", "several lines", "jq -c"]);
    // An array of records is no manifest either.
    let array = format!("[{}]\n", cached.trim_end().replace('\n', ","));
    let stderr = with_manifest(array.as_bytes(), &stand_in).run().failed(2);
    assert_says(&stderr, &["m.jsonl", "an array", "jq -c"]);
}

#[test]
fn a_settings_file_may_start_with_a_byte_order_mark() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let printed = run.file("caption.toml", format!("{BOM}prepend = 'Heard: '\n")).run().captioned();
    assert!(printed.starts_with("Heard: "), "{printed}");
}

/// Returns the notations of a key that are accepted.
fn notations() -> Vec<Vec<u8>> {
    let plain = [
        format!("{BOM}{KEY}\r\n"),
        format!("\"{KEY}\"\n"),
        format!("'{KEY}'"),
        format!("AIMLAPI_KEY={KEY}\n"),
        format!("AIMLAPI_KEY = \"{KEY}\"\r\n"),
        format!("export AIMLAPI_KEY='{KEY}'\n"),
        format!("AIMLAPI_API_KEY={KEY}"),
        format!("AIML_API_KEY={KEY}"),
        format!("Bearer {KEY}\n"),
        format!("Authorization: Bearer {KEY}\n"),
        format!("{BOM}AIMLAPI_KEY={KEY}\r\n"),
        format!("# the key\nOTHER=1\nAIMLAPI_KEY={KEY}\n\n"),
        format!("\n\n{KEY}\n\n"),
    ];
    let mut notations: Vec<_> = plain.into_iter().map(String::into_bytes).collect();
    notations.push(utf16(&format!("{KEY}\r\n"), u16::to_le_bytes));
    notations.push(utf16(KEY, u16::to_be_bytes));
    notations
}

#[test]
fn a_key_file_may_hold_quotes_an_assignment_or_a_header() {
    let stand_in = StandIn::start();
    let mut refused = Vec::new();
    for content in notations() {
        // The bytes replace the content of a file that is private already, so that nothing warns.
        let run = caption(&stand_in).env_remove("AIMLAPI_KEY").private_file("key", "");
        let run = run.file("key", &content);
        let run = run.args(["--api-key-file", "key"]).arg(data_path("tone.wav")).run();
        if run.code != 0 {
            refused.push((String::from_utf8_lossy(&content).into_owned(), run.stderr));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn a_key_in_the_environment_may_have_quotes_or_a_scheme() {
    let stand_in = StandIn::start();
    // An env file of Docker keeps quotes.
    for key in [format!("\"{KEY}\""), format!("'{KEY}'"), format!("Bearer {KEY}")] {
        let run = caption(&stand_in).env("AIMLAPI_KEY", &key).arg(data_path("tone.wav")).run();
        assert_eq!(run.code, 0, "{key}: {}", run.stderr);
    }
}

#[test]
fn a_key_file_without_a_key_is_an_error_that_names_its_content() {
    for (content, words) in [
        ("", &["empty"][..]),
        ("\n \n", &["empty"]),
        ("sk-marked-one\nsk-marked-two\n", &["2 lines"]),
        ("OTHER_KEY=sk-marked\n", &["AIMLAPI_KEY"]),
        ("{\"key\": \"sk-marked\"}\n", &["JSON"]),
    ] {
        let run = unconfigured()
            .private_file("file", content)
            .args(["--api-key-file", "file", "a.wav"])
            .run();
        assert!([2, 4].contains(&run.code), "{content}: {}", run.stderr);
        assert_says(&run.stderr, words);
        assert!(!run.stderr.contains("marked"), "{}", run.stderr);
    }
}
