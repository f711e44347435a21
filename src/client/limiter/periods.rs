//! Periods in which a service takes a number of requests, and the meaning of its `Retry-After`.

use std::time::Duration;

use tokio::time::Instant;

/// Requests accepted between two waits that hold for all, at the least.
const MIN_ACCEPTED: u32 = 3;

/// Meaning of a `Retry-After` with a refusal.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    /// Requests that are sent after it show it.
    Unknown,
    /// All requests are refused until then.
    ForAll,
    /// Other requests are accepted before.
    ForOne,
}

/// Refusal with a wait that began and ends at these times.
type Wait = (Instant, Instant);

#[derive(Debug)]
pub(super) struct Periods {
    meaning: Meaning,
    /// Number of the last attempt before the current period.
    start: u64,
    /// Number of the attempt whose refusal ended the last period.
    end: u64,
    /// Requests accepted in the last period.
    accepted: u32,
    wait: Option<Wait>,
}

impl Periods {
    pub(super) fn new() -> Self {
        Self { meaning: Meaning::Unknown, start: 0, end: 0, accepted: 0, wait: None }
    }

    /// True if the service tells how long it refuses all requests.
    pub(super) fn are_told(&self) -> bool {
        self.meaning == Meaning::ForAll
    }

    /// Wait of a request that was refused with a `Retry-After`: none if others are accepted before.
    pub(super) fn own_wait(&self, retry_after: Duration) -> Duration {
        if self.meaning == Meaning::ForOne { Duration::ZERO } else { retry_after }
    }

    /// Counts the success of a request that was sent then.
    pub(super) fn succeeded(&mut self, sent_at: Instant) {
        let is_early = |(from, until): Wait| sent_at > from && sent_at < until;
        if self.meaning == Meaning::Unknown && self.wait.is_some_and(is_early) {
            self.meaning = Meaning::ForOne;
        }
    }

    /// Counts the refusal of an attempt, which ends the period if it was sent after the refusal
    /// before. `last` is the number of the last attempt.
    pub(super) fn refused(&mut self, attempt: u64, is_new: bool, last: u64) {
        if is_new {
            let accepted = attempt.saturating_sub(self.start + 1);
            self.accepted = u32::try_from(accepted).unwrap_or(u32::MAX);
            (self.start, self.end) = (last, attempt);
        } else if attempt < self.end {
            self.accepted = self.accepted.saturating_sub(1);
        }
    }

    /// Returns the requests accepted in the last period if the wait of a refusal holds for all.
    /// `is_repeated` is true if another request was refused since the last success, `is_closed` if
    /// others were for a good part of such a wait.
    pub(super) fn wait_for_all(
        &mut self,
        wait: Wait,
        is_repeated: bool,
        is_closed: bool,
    ) -> Option<u32> {
        self.wait.get_or_insert(wait);
        let few = 1..MIN_ACCEPTED;
        self.meaning = match self.meaning {
            Meaning::ForAll if few.contains(&self.accepted) => Meaning::ForOne,
            Meaning::Unknown if is_repeated => Meaning::ForAll,
            Meaning::ForOne if is_closed => Meaning::ForAll,
            known => known,
        };
        self.are_told().then_some(self.accepted)
    }
}
