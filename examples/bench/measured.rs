//! What a process takes, all in all.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::ensure;
use serde::Serialize;
use wait4::Wait4;

/// One run of a process.
#[derive(Debug, Clone, Copy)]
struct Run {
    wall_ms: f64,
    cpu_ms: f64,
    peak_mib: f64,
}

/// Several runs of the same, in their medians.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    pub(crate) scenario: String,
    pub(crate) who: String,
    pub(crate) rounds: usize,
    pub(crate) wall_ms: f64,
    pub(crate) wall_min_ms: f64,
    pub(crate) wall_max_ms: f64,
    pub(crate) cpu_ms: f64,
    /// Of the largest process, its children included; not less than that of this process.
    pub(crate) peak_mib: f64,
}

/// The same beside the floor of its scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Compared<'a> {
    #[serde(flatten)]
    pub(crate) one: &'a Measured,
    pub(crate) wall_ratio: f64,
    pub(crate) cpu_ratio: f64,
    pub(crate) peak_ratio: f64,
}

impl Measured {
    pub(crate) fn against(&self, floor: &Self) -> Compared<'_> {
        Compared {
            one: self,
            wall_ratio: self.wall_ms / floor.wall_ms,
            cpu_ratio: self.cpu_ms / floor.cpu_ms,
            peak_ratio: self.peak_mib / floor.peak_mib,
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

/// Runs each in turn, `rounds` times, so that what else the machine does falls on all alike.
pub(crate) fn interleaved(
    scenario: &str,
    rounds: usize,
    who: &[(&str, &dyn Fn() -> Command)],
) -> anyhow::Result<Vec<Measured>> {
    let mut runs = vec![Vec::new(); who.len()];
    for _ in 0..rounds {
        for ((_, command), runs) in who.iter().zip(&mut runs) {
            runs.push(run(command())?);
        }
    }
    let measured = who.iter().zip(runs).map(|((who, _), runs)| {
        let sorted = |value: fn(&Run) -> f64| {
            let mut values: Vec<_> = runs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let median = |values: &[f64]| values[values.len() / 2];
        let wall = sorted(|run| run.wall_ms);
        Measured {
            scenario: scenario.to_owned(),
            who: (*who).to_owned(),
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
