//! The README matches the program.

use std::path::Path;

use crate::harness::unconfigured;

const README: &str = include_str!("../../README.md");

#[test]
fn the_help_in_the_readme_is_what_the_program_prints() {
    let help = unconfigured().arg("--help").run().captioned();
    let (_, rest) = README.split_once("$ caption --help\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(shown, help);
}

#[test]
fn the_short_help_is_the_help() {
    assert_eq!(
        unconfigured().arg("-h").run().captioned(),
        unconfigured().arg("--help").run().captioned()
    );
}

#[test]
fn the_first_two_commands_are_the_sandbox_and_the_tests() {
    let (_, rest) = README.split_once("```sh\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let commands: Vec<_> =
        block.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(commands, ["cargo run --example sandbox", "cargo test"]);
}

#[test]
fn every_linked_file_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = README.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.starts_with("https://")) {
        assert!(root.join(link).exists(), "{link}");
    }
}

#[test]
fn every_crate_is_listed() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let unix = &manifest["target"]["cfg(unix)"];
    let tables = [&manifest["dependencies"], &manifest["dev-dependencies"]];
    let tables = tables.into_iter().chain([&unix["dependencies"], &unix["dev-dependencies"]]);
    let (_, listed) = README.split_once("## Crates").unwrap();
    let words: Vec<_> = listed.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).collect();
    let crates = tables.flat_map(|table| table.as_table().unwrap().keys());
    let missing: Vec<_> = crates.filter(|name| !words.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
