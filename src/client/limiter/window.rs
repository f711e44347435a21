//! Window: the number of requests that may be in flight.

use std::cmp::max;
use std::collections::VecDeque;

use tokio::time::Instant;

/// Requests in flight at first, unless the user set their number.
const FIRST: usize = 4;
/// Most requests in flight, unless the user set their number.
pub(crate) const MAX: usize = 64;
/// Factor of the requests in flight while they gain.
const GROWTH: usize = 3;
/// Factor of the throughput that makes more requests in flight a gain.
const GAIN: f64 = 1.2;
/// Rounds without growth after one that gained nothing.
const REST: u32 = 20;
/// Accepted requests that are looked at to tell a limit of requests in flight from one of their
/// rate, and refused ones.
const ACCEPTED: usize = 30;
const REFUSED: usize = 6;
/// Successes before one more request than the limit is tried, which doubles with each refusal.
const TRIAL: u32 = 5;
const MAX_TRIAL: u32 = 200;
/// Successes beyond a limit that prove that it is higher.
const PROOF: u32 = 3;
/// Successes after which a refusal within a known limit is the first again.
const LATE: u32 = 50;
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
    /// Number of disproved limits.
    doubts: usize,
    /// `None` if the user set the size.
    growth: Option<Growth>,
}

/// Known limit of requests in flight.
#[derive(Debug, Default)]
struct Limit {
    successes: u32,
    /// Successes of the trial with one more request in flight.
    beyond: u32,
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
        Self {
            size: size.unwrap_or(FIRST),
            ceiling: size.unwrap_or(MAX),
            accepted: VecDeque::new(),
            refused: VecDeque::new(),
            limit: None,
            doubts: 0,
            growth: size.is_none().then(|| Growth::new(FIRST, now)),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Number of requests in flight that the service takes, if it limits them.
    pub(super) fn limit(&self) -> Option<usize> {
        self.limit.as_ref().map(|limit| self.size - usize::from(limit.is_trial))
    }

    /// Counts the success of a request that was sent beside `others`.
    pub(super) fn succeeded(&mut self, others: usize, is_paced: bool, now: Instant) {
        push(&mut self.accepted, others, ACCEPTED);
        let Some(limit) = &mut self.limit else { return self.grow(is_paced, now) };
        limit.successes += 1;
        limit.beyond += u32::from(limit.is_trial && others + 1 >= self.size);
        if limit.beyond >= PROOF {
            // The limit is higher.
            self.refused.clear();
            *limit = Limit { trial: PROOF, ..Limit::default() };
        }
        if limit.successes >= limit.trial && !limit.is_trial && self.size < self.ceiling {
            (limit.successes, limit.beyond, limit.is_trial) = (0, 0, true);
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
        now: Instant,
    ) -> bool {
        push(&mut self.refused, others, REFUSED);
        let Some(limit) = &mut self.limit else {
            if is_first || !self.is_cause(in_flight) {
                return false;
            }
            self.size = max(1, self.fewest()).min(self.ceiling);
            self.limit = Some(Limit { trial: TRIAL, ..Limit::default() });
            return true;
        };
        if limit.is_trial && others + 2 >= self.size {
            // Requests overtake one another on their way.
            (limit.successes, limit.is_trial) = (0, false);
            limit.trial = (limit.trial * 2).min(MAX_TRIAL);
            self.size -= 1;
            return true;
        }
        limit.strikes = if successes >= LATE { 1 } else { limit.strikes + 1 };
        if limit.strikes < STRIKES && others + 2 >= self.size && others > 0 {
            return true;
        }
        self.limit = None;
        self.doubts += 1;
        self.refused.clear();
        match &mut self.growth {
            Some(growth) => *growth = Growth::new(self.size, now),
            None => self.size = self.ceiling,
        }
        false
    }

    /// Requests beside those that were refused, at the least. Some overtake others on their way, so
    /// that one in four may have fewer.
    fn fewest(&self) -> usize {
        let mut refused: Vec<_> = self.refused.iter().copied().collect();
        refused.sort_unstable();
        refused.get(refused.len() / 4).copied().unwrap_or(0)
    }

    /// True if nearly all refused requests had more beside them than the accepted ones.
    fn is_cause(&self, in_flight: impl Iterator<Item = usize>) -> bool {
        let fewest = self.fewest();
        let (mut accepted, mut beyond) = (0, 0);
        for others in self.accepted.iter().copied().chain(in_flight) {
            accepted += 1;
            beyond += usize::from(others >= fewest);
        }
        let is_rare = if beyond == 0 { accepted >= 2 } else { accepted >= max(3, beyond * 4) };
        self.refused.len() > 2 * self.doubts && fewest > 0 && is_rare
    }

    /// Counts a success of a window that grows: multiplies it after a round that gained throughput,
    /// and goes back after one that did not.
    fn grow(&mut self, is_paced: bool, now: Instant) {
        let Some(growth) = &mut self.growth else { return };
        if is_paced {
            // The pace limits the throughput.
            (growth.started, growth.successes) = (now, 0);
            return;
        }
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
            self.size = (self.size * GROWTH).min(self.ceiling);
        } else {
            self.size = growth.last_size;
            growth.rest = REST;
        }
    }
}

impl Growth {
    fn new(size: usize, now: Instant) -> Self {
        Self { started: now, successes: 0, throughput: 0.0, last_size: size, rest: 0 }
    }
}

fn push(numbers: &mut VecDeque<usize>, number: usize, limit: usize) {
    if numbers.len() == limit {
        numbers.pop_front();
    }
    numbers.push_back(number);
}
