//! What a run comes to, in one line.

use std::time::{Duration, Instant};

use caption::{Outcome, Status, Usage};
use indicatif::HumanCount;

/// Counts outcomes.
pub(crate) struct Summary {
    started: Instant,
    captioned: u64,
    known: u64,
    skipped: u64,
    failed: u64,
    unfit: u64,
    broken: u64,
}

impl Summary {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            captioned: 0,
            known: 0,
            skipped: 0,
            failed: 0,
            unfit: 0,
            broken: 0,
        }
    }

    pub(crate) fn count(&mut self, outcome: &Outcome) {
        self.broken += u64::from(outcome.has_violation());
        match &outcome.status {
            Status::Blocked => self.unfit += 1,
            Status::Captioned(_) => self.captioned += 1,
            Status::Cached(_) => self.known += 1,
            Status::Skipped => self.skipped += 1,
            Status::Failed(_) => self.failed += 1,
            _ => {}
        }
    }

    pub(crate) fn done(&self) -> u64 {
        self.captioned + self.known + self.skipped + self.unfit + self.failed
    }

    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What is not simply done, for a line that says how much is.
    pub(crate) fn asides(&self) -> String {
        let aside = |count: u64, what: &str| {
            if count == 0 { String::new() } else { format!(" · {} {what}", HumanCount(count)) }
        };
        [
            aside(self.known, "known"),
            aside(self.skipped, "skipped"),
            aside(self.unfit, "not sent"),
            aside(self.failed, "failed"),
            aside(self.broken, "broken"),
        ]
        .concat()
    }

    /// The last line of a run.
    pub(crate) fn line(&self, usage: Usage, usd: Option<f64>, total: Option<usize>) -> String {
        let left = total.map_or(0, |total| (total as u64).saturating_sub(self.done()));
        let (prompt, completion) = (usage.prompt_tokens, usage.completion_tokens);
        let tokens = || format!("{} + {} tokens", HumanCount(prompt), HumanCount(completion));
        let facts = [
            Some(format!("{} captioned{}", HumanCount(self.captioned), self.asides())),
            (left > 0).then(|| format!("{} not tried", HumanCount(left))),
            Some(span(self.started.elapsed())),
            (prompt > 0 || completion > 0).then(tokens),
            usd.map(dollars),
        ];
        facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// Cents, and fractions of one where there is no whole one.
pub(crate) fn dollars(usd: f64) -> String {
    if usd >= 0.1 { format!("${usd:.2}") } else { format!("${usd:.6}") }
}

pub(crate) fn windows(count: u64) -> String {
    if count == 1 { "1 window".to_owned() } else { format!("{} windows", HumanCount(count)) }
}

fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => format!("{:.1} s", time.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes} m {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_two_largest_units() {
        for (seconds, told) in
            [(0.25, "0.2 s"), (59.9, "59.9 s"), (250.0, "4 m 10 s"), (7260.0, "2 h 1 m")]
        {
            assert_eq!(span(Duration::from_secs_f64(seconds)), told);
        }
    }
}
