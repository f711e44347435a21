//! Measures time and memory of the program and of the alternatives that people use:
//!
//!     cargo run --release --example bench                   all scenarios, a few minutes, 3 GB of disk
//!     cargo run --release --example bench -- start wav30    some of them
//!     cargo run --release --example bench -- --json         for programs
//!     cargo run --release --example bench -- limits         services that limit their requests
//!
//! Each tool runs as a process against a server that discards the requests. The first tool of a
//! scenario is the baseline: `curl` with a prebuilt body, or `sha256sum`. Unix only.
//!
//! `limits` takes a quarter of an hour and runs only if it is named: it compares the program with the
//! fastest that each service allows.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]
#![allow(clippy::cast_precision_loss, reason = "far below 2^52")]

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Parser;
use serde::Serialize;
use support::cargo::cargo;

use self::measure::{Comparison, Measurement};
use self::scenarios::{Bench, SCENARIOS};
use self::server::ServerOptions;

mod inputs;
mod limits;
mod measure;
mod scenarios;
mod server;
mod tools;

/// Scenario that runs only if it is named.
const LIMITS: &str = "limits";

/// Measures the program and its alternatives.
#[derive(Parser)]
struct Options {
    /// Scenarios to run: start, wav30, wav30-converted, 100mb, 1gb, batch, uplink, hour, cached, hostile;
    /// and `limits`, which takes a quarter of an hour and is not among all
    scenarios: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Number of clips of the scenarios `cached` and `hostile`
    #[arg(long, default_value = "10000")]
    clips: u64,
    /// Program to measure, by default that of this repository, built for it
    #[arg(long)]
    program: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, mode, delay, rate] = arguments.as_slice()
        && mode == server::SERVE_ARG
    {
        return server::serve(ServerOptions {
            delay_ms: delay.parse()?,
            bytes_per_second: rate.parse()?,
        });
    }
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let program = options.program.clone().map_or_else(build, Ok)?;
    let bench = Bench { program, folder: folder.path().to_owned(), clips: options.clips };
    let is_wanted = |name: &str| {
        options.scenarios.is_empty() || options.scenarios.iter().any(|one| one == name)
    };
    for name in &options.scenarios {
        let is_known = name == LIMITS || SCENARIOS.iter().any(|(known, _)| known == name);
        ensure!(is_known, "no scenario {name}; see --help");
    }
    if options.scenarios.iter().any(|name| name == LIMITS) {
        limits::run(&bench, |row| print(options.json, row, limits::print_row))?;
    }
    if options.scenarios == [LIMITS] {
        return Ok(());
    }
    ensure!(!tools::missing().contains(&"curl"), "curl is what all is compared with: install it");
    for name in tools::missing() {
        eprintln!("not installed, so not timed: {name}");
    }
    for (name, scenario) in SCENARIOS.into_iter().filter(|(name, _)| is_wanted(name)) {
        let measured = scenario(&bench).with_context(|| name.to_owned())?;
        for one in &measured {
            print(options.json, &one.compare_to(&measured[0]), print_row);
        }
    }
    Ok(())
}

/// Prints a result as JSON or for people.
fn print<T: Serialize>(is_json: bool, result: &T, for_people: impl Fn(&T)) {
    if is_json {
        println!("{}", serde_json::to_string(result).expect("it can be written as JSON"));
    } else {
        for_people(result);
    }
}

/// Builds the program as it is shipped and returns its path.
fn build() -> anyhow::Result<PathBuf> {
    let status = cargo().args(["build", "-q", "--release", "--bin", "caption"]).status()?;
    ensure!(status.success(), "the program was not built");
    let examples = std::env::current_exe()?;
    let release = examples.parent().and_then(Path::parent).context("target/release/examples")?;
    Ok(release.join("caption"))
}

fn print_row(compared: &Comparison<'_>) {
    let Comparison { measurement, wall_ratio, cpu_ratio, peak_ratio } = compared;
    let Measurement { scenario, tool, wall_ms, wall_min_ms, wall_max_ms, cpu_ms, peak_mib, .. } =
        measurement;
    println!(
        "{scenario:<16} {tool:<32} {wall_ms:>8.1} ms ({wall_min_ms:.1}-{wall_max_ms:.1}) \
         {wall_ratio:>6.2}x   CPU {cpu_ms:>8.1} ms {cpu_ratio:>6.2}x   {peak_mib:>7.1} MiB \
         {peak_ratio:>6.2}x"
    );
}
