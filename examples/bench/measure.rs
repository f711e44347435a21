//! Measures the time and memory of a process.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::ensure;
use serde::Serialize;
use wait4::Wait4;

/// Measurements of one run.
#[derive(Debug, Clone, Copy)]
struct Run {
    wall_ms: f64,
    cpu_ms: f64,
    peak_mib: f64,
}

/// Medians of several runs of the same command.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    pub(crate) scenario: String,
    pub(crate) tool: String,
    pub(crate) rounds: usize,
    pub(crate) wall_ms: f64,
    pub(crate) wall_min_ms: f64,
    pub(crate) wall_max_ms: f64,
    pub(crate) cpu_ms: f64,
    /// Memory of the largest process, children included; at least that of this process.
    pub(crate) peak_mib: f64,
}

/// A measurement and its ratios to the baseline of its scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison<'a> {
    #[serde(flatten)]
    pub(crate) measurement: &'a Measurement,
    pub(crate) wall_ratio: f64,
    pub(crate) cpu_ratio: f64,
    pub(crate) peak_ratio: f64,
}

impl Measurement {
    pub(crate) fn compare_to(&self, baseline: &Self) -> Comparison<'_> {
        Comparison {
            measurement: self,
            wall_ratio: self.wall_ms / baseline.wall_ms,
            cpu_ratio: self.cpu_ms / baseline.cpu_ms,
            peak_ratio: self.peak_mib / baseline.peak_mib,
        }
    }
}

fn run(mut command: Command) -> anyhow::Result<Run> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let used = command.spawn()?.wait4()?;
    let wall_ms = started.elapsed().as_secs_f64() * 1000.0;
    ensure!(used.status.success(), "{command:?} failed");
    let cpu_ms = (used.rusage.utime + used.rusage.stime).as_secs_f64() * 1000.0;
    Ok(Run { wall_ms, cpu_ms, peak_mib: used.rusage.maxrss as f64 / f64::from(1 << 20) })
}

/// Runs each command in turn, `rounds` times, so that other load affects all of them alike.
pub(crate) fn interleaved(
    scenario: &str,
    rounds: usize,
    tools: &[(&str, &dyn Fn() -> Command)],
) -> anyhow::Result<Vec<Measurement>> {
    let mut runs = vec![Vec::new(); tools.len()];
    for _ in 0..rounds {
        for ((_, command), runs) in tools.iter().zip(&mut runs) {
            runs.push(run(command())?);
        }
    }
    let measured = tools.iter().zip(runs).map(|((tool, _), runs)| {
        let sorted = |value: fn(&Run) -> f64| {
            let mut values: Vec<_> = runs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let median = |values: &[f64]| values[values.len() / 2];
        let wall = sorted(|run| run.wall_ms);
        Measurement {
            scenario: scenario.to_owned(),
            tool: (*tool).to_owned(),
            rounds,
            wall_ms: median(&wall),
            wall_min_ms: wall[0],
            wall_max_ms: wall[wall.len() - 1],
            cpu_ms: median(&sorted(|run| run.cpu_ms)),
            peak_mib: median(&sorted(|run| run.peak_mib)),
        }
    });
    Ok(measured.collect())
}
