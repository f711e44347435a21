//! The README and the guide match the program.

use std::path::Path;

use crate::harness::{assert_says, unconfigured};

/// README and pages of the guide, with their paths.
pub(crate) const PAGES: [(&str, &str); 10] = [
    ("README.md", include_str!("../../README.md")),
    ("examples/guide/audits.md", include_str!("../../examples/guide/audits.md")),
    ("examples/guide/batches.md", include_str!("../../examples/guide/batches.md")),
    ("examples/guide/benchmarks.md", include_str!("../../examples/guide/benchmarks.md")),
    ("examples/guide/development.md", include_str!("../../examples/guide/development.md")),
    ("examples/guide/formats.md", include_str!("../../examples/guide/formats.md")),
    ("examples/guide/options.md", include_str!("../../examples/guide/options.md")),
    ("examples/guide/output.md", include_str!("../../examples/guide/output.md")),
    ("examples/guide/servers.md", include_str!("../../examples/guide/servers.md")),
    ("examples/guide/training-sets.md", include_str!("../../examples/guide/training-sets.md")),
];

/// Text of a page by the end of its path.
pub(crate) fn page(name: &str) -> &'static str {
    PAGES.into_iter().find(|(path, _)| path.ends_with(name)).expect(name).1
}

#[test]
fn the_help_in_the_guide_is_what_the_program_prints() {
    let help = unconfigured().arg("--help").run().captioned();
    let (_, rest) = page("options.md").split_once("$ caption --help\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(shown, help);
}

#[test]
fn the_short_help_is_one_screen_of_the_help() {
    let short = unconfigured().arg("-h").run().captioned();
    assert!(short.lines().count() <= 40, "{short}");
    assert!(short.lines().all(|line| line.len() <= 100), "{short}");
    assert_says(&short, &["--manifest <FILE>", "--dry-run", "caption --help"]);
    let help = unconfigured().arg("--help").run().captioned();
    assert_says(&help, &["--connect-timeout", "Environment:", "Files:", "Exit codes:"]);
    assert!(!short.contains("--connect-timeout"), "{short}");
}

#[test]
fn options_of_other_programs_are_answered_with_what_to_do_here() {
    for (args, hint) in [
        (&["--prompt", "x"][..], "takes no prompt"),
        (&["-r", "sfx"], "name the folder"),
        (&["--key=secret", "a.wav"], "AIMLAPI_KEY"),
        (&["--fromat", "json"], "did you mean --format?"),
        (&["-f", "xml"], "text, json, jsonl, csv, srt, vtt"),
    ] {
        let stderr = unconfigured().args(args).run().failed(2);
        assert_says(&stderr, &["caption: error: ", hint]);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
}

#[test]
fn the_readme_is_short() {
    let readme = page("README.md");
    assert!(readme.split_whitespace().count() <= 1300);
    assert!(readme.lines().count() <= 260);
}

#[test]
fn the_first_two_commands_are_the_sandbox_and_the_tests() {
    let (_, rest) = page("README.md").split_once("```sh\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let commands: Vec<_> =
        block.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(commands, ["cargo run --example sandbox", "cargo test"]);
}

#[test]
fn every_linked_file_and_heading_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in PAGES {
        let folder = root.join(path).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { root.join(path) } else { folder.join(file) };
            assert!(target.exists(), "{path}: {link}");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#')).map(anchor);
                assert!(headings.any(|anchor| anchor == heading), "{path}: {link}");
            }
        }
    }
}

/// Anchor of a heading, as code hosts make it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_crate_is_listed() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let [unix, windows] = ["cfg(unix)", "cfg(windows)"].map(|system| &manifest["target"][system]);
    let tables = [&manifest["dependencies"], &manifest["dev-dependencies"], &unix["dependencies"]];
    let tables = tables.into_iter().chain([&unix["dev-dependencies"], &windows["dependencies"]]);
    let (_, listed) = page("development.md").split_once("## Crates").unwrap();
    let words: Vec<_> = listed.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).collect();
    let crates = tables.flat_map(|table| table.as_table().unwrap().keys());
    let missing: Vec<_> = crates.filter(|name| !words.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
