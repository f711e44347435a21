//! Rate limiter of all requests: it slows down on 429 and recovers with each success.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::platform::lock;

/// Interval between requests after the first 429.
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
/// Upper bound of the adaptive interval.
const MAX_INTERVAL: Duration = Duration::from_secs(10);
/// Factor of the interval on a further 429.
const SLOW_DOWN: f64 = 1.5;
/// Factor of the interval on a success.
const RECOVERY: f64 = 0.95;

/// Rate limiter that every request passes before it is sent.
#[derive(Debug)]
pub(super) struct RateLimiter {
    state: Mutex<State>,
    /// Lower bound set by the user.
    min_interval: Duration,
}

#[derive(Debug)]
struct State {
    interval: Duration,
    next: Instant,
    paused_until: Instant,
    slowed_at: Instant,
    successes: u64,
}

impl RateLimiter {
    pub(super) fn new(min_interval: Duration) -> Self {
        let now = Instant::now();
        let state = State {
            interval: min_interval,
            next: now,
            paused_until: now,
            slowed_at: now,
            successes: 0,
        };
        Self { state: Mutex::new(state), min_interval }
    }

    /// Waits until a request may be sent.
    pub(super) async fn acquire(&self) {
        loop {
            let slot = self.take_slot();
            // A timer takes a millisecond even if it is due.
            if slot > Instant::now() {
                sleep_until(slot).await;
            }
            // A pause may have started in the meantime.
            if lock(&self.state).paused_until <= Instant::now() {
                return;
            }
        }
    }

    fn take_slot(&self) -> Instant {
        let mut state = lock(&self.state);
        let slot = state.next.max(state.paused_until).max(Instant::now());
        state.next = slot + state.interval;
        slot
    }

    /// Pauses all requests.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = lock(&self.state);
        state.paused_until = state.paused_until.max(Instant::now() + wait);
    }

    /// Slows down after a 429 for the request sent at `sent`, unless it was sent before the last
    /// slow-down.
    pub(super) fn slow_down(&self, sent: Instant) {
        let mut state = lock(&self.state);
        if sent > state.slowed_at || state.interval == self.min_interval {
            let longest = MAX_INTERVAL.max(self.min_interval);
            state.interval = state.interval.mul_f64(SLOW_DOWN).clamp(FIRST_INTERVAL, longest);
            state.slowed_at = Instant::now();
        }
    }

    /// Counts a success and shortens the interval.
    pub(super) fn succeeded(&self) {
        let mut state = lock(&self.state);
        state.successes += 1;
        let interval = state.interval.mul_f64(RECOVERY);
        let is_negligible = interval < Duration::from_millis(1);
        state.interval =
            if is_negligible { self.min_interval } else { interval.max(self.min_interval) };
    }

    /// Number of successes so far.
    pub(super) fn successes(&self) -> u64 {
        lock(&self.state).successes
    }
}
