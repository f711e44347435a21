//! Refusals at random, which come as often at any pace: slowing down mends none of them.

use std::collections::VecDeque;

use tokio::time::Instant;

/// Successes over which the rate is measured.
const SUCCESSES: usize = 40;
/// Weight of the last response in the share of the refusals.
const WEIGHT: f64 = 0.05;
/// Share of refusals that is a limit in any case.
const MAX_SHARE: f64 = 0.25;
/// Part of the highest rate that the service took below which its limit does not lie.
const PART: f64 = 1.0 / 3.0;

#[derive(Debug, Default)]
pub(super) struct Noise {
    /// Times of the last successes.
    successes: VecDeque<Instant>,
    /// Highest rate of successes, per second.
    rate: f64,
    /// The same before the service closed.
    rate_before: f64,
    /// Smoothed share of the refusals.
    share: f64,
    is_found: bool,
}

impl Noise {
    pub(super) fn succeeded(&mut self, now: Instant) {
        self.share -= self.share * WEIGHT;
        self.successes.push_back(now);
        if self.successes.len() > SUCCESSES
            && let Some(first) = self.successes.pop_front()
        {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let rate = SUCCESSES as f64 / (now - first).as_secs_f64().max(1e-3);
            self.rate = self.rate.max(rate);
        }
    }

    /// Counts a refusal at this pace. Returns true if it is due to no limit. A closed service has
    /// one.
    pub(super) fn refused(&mut self, pace: Option<f64>, is_closed: bool) -> bool {
        self.share += (1.0 - self.share) * WEIGHT;
        if is_closed {
            let rate_before = self.rate.max(self.rate_before);
            *self = Self { rate_before, ..Self::default() };
        } else if self.share > MAX_SHARE {
            self.is_found = false;
        } else if pace.is_some_and(|pace| pace < self.rate * PART) {
            self.is_found = true;
        }
        self.is_found
    }

    /// The service was not closed for a limit, but failed.
    pub(super) fn reopened(&mut self) {
        self.rate = self.rate.max(self.rate_before);
    }
}
