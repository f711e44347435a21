//! Services that limit their requests: how close the program comes to the speed that they allow.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;
use support::limited::{LimitedService, Service, serve, services};
use support::stand_in::{KEY, Reply, StandIn};

use crate::scenarios::Bench;

const RESPONSE: &str = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Rain on a tin roof."},"finish_reason":"stop"}]}"#;

/// Values of `--jobs`.
const JOBS: [&str; 2] = ["auto", "32"];

/// Clips of a long run.
const LONG: u64 = 1_000;

/// Result of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    scenario: &'static str,
    service: &'static str,
    jobs: &'static str,
    clips: u64,
    /// Seconds that the clips take at best; none for a long run.
    #[serde(skip_serializing_if = "Option::is_none")]
    ideal: Option<f64>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// Requests that the service refused.
    refused: u64,
    failed: u64,
}

/// Measures each service, and then long runs of those whose limit lasts, all at the same time.
pub(crate) fn run(bench: &Bench, mut print: impl FnMut(&Row)) -> anyhow::Result<()> {
    let services = services();
    for service in &services {
        let folder = bench.clips(&format!("limits-{}", service.clips), service.clips, 1.0)?;
        for jobs in JOBS {
            print(&measure(bench, service, jobs, service.clips, &folder)?);
        }
    }
    let folder = &bench.clips("limits-long", LONG, 1.0)?;
    let lasting = services.iter().filter(|service| service.is_lasting);
    let rows: Vec<_> = thread::scope(|scope| {
        let start = |service| scope.spawn(move || measure(bench, service, JOBS[0], LONG, folder));
        let runs: Vec<_> = lasting.map(start).collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect()
    });
    for row in rows {
        print(&row?);
    }
    Ok(())
}

/// Captions a folder of clips.
fn measure(
    bench: &Bench,
    service: &LimitedService,
    jobs: &'static str,
    clips: u64,
    folder: &Path,
) -> anyhow::Result<Row> {
    let (stand_in, refused) = serve_counted((service.start)());
    let errors = folder.with_extension("stderr");
    let started = Instant::now();
    let mut program = Command::new(&bench.program)
        .env_clear()
        .env("AIMLAPI_KEY", KEY)
        .env("AIMLAPI_BASE_URL", stand_in.base_url())
        .args(["-f", "jsonl", "-j", jobs])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(errors)?)
        .spawn()?;
    let mut captions = 0;
    for line in BufReader::new(program.stdout.take().context("a pipe")?).lines() {
        let record: Value = serde_json::from_str(&line?)?;
        captions += u64::from(record["caption"].is_string());
    }
    program.wait()?;
    let seconds = started.elapsed().as_secs_f64();
    let ideal = (clips == service.clips).then_some(service.ideal);
    Ok(Row {
        scenario: "limits",
        service: service.name,
        jobs,
        clips,
        ideal,
        seconds,
        ratio: ideal.map(|ideal| seconds / ideal),
        refused: refused.load(Ordering::Relaxed),
        failed: clips - captions,
    })
}

/// Serves on a socket and counts refusals.
fn serve_counted(service: Service) -> (StandIn, Arc<AtomicU64>) {
    let refused = Arc::new(AtomicU64::new(0));
    let count = refused.clone();
    let accepted = || Reply::status(200).body("application/json", RESPONSE).discard_body();
    let on_refusal = move || _ = count.fetch_add(1, Ordering::Relaxed);
    (serve(service, move || accepted().unlogged(), on_refusal), refused)
}

/// Prints a row of the table.
pub(crate) fn print_row(row: &Row) {
    let Row { service, jobs, clips, ideal, seconds, ratio, refused, failed, .. } = row;
    let number = |number: &Option<f64>| number.map_or("-".to_owned(), |one| format!("{one:.2}"));
    println!(
        "limits {service:<28} -j {jobs:<4} {clips:>5} clips   ideal {:>6} s   {seconds:>7.2} s \
         {:>5}x   {refused:>3} refused ({:.1} %)   {failed} failed",
        number(ideal),
        number(ratio),
        *refused as f64 / *clips as f64 * 100.0,
    );
}
