//! What holds for any settings and any values.

use std::ffi::OsString;
use std::fs;

use caption::Rule;
use clap::Parser;

use crate::args::Cli;
use crate::config::environment::Environment;
use crate::config::{file, rules};
use support::random::{cases, mutated, one_of, soup};

/// Settings that are right.
const SETTINGS: &str = "
format = ['jsonl']
jobs = 8
timeout = '90s'
rate = '5/s'
max-upload = '5MB'
window = '30s'
max-spend = 2.5
quiet = true
exclude = ['old/', '*.tmp.wav']
[[rule]]
name = 'no speech'
deny = '\\b(speech|voice)\\b'
severity = 'warning'
reason = 'sound effects only'
paths = ['sfx/**', '!x']
[[rule]]
loudness = { min = -30, max = -10.5 }
[[rule]]
channels = [1, 2]
";

#[test]
fn any_settings_are_understood_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("caption.toml");
    let typed = ["caption", "--config", path.to_str().unwrap(), "a.wav"].map(OsString::from);
    cases(|random| {
        fs::write(&path, mutated(random, SETTINGS.as_bytes())).unwrap();
        if let Err(error) = file::read(&typed, &Environment::with_variables(|_| None)) {
            let told = format!("{error:#}");
            assert!(told.contains("caption.toml"), "{told}");
        }
    });
}

#[test]
fn any_table_is_a_rule_or_refused_by_its_number() {
    const WORDS: [&str; 20] = [
        "name = ",
        "severity = ",
        "deny = ",
        "require = ",
        "silence = ",
        "duration = ",
        "paths = ",
        "'(a'",
        "'x'",
        "1",
        "-1.5",
        "nan",
        "true",
        "{ min = 1 }",
        "{ max = inf }",
        "[]",
        "['[']",
        "\n",
        "\n",
        "[[rule]]\n",
    ];
    cases(|random| {
        let text = String::from_utf8_lossy(&soup(random, 12, &WORDS)).into_owned();
        let Ok(table) = format!("[[rule]]\n{text}").parse::<toml::Table>() else { return };
        let rules = rules::rules(&table["rule"]).map(|rules| rules.len());
        let count = table["rule"].as_array().unwrap().len();
        match rules {
            Ok(rules) => assert_eq!(rules, count),
            Err(error) => assert!(error.to_string().starts_with("rule "), "{error:#}"),
        }
    });
}

#[test]
fn any_pattern_is_a_rule_of_at_most_4_mb_or_refused() {
    const WORDS: [&str; 14] = [
        "a", "\\w", "\\b", "{9}", "{1,99}", "*", "+?", "(", ")", "|", "[a-z]", "(?i)", "^",
        "\\p{L}",
    ];
    cases(|random| {
        let pattern = String::from_utf8_lossy(&soup(random, 12, &WORDS)).into_owned();
        if let Ok(rule) = Rule::deny(&pattern) {
            assert!(rule.size() <= 4 << 20);
        }
    });
}

#[test]
fn any_value_of_an_option_is_understood_or_refused() {
    const OPTIONS: [&str; 12] = [
        "--timeout",
        "--rate",
        "--max-upload",
        "--window",
        "--max-spend",
        "--shard",
        "--check",
        "--report",
        "--jobs",
        "--max-tokens",
        "--max-retries",
        "--convert",
    ];
    const WORDS: [&str; 16] = [
        "1",
        "9",
        "99999999999999999999",
        "0",
        ".",
        "-",
        "e",
        "/",
        "s",
        "m",
        "MB",
        "none",
        "inf",
        "NaN",
        "=",
        ",",
    ];
    cases(|random| {
        let value = String::from_utf8_lossy(&soup(random, 4, &WORDS)).into_owned();
        let option = one_of(random, &OPTIONS);
        // Nothing but an end would be wrong.
        let _ = Cli::try_parse_from(["caption", &format!("{option}={value}"), "a.wav"]);
    });
}
