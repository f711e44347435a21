//! Window: the number of requests that may be in flight.

use std::cmp::max;
use std::collections::VecDeque;

use tokio::time::Instant;

/// Requests in flight at first, unless the user set their number.
const FIRST: usize = 4;
/// Most requests in flight, unless the user set their number.
pub(crate) const MAX: usize = 64;
/// Factor of the throughput that makes more requests in flight a gain.
const GAIN: f64 = 1.2;
/// Rounds without growth after one that gained nothing.
const REST: u32 = 20;
/// Accepted requests that are looked at to tell a limit of requests in flight from one of their
/// rate, and refused ones.
const ACCEPTED: usize = 30;
const REFUSED: usize = 6;
/// Successes before one more request than the limit is tried, which doubles with each refusal.
const TRIAL: u32 = 20;
const MAX_TRIAL: u32 = 200;
/// Successes between two refusals with which a known limit still holds.
const LATE: u32 = 8;
/// Refusals in short order that disprove a known limit.
const STRIKES: u32 = 3;

#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    ceiling: usize,
    /// Requests that were in flight when others were accepted and refused.
    accepted: VecDeque<usize>,
    refused: VecDeque<usize>,
    limit: Option<Limit>,
    /// `None` if the user set the size.
    growth: Option<Growth>,
}

/// Known limit of requests in flight.
#[derive(Debug)]
struct Limit {
    successes: u32,
    /// Successes before the next trial.
    trial: u32,
    is_trial: bool,
    strikes: u32,
}

/// Growth while the throughput gains.
#[derive(Debug)]
struct Growth {
    started: Instant,
    successes: usize,
    /// Successes per second with the last size.
    throughput: f64,
    last_size: usize,
    rest: u32,
}

impl Window {
    /// Window of a size set by the user, or one that grows.
    pub(super) fn new(size: Option<usize>, now: Instant) -> Self {
        let growth =
            Growth { started: now, successes: 0, throughput: 0.0, last_size: FIRST, rest: 0 };
        Self {
            size: size.unwrap_or(FIRST),
            ceiling: size.unwrap_or(MAX),
            accepted: VecDeque::new(),
            refused: VecDeque::new(),
            limit: None,
            growth: size.is_none().then_some(growth),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// True if the service limits the requests in flight.
    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Counts the success of a request that was sent beside `others`.
    pub(super) fn succeeded(&mut self, others: usize, now: Instant) {
        push(&mut self.accepted, others, ACCEPTED);
        let is_beyond = self.refused.iter().min().is_some_and(|refused| others >= *refused);
        let Some(limit) = &mut self.limit else { return self.grow(now) };
        if is_beyond {
            self.refused.clear();
        }
        limit.successes += 1;
        if limit.successes >= limit.trial && self.size < self.ceiling {
            (limit.successes, limit.is_trial) = (0, true);
            self.size += 1;
        }
    }

    /// Counts a refusal beside `others`, with `in_flight` requests that were sent before it beside
    /// so many each. Returns true if it is due to the number in flight, and not to their rate.
    pub(super) fn refused(
        &mut self,
        others: usize,
        in_flight: impl Iterator<Item = usize>,
        successes: u32,
        is_first: bool,
    ) -> bool {
        push(&mut self.refused, others, REFUSED);
        let Some(limit) = &mut self.limit else {
            if is_first || !self.is_cause(in_flight) {
                return false;
            }
            let fewest = self.refused.iter().min().copied().unwrap_or(1);
            self.size = max(1, fewest).min(self.ceiling);
            self.limit = Some(Limit { successes: 0, trial: TRIAL, is_trial: false, strikes: 0 });
            return true;
        };
        limit.strikes = if successes >= LATE { 0 } else { limit.strikes + 1 };
        if limit.strikes >= STRIKES {
            self.limit = None;
            self.size = if self.growth.is_some() { self.size } else { self.ceiling };
            return false;
        }
        if limit.is_trial {
            limit.trial = (limit.trial * 2).min(MAX_TRIAL);
        }
        (limit.successes, limit.is_trial) = (0, false);
        self.size = max(1, others.min(self.size - 1));
        true
    }

    /// True if nearly all refused requests had more beside them than the accepted ones.
    fn is_cause(&self, in_flight: impl Iterator<Item = usize>) -> bool {
        let fewest = self.refused.iter().min().copied().unwrap_or(0);
        let (mut accepted, mut beyond) = (0, 0);
        for others in self.accepted.iter().copied().chain(in_flight) {
            accepted += 1;
            beyond += usize::from(others >= fewest);
        }
        fewest > 0 && accepted >= 3 && beyond * 5 <= accepted
    }

    /// Counts a success of a window that grows: doubles it after a round that gained throughput,
    /// and goes back after one that did not.
    fn grow(&mut self, now: Instant) {
        let Some(growth) = &mut self.growth else { return };
        growth.successes += 1;
        if growth.successes < self.size {
            return;
        }
        let seconds = (now - growth.started).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let throughput = growth.successes as f64 / seconds.max(1e-6);
        (growth.started, growth.successes) = (now, 0);
        if growth.rest > 0 {
            growth.rest -= 1;
            growth.throughput = growth.throughput.max(throughput);
        } else if throughput >= growth.throughput * GAIN {
            (growth.throughput, growth.last_size) = (throughput, self.size);
            self.size = (self.size * 2).min(self.ceiling);
        } else {
            self.size = growth.last_size;
            growth.rest = REST;
        }
    }
}

fn push(numbers: &mut VecDeque<usize>, number: usize, limit: usize) {
    if numbers.len() == limit {
        numbers.pop_front();
    }
    numbers.push_back(number);
}
