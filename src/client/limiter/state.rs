//! State of the limiter, without a clock of its own.

use std::time::Duration;

use tokio::time::Instant;

use super::breaker::{Breaker, Outage};
use super::noise::Noise;
use super::pacer::Pacer;
use super::periods::Periods;
use super::throughput::Throughput;
use super::window::Window;

/// Refusals in a row, each of a request that was sent after the one before: the service is closed.
const CLOSED: u32 = 3;
/// Part of a `Retry-After` over which it refuses others if it holds for all.
const PART_OF_WAIT: u32 = 4;
/// Closed time whose length tells the rate that the service takes.
const LONG_CLOSED: Duration = Duration::from_secs(1);
/// Pace of a trial with one more request in flight than the service takes, as a factor of the pace
/// that this number allows. A refusal is then due to the number in flight and not to the rate.
const TRIAL_PACE: f64 = 1.1;
/// Age of a request up to which the service may be working on it.
const IN_PROGRESS: Duration = Duration::from_mins(1);

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

#[derive(Debug)]
pub(super) struct State {
    window: Window,
    pacer: Pacer,
    breaker: Breaker,
    in_flight: Vec<InFlight>,
    sent: u64,
    periods: Periods,
    throughput: Throughput,
    noise: Noise,
    last_refusal: Option<Instant>,
    /// Successes since the last refusal.
    successes: u32,
    /// Refusals in a row, each of a request that was sent after the one before.
    row: u32,
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
            periods: Periods::new(),
            throughput: Throughput::default(),
            noise: Noise::default(),
            last_refusal: None,
            successes: 0,
            row: 0,
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
        let max_pace = self.window.limit().map(|limit| TRIAL_PACE * self.throughput.pace(limit));
        self.pacer.sent(max_pace.unwrap_or(f64::INFINITY), now);
        self.sent
    }

    /// Counts a complete response.
    pub(super) fn succeeded(&mut self, number: u64, now: Instant) {
        let Some(sent) = self.remove(number) else { return };
        self.answered(&sent, now);
        self.reopened(&sent, now);
        self.throughput.succeeded(sent.at, now);
        self.periods.succeeded(sent.at);
        self.noise.succeeded(now);
        self.successes += 1;
        self.row = 0;
        self.accepted_since += 1;
        self.last_success = Some(now);
        self.pacer.succeeded(now);
        self.window.succeeded(sent.others, self.pacer.pace().is_some(), now);
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
    /// it is busy, which may be a limit. Returns true if it is one, since it serves others.
    pub(super) fn failed(
        &mut self,
        number: u64,
        retry_after: Option<Duration>,
        is_busy: bool,
        now: Instant,
    ) -> bool {
        let Some(sent) = self.remove(number) else { return false };
        let may_serve =
            |other: &InFlight| other.number < sent.number && now - other.at < IN_PROGRESS;
        let is_up = self.breaker.outage().is_none();
        if is_busy && is_up && self.in_flight.iter().any(may_serve) {
            self.limited(&sent, None, now);
            return true;
        }
        self.breaker.failed(&sent, retry_after, now);
        if self.breaker.outage().is_some() {
            self.refused_since = None;
            if self.row > 0 {
                // What looked like a limit was the outage.
                self.row = 0;
                self.pacer.forget();
                self.noise.reopened();
            }
        } else if is_busy && self.last_success.is_some() {
            self.limited(&sent, None, now);
        }
        false
    }

    /// Counts a refusal for a limit of the service. Returns the wait of this request.
    pub(super) fn refused(
        &mut self,
        number: u64,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Duration {
        let Some(sent) = self.remove(number) else { return Duration::ZERO };
        if sent.is_test {
            // It works, and says so.
            self.breaker.drop_test();
        }
        self.breaker.answered(&sent);
        self.limited(&sent, retry_after.filter(|wait| !wait.is_zero()), now);
        self.periods.own_wait(retry_after.unwrap_or_default())
    }

    fn limited(&mut self, sent: &InFlight, retry_after: Option<Duration>, now: Instant) {
        let refused_for = now - *self.refused_since.get_or_insert(now);
        for later in &mut self.in_flight {
            if later.number > sent.number {
                later.others = later.others.saturating_sub(1);
            }
        }
        let is_new = self.last_refusal.is_none_or(|last| sent.at > last);
        self.row += u32::from(is_new);
        self.periods.refused(sent.number, is_new, self.sent);
        let is_closed = |wait| self.row >= CLOSED && refused_for >= wait / PART_OF_WAIT;
        let for_all = retry_after.and_then(|wait| {
            let times = (now, now + wait);
            self.periods.wait_for_all(times, self.row > 1, is_closed(wait))
        });
        if let Some((wait, accepted)) = retry_after.zip(for_all) {
            self.pacer.pause(now + wait, accepted);
        } else if is_new {
            self.slow_down(sent, retry_after.is_some(), now);
        } else {
            return;
        }
        (self.last_refusal, self.successes) = (Some(now), 0);
    }

    /// Finds the limit after the first refusal since the last change.
    fn slow_down(&mut self, sent: &InFlight, has_retry_after: bool, now: Instant) {
        if self.noise.refused(self.pacer.pace(), self.row >= CLOSED) {
            return self.pacer.unlimited(now);
        }
        let before = self.in_flight.iter().filter(|other| other.number < sent.number);
        let accepted = self.throughput.accepted(before.clone().map(|other| other.at), now);
        let others = before.map(|other| other.others);
        let is_first = self.last_refusal.is_none() || has_retry_after;
        let was_limited = self.window.limit().is_some();
        let is_due_to_window =
            self.window.refused(sent.others, others, self.successes, is_first, now);
        if self.row >= CLOSED {
            self.pacer.closed(self.refused_since.unwrap_or(now), now);
        } else if was_limited && !is_due_to_window {
            self.pacer.follow(accepted, now);
        } else if !is_due_to_window {
            self.pacer.refused(sent.pace, accepted, self.successes, now);
        }
    }

    fn answered(&mut self, sent: &InFlight, now: Instant) {
        if self.breaker.answered(sent) {
            self.pacer.restart(now);
        }
    }

    /// Takes the rate of the service from the length of a period in which it refused all requests.
    fn reopened(&mut self, sent: &InFlight, now: Instant) {
        let Some(since) = self.refused_since.filter(|since| sent.at > *since) else { return };
        let is_paused = self.periods.are_told() || self.window.limit().is_some();
        if now - since > LONG_CLOSED && self.row >= CLOSED && !is_paused {
            // It reopened between the last refusal and the request that it accepted.
            let refused = self.last_refusal.unwrap_or(since);
            let reopened = refused + sent.at.saturating_duration_since(refused) / 2;
            let seconds = (reopened - self.open_since).as_secs_f64();
            self.pacer.measured(f64::from(self.accepted_since) / seconds, now);
        }
        (self.open_since, self.accepted_since, self.refused_since) = (now, 0, None);
    }

    fn remove(&mut self, number: u64) -> Option<InFlight> {
        let at = self.in_flight.iter().position(|sent| sent.number == number)?;
        Some(self.in_flight.remove(at))
    }
}
