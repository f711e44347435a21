//! Sends a hundred thousand requests, of which every fifth fails, to a service with a limit of its
//! rate and short outages. Each clip must end in exactly one record, each caption in the manifest,
//! each response with a caption must be one of them, and memory must not grow.
//!
//! `cargo build --release && cargo run --release --example soak`, with `-- --clips 2000` for a short
//! one.

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
use support::limited;
use support::stand_in::{KEY, Reply, StandIn};

/// Length of an outage.
const OUTAGE: Duration = Duration::from_secs(1);

/// Sends clips to a stand-in that fails at random.
#[derive(Parser)]
struct Soak {
    /// Number of clips
    #[arg(long, default_value_t = 100_000)]
    clips: usize,
    /// Number of concurrent requests
    #[arg(long, default_value_t = 32)]
    jobs: u16,
    /// Requests a second that the service takes
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// Requests between two outages of a second
    #[arg(long, default_value_t = 10_000)]
    outage_every: u64,
    /// Seed of the random faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let soak = Soak::parse();
    let folder = tempfile::tempdir()?;
    write_clips(&folder.path().join("clips"), soak.clips)?;
    let ledger = Arc::new(Ledger::default());
    let (shared, service) = (ledger.clone(), Mutex::new(Service::new(&soak)));
    let stand_in = StandIn::always(move || {
        service.lock().expect("no panic in between").reply(&shared).unlogged()
    });
    let started = Instant::now();
    let mut child = start(&soak, &stand_in, folder.path())?;
    let samples = sample(&mut child, &ledger.requests)?;
    let code = child.wait()?.code();
    let elapsed = started.elapsed();
    let (captions, failures) = check(&soak, folder.path())?;
    let sent = ledger.captions.load(Ordering::Relaxed);
    ensure!(captions as u64 == sent, "{captions} captions, and {sent} were sent");
    ensure!(code == Some(if failures > 0 { 3 } else { 0 }), "exit code {code:?}");
    println!(
        "{} requests in {:.0} s for {} clips: {captions} captions and {failures} failures, one record each",
        ledger.requests.load(Ordering::Relaxed),
        elapsed.as_secs_f64(),
        soak.clips,
    );
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{} refused for the rate, {} in {} outages; {sent} captions sent, as many as arrived",
        count(&ledger.refused),
        count(&ledger.failed),
        count(&ledger.outages),
    );
    print_usage(&samples);
    Ok(())
}

/// Requests by the responses to them.
#[derive(Default)]
struct Ledger {
    requests: AtomicU64,
    captions: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    outages: AtomicU64,
}

/// Service with a limit, outages and faults.
struct Service {
    random: fastrand::Rng,
    limit: limited::Service,
    started: Instant,
    outage_every: u64,
    /// End of the current outage, and its kind.
    outage: (Instant, u8),
}

impl Service {
    fn new(soak: &Soak) -> Self {
        let started = Instant::now();
        Self {
            random: fastrand::Rng::with_seed(soak.seed),
            limit: limited::bucket(soak.rate, soak.rate / 10.0, 429, 0.0),
            started,
            outage_every: soak.outage_every,
            outage: (started, 0),
        }
    }

    fn reply(&mut self, ledger: &Ledger) -> Reply {
        let (now, number) = (Instant::now(), ledger.requests.fetch_add(1, Ordering::Relaxed));
        if number % self.outage_every == self.outage_every / 2 {
            ledger.outages.fetch_add(1, Ordering::Relaxed);
            self.outage = (now + OUTAGE, self.random.u8(..4));
        }
        let (end, kind) = self.outage;
        if now < end {
            ledger.failed.fetch_add(1, Ordering::Relaxed);
            return outage(kind);
        }
        let seconds = (now - self.started).as_secs_f64();
        if (self.limit)(seconds) != limited::Decision::Accepted(limited::SECONDS) {
            ledger.refused.fetch_add(1, Ordering::Relaxed);
            return refusal(&mut self.random);
        }
        if self.random.u8(..5) > 0 {
            ledger.captions.fetch_add(1, Ordering::Relaxed);
            return Reply::measured();
        }
        fault(&mut self.random, ledger)
    }
}

/// Reply to all requests of an outage.
fn outage(kind: u8) -> Reply {
    match kind {
        0 => Reply::status(503),
        1 => Reply::status(502).body("text/html", "<html>"),
        2 => Reply::status(529).header("retry-after", "0.1"),
        _ => Reply::raw(""),
    }
}

/// Refusal for the rate, with one of the ways to tell the wait.
fn refusal(random: &mut fastrand::Rng) -> Reply {
    let reply = Reply::status(429);
    match random.u8(..4) {
        0 => reply,
        1 => reply.header("retry-after-ms", "5"),
        2 => reply.header("ratelimit", "\"default\";r=0;t=0.01"),
        _ => reply
            .body("application/json", "{\"error\": {\"message\": \"Please try again in 10ms.\"}}"),
    }
}

/// Fault of one request; most succeed when retried.
fn fault(random: &mut fastrand::Rng, ledger: &Ledger) -> Reply {
    let partial = "{\"choices\": [{\"mess";
    match random.u16(..1000) {
        0..5 => Reply::status(429).header("retry-after", "0"),
        5..200 => Reply::status(503).header("retry-after", "0"),
        200..350 => Reply::status(500).body("text/html", "<html>"),
        350..500 => Reply::raw(""),
        500..650 => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
        650..750 => Reply::status(200).pieces("application/json", [partial]).disconnect(),
        750..800 => Reply::raw("no HTTP at all\r\n\r\n"),
        800..850 => {
            ledger.captions.fetch_add(1, Ordering::Relaxed);
            Reply::measured().delayed(Duration::from_millis(random.u64(..500)))
        }
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
    command.args(["-j", &soak.jobs.to_string(), "--timeout", "5s"]);
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
