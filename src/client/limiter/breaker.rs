//! Circuit breaker: while the service or the network fails for all, one request at a time tests it.
//!
//! The waits are a compromise. An eighth of the outage so far, but at most 40 s, costs 57 tests in
//! ten minutes, and the end of a short outage is noticed at once, that of one of ten minutes up to
//! 40 s late. Sixty tests in ten minutes cannot notice each end within 5 s: that takes 120.

use std::time::Duration;

use tokio::time::Instant;

use super::state::InFlight;

/// Failures in a row that open the breaker, of at least two requests: one request alone may be at
/// fault itself.
const FAILURES: u32 = 3;
/// Wait before the first test.
const MIN_WAIT: Duration = Duration::from_millis(400);
/// Longest wait before a test.
const MAX_WAIT: Duration = Duration::from_secs(40);
/// The waits grow with the outage, so that its end is noticed after this part of it at the latest.
const PART_OF_OUTAGE: u32 = 8;

#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    /// Requests that failed in a row; two are enough to know.
    requests: Vec<u64>,
    /// Time when the last of the failed requests was sent. Only a success that was sent after it
    /// proves that the service is back.
    last_sent: Option<Instant>,
    outage: Option<Outage>,
}

#[derive(Debug)]
pub(super) struct Outage {
    pub(super) since: Instant,
    next_test: Instant,
    /// True while a test is in flight.
    is_testing: bool,
    /// Number of tests that failed.
    pub(super) tests: u32,
}

impl Breaker {
    pub(super) fn outage(&self) -> Option<&Outage> {
        self.outage.as_ref()
    }

    /// Time of the next test; `None` while one is in flight.
    pub(super) fn next_test(&self) -> Option<Instant> {
        self.outage.as_ref().filter(|outage| !outage.is_testing).map(|outage| outage.next_test)
    }

    /// Marks a request as the test. Returns false if there is no outage.
    pub(super) fn start_test(&mut self) -> bool {
        let Some(outage) = &mut self.outage else { return false };
        outage.is_testing = true;
        true
    }

    /// Ends the test without a result.
    pub(super) fn drop_test(&mut self) {
        if let Some(outage) = &mut self.outage {
            outage.is_testing = false;
        }
    }

    /// Counts a failure.
    pub(super) fn failed(&mut self, sent: &InFlight, retry_after: Option<Duration>, now: Instant) {
        self.failures += 1;
        self.last_sent = self.last_sent.max(Some(sent.at));
        if !self.requests.contains(&sent.request) && self.requests.len() < 2 {
            self.requests.push(sent.request);
        }
        match &mut self.outage {
            Some(outage) => {
                let wait = (now - outage.since) / PART_OF_OUTAGE;
                outage.next_test =
                    now + wait.clamp(MIN_WAIT, MAX_WAIT).max(retry_after.unwrap_or_default());
                outage.tests += u32::from(sent.is_test);
            }
            None if self.failures >= FAILURES && self.requests.len() > 1 => {
                let wait = MIN_WAIT.max(retry_after.unwrap_or_default());
                let next_test = now + wait;
                self.outage = Some(Outage { since: now, next_test, is_testing: false, tests: 0 });
            }
            None => {}
        }
        if sent.is_test {
            self.drop_test();
        }
    }

    /// Counts a response that shows that the service works. Returns true if it ended an outage.
    pub(super) fn answered(&mut self, sent: &InFlight) -> bool {
        if sent.is_test {
            self.drop_test();
        }
        if self.last_sent.is_some_and(|last_sent| sent.at < last_sent) {
            return false;
        }
        std::mem::take(self).outage.is_some()
    }
}
