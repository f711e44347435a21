//! The README says what is true.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{assert_says, bare, data, finish};

const README: &str = include_str!("../../README.md");

#[test]
fn the_help_in_the_readme_is_what_the_program_prints() {
    let help = bare().arg("--help").run().captioned();
    let (_, rest) = README.split_once("$ caption --help\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(shown, help);
}

#[test]
fn the_short_help_is_the_help() {
    assert_eq!(bare().arg("-h").run().captioned(), bare().arg("--help").run().captioned());
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
fn every_file_that_the_readme_links_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = README.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.starts_with("https://")) {
        assert!(root.join(link).exists(), "{link}");
    }
}

#[test]
fn the_sandbox_captions_the_bundled_clips_and_takes_options() {
    let Some(sandbox) = sandbox() else { return };
    let mut bundled = Command::new(&sandbox);
    bundled.arg("-q");
    let run = finish(piped(bundled).spawn().unwrap());
    let words = [
        "alarm.flac <==\n",
        "1.50 s of mono sound",
        "near 881 Hz",
        "doorbell.mp3 <==\n",
        "near 522 Hz",
        "speech.ogg <==\n",
        "2.61 s of mono sound",
    ];
    assert_says(&run.captioned(), &words);
    let mut with_options = Command::new(&sandbox);
    with_options.arg("--json").arg(data("tone.wav"));
    assert_says(
        &finish(piped(with_options).spawn().unwrap()).captioned(),
        &["{\"choices\"", "1000 Hz"],
    );
}

#[test]
fn the_sandbox_serves_the_installed_program() {
    use std::io::{BufRead, BufReader};
    let Some(sandbox) = sandbox() else { return };
    let mut serving = piped(Command::new(&sandbox)).arg("--serve").spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let mut run = bare();
    for name in ["AIMLAPI_BASE_URL", "AIMLAPI_KEY"] {
        let line = lines.next().unwrap().unwrap();
        let value = line.strip_prefix(&format!("export {name}=")).unwrap().to_owned();
        run = run.env(name, value);
    }
    let run = run.arg(data("tone.wav")).run();
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert_says(&run.captioned(), &["near 1000 Hz"]);
}

/// The built example, which is there when all targets were built, as `cargo test` does.
fn sandbox() -> Option<std::path::PathBuf> {
    let name = format!("sandbox{}", std::env::consts::EXE_SUFFIX);
    let path = Path::new(env!("CARGO_BIN_EXE_caption")).with_file_name("examples").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: the examples are not built (cargo test builds them)");
    None
}

fn piped(mut command: Command) -> Command {
    for name in ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY", "AIMLAPI_BASE_URL"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn every_crate_is_listed_with_what_it_is_for() {
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
