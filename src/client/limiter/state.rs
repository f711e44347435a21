//! State of the limiter, without a clock of its own.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::{Breaker, Outage};
use super::pacer::Pacer;
use super::window::Window;

/// Time over which accepted requests are counted for the first pace.
const RECENT: Duration = Duration::from_secs(1);
/// Refusals of all requests over this time are a closed period of the service, whose length tells
/// the rate that it takes.
const CLOSED: Duration = Duration::from_secs(5);

/// Request that was sent and has no response.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlight {
    /// Number of the attempt, in the order of sending.
    pub(super) number: u64,
    /// Number of the request that it is an attempt of.
    pub(super) request: u64,
    pub(super) at: Instant,
    /// Pace that it was sent at.
    pace: Option<f64>,
    /// Requests in flight beside it that the service did not refuse.
    others: usize,
    /// True if it tests a service that failed.
    pub(super) is_test: bool,
}

/// Answer to the question whether a request may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Now,
    /// Not before that time.
    At(Instant),
    /// Not before another request is done.
    Later,
}

/// Meaning of a `Retry-After` with a refusal.
#[derive(Debug, Clone, Copy, PartialEq)]
enum RetryAfter {
    Unknown,
    /// The first was sent with a refusal at that time. What is sent after it shows its meaning.
    Tested(Instant),
    /// All requests are refused until then.
    ForAll,
    /// Other requests are accepted before.
    ForOne,
}

#[derive(Debug)]
pub(super) struct State {
    window: Window,
    pacer: Pacer,
    breaker: Breaker,
    in_flight: Vec<InFlight>,
    sent: u64,
    retry_after: RetryAfter,
    /// Times when requests were sent that succeeded, of the last second.
    accepted: VecDeque<Instant>,
    last_refusal: Option<Instant>,
    /// Successes since the last refusal.
    successes: u32,
    last_success: Option<Instant>,
    /// Start of refusals without a success that was sent later.
    refused_since: Option<Instant>,
    /// Time when the service began to accept requests, and how many it did since.
    open_since: Instant,
    accepted_since: u32,
}

impl State {
    pub(super) fn new(concurrency: Option<usize>, min_interval: Duration, now: Instant) -> Self {
        Self {
            window: Window::new(concurrency, now),
            pacer: Pacer::new(min_interval, now),
            breaker: Breaker::default(),
            in_flight: Vec::new(),
            sent: 0,
            retry_after: RetryAfter::Unknown,
            accepted: VecDeque::new(),
            last_refusal: None,
            successes: 0,
            last_success: None,
            refused_since: None,
            open_since: now,
            accepted_since: 0,
        }
    }

    pub(super) fn outage(&self) -> Option<&Outage> {
        self.breaker.outage()
    }

    /// Time since which all requests are refused for a limit.
    pub(super) fn refused_since(&self) -> Option<Instant> {
        self.refused_since
    }

    /// True once a request succeeded.
    pub(super) fn has_succeeded(&self) -> bool {
        self.last_success.is_some()
    }

    /// Time of the next request.
    pub(super) fn next(&self) -> Instant {
        self.pacer.next()
    }

    /// Tells when the next request may be sent.
    pub(super) fn admission(&self, now: Instant) -> Admission {
        let at = match self.breaker.outage() {
            Some(_) => match self.breaker.next_test() {
                Some(at) => at,
                None => return Admission::Later,
            },
            None if self.in_flight.len() >= self.window.size() => return Admission::Later,
            None => self.pacer.next(),
        };
        if at <= now { Admission::Now } else { Admission::At(at) }
    }

    /// Counts an attempt of a request that is sent now.
    pub(super) fn send(&mut self, request: u64, now: Instant) -> u64 {
        self.sent += 1;
        self.in_flight.push(InFlight {
            number: self.sent,
            request,
            at: now,
            pace: self.pacer.pace(),
            others: self.in_flight.len(),
            is_test: self.breaker.start_test(),
        });
        self.pacer.sent(now);
        self.sent
    }

    /// Counts a complete response.
    pub(super) fn succeeded(&mut self, number: u64, now: Instant) {
        let Some(sent) = self.remove(number) else { return };
        self.answered(&sent, now);
        if self.retry_after.is_disproved_by(&sent) {
            self.retry_after = RetryAfter::ForOne;
        }
        self.reopened(&sent, now);
        self.accepted.push_back(sent.at);
        self.accepted.retain(|at| now - *at <= RECENT);
        self.successes += 1;
        self.accepted_since += 1;
        self.last_success = Some(now);
        self.pacer.succeeded(now);
        self.window.succeeded(sent.others, now);
    }

    /// Counts a response without a caption that is not due to a limit or a failure of the service.
    pub(super) fn rejected(&mut self, number: u64, now: Instant) {
        if let Some(sent) = self.remove(number) {
            self.answered(&sent, now);
        }
    }

    /// Counts a request that was given up.
    pub(super) fn cancelled(&mut self, number: u64) {
        if self.remove(number).is_some_and(|sent| sent.is_test) {
            self.breaker.drop_test();
        }
    }

    /// Counts a failure of the service or the network. `is_busy` is true if the service said that
    /// it is busy, which may be a limit.
    pub(super) fn failed(
        &mut self,
        number: u64,
        retry_after: Option<Duration>,
        is_busy: bool,
        now: Instant,
    ) {
        let Some(sent) = self.remove(number) else { return };
        self.breaker.failed(&sent, retry_after, now);
        if self.breaker.outage().is_some() {
            self.refused_since = None;
        } else if is_busy && self.last_success.is_some() {
            self.limited(&sent, None, now);
        }
    }

    /// Counts a refusal for a limit of the service.
    pub(super) fn refused(&mut self, number: u64, retry_after: Option<Duration>, now: Instant) {
        let Some(sent) = self.remove(number) else { return };
        if sent.is_test {
            // It works, and says so.
            self.breaker.drop_test();
        }
        self.breaker.answered(&sent);
        self.limited(&sent, retry_after.filter(|wait| !wait.is_zero()), now);
    }

    fn limited(&mut self, sent: &InFlight, retry_after: Option<Duration>, now: Instant) {
        self.refused_since.get_or_insert(now);
        for later in &mut self.in_flight {
            if later.number > sent.number {
                later.others = later.others.saturating_sub(1);
            }
        }
        if let Some(wait) = retry_after
            && self.holds_for_all(sent, now)
        {
            self.pacer.pause(now + wait);
            self.count_refusal(now);
            return;
        }
        if self.last_refusal.is_some_and(|last| sent.at <= last) {
            return;
        }
        let before = self.in_flight.iter().filter(|other| other.number < sent.number);
        let is_first = self.last_refusal.is_none() || retry_after.is_some();
        let others = before.clone().map(|other| other.others);
        let was_limited = self.window.is_limited();
        if self.window.refused(sent.others, others, self.successes, is_first) {
            if !was_limited {
                self.pacer.unlimited(now);
            }
        } else {
            let recent = before.filter(|other| now - other.at <= RECENT).count();
            self.accepted.retain(|at| now - *at <= RECENT);
            let accepted = self.accepted.len() + recent;
            self.pacer.refused(sent.pace, accepted, self.successes, now);
        }
        self.count_refusal(now);
    }

    fn count_refusal(&mut self, now: Instant) {
        self.last_refusal = Some(now);
        self.successes = 0;
    }

    /// True if a `Retry-After` holds for all requests.
    fn holds_for_all(&mut self, sent: &InFlight, now: Instant) -> bool {
        let is_new = self.last_refusal.is_none_or(|last| sent.at > last);
        self.retry_after = match self.retry_after {
            RetryAfter::Unknown => RetryAfter::Tested(now),
            RetryAfter::Tested(at) if sent.at > at => RetryAfter::ForAll,
            RetryAfter::ForOne if is_new && self.successes == 0 => RetryAfter::ForAll,
            known => known,
        };
        self.retry_after == RetryAfter::ForAll
    }

    fn answered(&mut self, sent: &InFlight, now: Instant) {
        if self.breaker.answered(sent) {
            self.pacer.restart(now);
        }
    }

    /// Takes the rate of the service from the length of a period in which it refused all requests.
    fn reopened(&mut self, sent: &InFlight, now: Instant) {
        let Some(since) = self.refused_since.filter(|since| sent.at > *since) else { return };
        let is_paused = self.retry_after == RetryAfter::ForAll || self.window.is_limited();
        if now - since > CLOSED && !is_paused {
            let seconds = (now - self.open_since).as_secs_f64();
            self.pacer.measured(f64::from(self.accepted_since) / seconds, now);
        }
        (self.open_since, self.accepted_since, self.refused_since) = (now, 0, None);
    }

    fn remove(&mut self, number: u64) -> Option<InFlight> {
        let at = self.in_flight.iter().position(|sent| sent.number == number)?;
        Some(self.in_flight.remove(at))
    }
}

impl RetryAfter {
    /// True if the success of a request shows that the wait holds for one request.
    fn is_disproved_by(self, sent: &InFlight) -> bool {
        matches!(self, Self::Tested(at) if sent.at > at)
    }
}
