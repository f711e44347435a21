//! How long many clips take, against what they would ideally take:
//!
//!     cargo run --release --example bench             1,000 clips at 100 ms a request, -j 32
//!     cargo run --release --example bench -- 100000   as many clips at no delay, for the memory
//!
//! The program runs as a process of its own against a stand-in in this one.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "an example for people")]

use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use caption::audio::Clip;
use clap::Parser;

use self::program::{Cli, Environment};
use self::stand_in::{Reply, StandIn};

#[path = "../src/bin/caption/main.rs"]
#[expect(dead_code, reason = "its `main` is not ours")]
mod program;
#[path = "../tests/stand_in/mod.rs"]
mod stand_in;

/// The first argument that makes this process the program.
const AS_PROGRAM: &str = "--as-program";
const JOBS: usize = 32;
const AUDIT: [&str; 5] = [
    "--offline",
    "--deny=voice",
    "--check=silence,duration,decodes",
    "--report=junit",
    "--report=sarif",
];
const ANSWER: &str = r#"{"choices": [{"message": {"content": "Rain on a tin roof."}}]}"#;

fn main() -> anyhow::Result<ExitCode> {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|first| first == AS_PROGRAM) {
        args.remove(1);
        return Ok(program::run(&Cli::parse_from(args), &Environment::of_process()));
    }
    match args.get(1) {
        None => measure(1000, Duration::from_millis(100))?,
        Some(clips) => measure(clips.to_string_lossy().parse()?, Duration::ZERO)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(clips: usize, delay: Duration) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    make(folder.path(), clips)?;
    let stand_in = StandIn::ruled(move || {
        let reply = Reply::status(200).body("application/json", ANSWER);
        reply.after(delay).discarding().forgotten()
    });
    let ideal = delay.mul_f64(clips as f64 / JOBS as f64);
    let first = run(&stand_in, folder.path(), &[])?;
    println!("{clips} clips, {delay:?} a request, -j {JOBS}: {first}");
    if delay > Duration::ZERO {
        println!("  {:.3} x the ideal {ideal:?}", first.time.as_secs_f64() / ideal.as_secs_f64());
    }
    let again = run(&stand_in, folder.path(), &[])?;
    println!("the same with all of them known: {again}");
    let audit = run(&stand_in, folder.path(), &AUDIT)?;
    println!("an audit of them offline, in two reports: {audit}");
    println!("  hashing their bytes alone: {:?}", hash(folder.path())?);
    Ok(())
}

/// How long it takes to read all clips for the one thing that says whether they are known.
fn hash(folder: &Path) -> anyhow::Result<Duration> {
    let started = Instant::now();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wav") {
            Clip::open(path)?.sha256()?;
        }
    }
    Ok(started.elapsed())
}

/// Short clips, each with a sound of its own.
fn make(folder: &Path, clips: usize) -> anyhow::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tone.wav");
    let mut wav = std::fs::read(data)?;
    let end = wav.len() - 8;
    for number in 0..clips {
        wav[end..].copy_from_slice(&(number as u64).to_le_bytes());
        std::fs::write(folder.join(format!("{number:06}.wav")), &wav)?;
    }
    Ok(())
}

struct Measured {
    time: Duration,
    peak_kb: u64,
    summary: String,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = self.peak_kb as f64 / 1000.0;
        write!(f, "{:?}, peak {megabytes:.1} MB ({})", self.time, self.summary)
    }
}

fn run(stand_in: &StandIn, folder: &Path, arguments: &[&str]) -> anyhow::Result<Measured> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(AS_PROGRAM).args(["-j", &JOBS.to_string(), "--manifest"]);
    command.arg(folder.join("manifest.jsonl")).arg(folder).args(arguments).current_dir(folder);
    command.env("AIMLAPI_BASE_URL", stand_in.base_url()).env("AIMLAPI_KEY", stand_in::KEY);
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let peak_kb = peak_memory(&mut child)?;
    let time = started.elapsed();
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{said}");
    let summary = said.lines().last().context("a summary")?.to_owned();
    Ok(Measured { time, peak_kb, summary })
}

/// Waits for the end, and reads the peak memory on the way; 0 where the system does not tell.
fn peak_memory(child: &mut Child) -> anyhow::Result<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let value = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(value.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(peak)
}
