//! What the program costs beside the network, side by side with what people would use instead:
//!
//!     cargo run --release --example bench                   all scenarios, a few minutes, 3 GB of disk
//!     cargo run --release --example bench -- start wav30    some of them
//!     cargo run --release --example bench -- --json         for programs
//!
//! All are processes of their own against one that throws away what it is sent, run in turn. What
//! others are compared with comes first in each scenario: `curl` with a body that is ready, which it
//! takes to be there, or `sha256sum`; an hour in windows has nothing beside it. Unix only.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]
#![allow(clippy::cast_precision_loss, reason = "far below 2^52")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Parser;

use self::measured::{Compared, Measured};
use self::scenarios::{Bench, SCENARIOS};
use self::sink::Manner;

mod contestants;
mod inputs;
mod measured;
mod scenarios;
mod sink;

/// Times the program and what people would use instead.
#[derive(Parser)]
struct Options {
    /// Scenarios to run: start, wav30, wav30-converted, 100mb, 1gb, batch, uplink, hour, known
    scenarios: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// How many clips are known
    #[arg(long, default_value = "10000")]
    clips: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, mode, delay, rate] = arguments.as_slice()
        && mode == sink::AS_SINK
    {
        return sink::serve(Manner { delay_ms: delay.parse()?, bytes_a_second: rate.parse()? });
    }
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let bench =
        Bench { program: program()?, folder: folder.path().to_owned(), clips: options.clips };
    let is_wanted = |name: &str| {
        options.scenarios.is_empty() || options.scenarios.iter().any(|one| one == name)
    };
    for name in &options.scenarios {
        ensure!(SCENARIOS.iter().any(|(known, _)| known == name), "no scenario {name}; see --help");
    }
    ensure!(
        !contestants::missing().contains(&"curl"),
        "curl is what all is compared with: install it"
    );
    for name in contestants::missing() {
        eprintln!("not installed, so not timed: {name}");
    }
    for (name, scenario) in SCENARIOS.into_iter().filter(|(name, _)| is_wanted(name)) {
        let measured = scenario(&bench).with_context(|| name.to_owned())?;
        for one in &measured {
            let compared = one.against(&measured[0]);
            if options.json {
                println!("{}", serde_json::to_string(&compared)?);
            } else {
                row(&compared);
            }
        }
    }
    Ok(())
}

/// The program as it is shipped, built beside this one.
fn program() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "-q", "--release", "--bin", "caption"]);
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?;
    ensure!(status.success(), "the program was not built");
    let examples = std::env::current_exe()?;
    let release = examples.parent().and_then(Path::parent).context("target/release/examples")?;
    Ok(release.join("caption"))
}

fn row(compared: &Compared<'_>) {
    let Compared { one, wall_ratio, cpu_ratio, peak_ratio } = compared;
    let Measured { scenario, who, wall_ms, wall_min_ms, wall_max_ms, cpu_ms, peak_mib, .. } = one;
    println!(
        "{scenario:<16} {who:<32} {wall_ms:>8.1} ms ({wall_min_ms:.1}-{wall_max_ms:.1}) \
         {wall_ratio:>6.2}x   CPU {cpu_ms:>8.1} ms {cpu_ratio:>6.2}x   {peak_mib:>7.1} MiB \
         {peak_ratio:>6.2}x"
    );
}
