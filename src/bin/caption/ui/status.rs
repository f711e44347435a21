//! State of a run for a log: counts, cost, time left, and the reason of a wait.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use caption::{Event, Outcome, duration};
use indicatif::HumanCount;

use super::summary::Summary;

/// A shorter wait is not reported in a batch, which has too many of them.
const MIN_WAIT: Duration = Duration::from_secs(5);

/// Samples that the time left is estimated from.
const MAX_SAMPLES: usize = 10;

/// Progress of a run by the inputs that are done, which may still wait for an earlier one before
/// they are printed.
pub(crate) struct RunStatus {
    started: Instant,
    summary: Summary,
    /// Windows of the only input: those that are done, and all if their number is known.
    windows: Option<(u64, Option<u64>)>,
    /// Times of the last lines, and what was done by then.
    samples: VecDeque<(Instant, u64)>,
    wait: Option<Wait>,
}

struct Wait {
    reason: String,
    since: Instant,
    /// `None` if it lasts until an event says that it is over.
    until: Option<Instant>,
}

impl RunStatus {
    pub(crate) fn new() -> Self {
        let started = Instant::now();
        Self {
            started,
            summary: Summary::default(),
            windows: None,
            samples: VecDeque::from([(started, 0)]),
            wait: None,
        }
    }

    /// Counts an input that is done.
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        self.summary.count(outcome);
    }

    pub(crate) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Takes note of windows and waits. Returns true if a wait begins.
    pub(crate) fn event(&mut self, event: &Event) -> bool {
        let now = Instant::now();
        let (reason, until) = match event {
            Event::Window { done, total } => {
                self.windows = Some((*done, *total));
                return false;
            }
            Event::Resumed { .. } => {
                self.wait = None;
                return false;
            }
            Event::Waiting { reason } => (reason, None),
            Event::Retrying { reason, wait, .. }
                if *wait >= MIN_WAIT && self.wait(now).is_none() =>
            {
                (reason, Some(now + *wait))
            }
            _ => return false,
        };
        self.wait = Some(Wait { reason: reason.clone(), since: now, until });
        true
    }

    /// Reason that the requests wait.
    pub(crate) fn wait_reason(&self) -> Option<&str> {
        self.wait(Instant::now()).map(|wait| wait.reason.as_str())
    }

    fn wait(&self, now: Instant) -> Option<&Wait> {
        self.wait.as_ref().filter(|wait| wait.until.is_none_or(|until| now < until))
    }

    /// Line for a log; `None` for a single request. `total` is the number of inputs, if it is known.
    pub(crate) fn line(
        &mut self,
        is_batch: bool,
        total: Option<usize>,
        cost: Option<String>,
    ) -> Option<String> {
        let now = Instant::now();
        let (done, total, unit) = match self.windows {
            _ if is_batch => (self.summary.done(), total.map(|total| total as u64), ""),
            Some((done, total)) => (done, total, "windows "),
            None => return None,
        };
        let left = total.and_then(|total| self.time_left(total.saturating_sub(done), done, now));
        let of_total = total.map(|total| format!(" of {}", HumanCount(total)));
        let count = format!("{}{} {unit}done", HumanCount(done), of_total.unwrap_or_default());
        let wait = self
            .wait(now)
            .map(|wait| format!("waiting for {}: {}", duration(now - wait.since), wait.reason));
        let left = left.filter(|_| wait.is_none());
        let facts = [
            Some(count + &self.summary.asides()),
            cost,
            Some(duration(now - self.started)),
            left.map(|left| format!("about {} left", duration(left))),
            wait,
        ];
        Some(facts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
    }

    /// Estimates the time for the rest from what was done since the oldest sample.
    fn time_left(&mut self, rest: u64, done: u64, now: Instant) -> Option<Duration> {
        let (since, before) = *self.samples.front()?;
        self.samples.push_back((now, done));
        if self.samples.len() > MAX_SAMPLES {
            self.samples.pop_front();
        }
        let recent = done.checked_sub(before).filter(|recent| *recent > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let part = rest as f64 / recent as f64;
        Duration::try_from_secs_f64((now - since).as_secs_f64() * part).ok()
    }
}
