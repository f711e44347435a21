//! Sends a hundred thousand requests, of which every fifth fails. Each clip must end in exactly one
//! record, each caption in the manifest, and memory must not grow.
//!
//! `cargo build --release && cargo run --release --example soak -- --clips 100000`

#![expect(clippy::print_stdout, reason = "prints its results")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::Value;

use support::audio::numbered_clip;
use support::stand_in::{KEY, Reply, StandIn};

/// Sends clips to a stand-in that fails at random.
#[derive(Parser)]
struct Soak {
    /// Number of clips
    #[arg(long, default_value_t = 100_000)]
    clips: usize,
    /// Number of concurrent requests
    #[arg(long, default_value_t = 32)]
    jobs: u16,
    /// Seed of the random faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let soak = Soak::parse();
    let folder = tempfile::tempdir()?;
    write_clips(&folder.path().join("clips"), soak.clips)?;
    let requests = Arc::new(AtomicU64::new(0));
    let (count, random) = (requests.clone(), Mutex::new(fastrand::Rng::with_seed(soak.seed)));
    let stand_in = StandIn::always(move || {
        count.fetch_add(1, Ordering::Relaxed);
        reply(&mut random.lock().expect("no panic in between")).unlogged()
    });
    let started = Instant::now();
    let mut child = start(&soak, &stand_in, folder.path())?;
    let samples = sample(&mut child, &requests)?;
    let code = child.wait()?.code();
    let elapsed = started.elapsed();
    let (captions, failures) = check(&soak, folder.path())?;
    ensure!(code == Some(if failures > 0 { 3 } else { 0 }), "exit code {code:?}");
    println!(
        "{} requests in {:.0} s for {} clips: {captions} captions and {failures} failures, one record each",
        requests.load(Ordering::Relaxed),
        elapsed.as_secs_f64(),
        soak.clips,
    );
    print_usage(&samples);
    Ok(())
}

/// Returns a regular reply in four of five cases; most of the others succeed when retried.
fn reply(random: &mut fastrand::Rng) -> Reply {
    if random.u8(..5) > 0 {
        return Reply::measured();
    }
    let partial = "{\"choices\": [{\"mess";
    match random.u16(..1000) {
        0..5 => Reply::status(429).header("retry-after", "0"),
        5..200 => Reply::status(503).header("retry-after", "0"),
        200..350 => Reply::status(500).body("text/html", "<html>"),
        350..500 => Reply::raw(""),
        500..650 => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
        650..750 => Reply::status(200).pieces("application/json", [partial]).disconnect(),
        750..800 => Reply::raw("no HTTP at all\r\n\r\n"),
        800..850 => Reply::measured().delayed(Duration::from_millis(random.u64(..500))),
        850..900 => Reply::status(400).body("application/json", "{\"message\": \"no\"}"),
        900..950 => Reply::status(200).body("application/json", partial),
        950..999 => Reply::status(200).body("application/json", "{\"choices\": []}"),
        _ => Reply::never(),
    }
}

fn write_clips(folder: &Path, clips: usize) -> Result<()> {
    for number in 0..clips {
        let folder = folder.join(format!("{:03}", number / 1000));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{number:06}.wav")), numbered_clip(number))?;
    }
    Ok(())
}

fn start(soak: &Soak, stand_in: &StandIn, folder: &Path) -> Result<Child> {
    let mut command = Command::new(program_path()?);
    command
        .current_dir(folder)
        .env("AIMLAPI_KEY", KEY)
        .env("AIMLAPI_BASE_URL", stand_in.base_url());
    command.args(["-q", "-f", "jsonl", "-o", "out.jsonl", "--manifest", "m.jsonl", "clips"]);
    command.args(["-j", &soak.jobs.to_string(), "--timeout", "2s"]);
    command.stderr(fs::File::create(folder.join("stderr"))?);
    command.spawn().context("could not start it")
}

/// Path of the program, which is built into the parent folder of this example.
fn program_path() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).context("an example has a folder")?;
    let program = folder.join("caption").with_extension(std::env::consts::EXE_EXTENSION);
    ensure!(program.exists(), "run cargo build --release first");
    Ok(program)
}

/// Resources that the program uses after a number of requests.
struct Sample {
    requests: u64,
    memory_kb: u64,
    descriptors: usize,
}

/// Samples the resources of the program until it ends; Linux only.
fn sample(child: &mut Child, requests: &AtomicU64) -> Result<Vec<Sample>> {
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let mut samples = Vec::new();
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        if let Some(memory) = memory {
            samples.push(Sample {
                requests: requests.load(Ordering::Relaxed),
                memory_kb: memory.trim().trim_end_matches(" kB").parse()?,
                descriptors: fs::read_dir(process.join("fd")).map_or(0, Iterator::count),
            });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(samples)
}

/// Checks that each clip has one record, in order, and each caption a line of the manifest.
fn check(soak: &Soak, folder: &Path) -> Result<(usize, usize)> {
    let (mut captions, mut failures) = (0, 0);
    let mut manifest = HashSet::new();
    for line in fs::read_to_string(folder.join("m.jsonl"))?.lines() {
        let record: Value = serde_json::from_str(line)?;
        let sha256 = record["sha256"].as_str().context("a line of the manifest without a hash")?;
        ensure!(manifest.insert(sha256.to_owned()), "twice in the manifest: {line}");
    }
    let records = fs::read_to_string(folder.join("out.jsonl"))?;
    for (number, line) in records.lines().enumerate() {
        let record: Value = serde_json::from_str(line)?;
        let name = format!("clips/{:03}/{number:06}.wav", number / 1000);
        ensure!(record["input"] == name.as_str(), "{name} expected: {line}");
        if record["caption"].is_string() {
            ensure!(
                manifest.remove(record["sha256"].as_str().unwrap_or_default()),
                "not in the manifest: {line}"
            );
            captions += 1;
        } else {
            ensure!(record["error"]["kind"].is_string(), "neither caption nor error: {line}");
            failures += 1;
        }
    }
    ensure!(captions + failures == soak.clips, "{} records", captions + failures);
    ensure!(manifest.is_empty(), "{} captions are in the manifest alone", manifest.len());
    Ok((captions, failures))
}

fn print_usage(samples: &[Sample]) {
    let Some(last) = samples.last() else { return };
    for part in [0, 1, 2, 5, 10, 25, 50, 75, 100] {
        let requests = last.requests * part / 100;
        if let Some(sample) = samples.iter().find(|sample| sample.requests >= requests) {
            let Sample { requests, memory_kb, descriptors } = sample;
            println!("after {requests:>7} requests: {memory_kb:>6} kB, {descriptors} descriptors");
        }
    }
    let max = samples.iter().map(|sample| sample.descriptors).max();
    println!("at most {} descriptors", max.unwrap_or(0));
}
