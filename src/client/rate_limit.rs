//! How fast requests leave: one gate for all of them, which slows down when the service says so
//! and recovers when it does not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The first gap between requests after the service asked for fewer.
const FIRST_GAP: Duration = Duration::from_millis(50);
/// No gap of our own choice is longer.
const LONGEST_GAP: Duration = Duration::from_secs(10);
/// What the gap grows by when the service asks again.
const SLOW_DOWN: f64 = 1.5;
/// What a success leaves of the gap.
const RECOVERY: f64 = 0.95;

/// The gate that every request passes before it is sent.
#[derive(Debug)]
pub(super) struct RateLimiter {
    state: Mutex<State>,
    /// The gap that the user asked for.
    min_interval: Duration,
}

#[derive(Debug)]
struct State {
    gap: Duration,
    next: Instant,
    held_until: Instant,
    slowed_at: Instant,
    successes: u64,
}

impl RateLimiter {
    pub(super) fn new(min_interval: Duration) -> Self {
        let now = Instant::now();
        let state =
            State { gap: min_interval, next: now, held_until: now, slowed_at: now, successes: 0 };
        Self { state: Mutex::new(state), min_interval }
    }

    /// Waits for a place in the row.
    pub(super) async fn acquire(&self) {
        loop {
            let slot = self.take_slot();
            // A timer takes a millisecond even for what is due.
            if slot > Instant::now() {
                sleep_until(slot).await;
            }
            // While this one waited, the service may have asked all to wait longer.
            if self.state().held_until <= Instant::now() {
                return;
            }
        }
    }

    fn take_slot(&self) -> Instant {
        let mut state = self.state();
        let slot = state.next.max(state.held_until).max(Instant::now());
        state.next = slot + state.gap;
        slot
    }

    /// Holds all requests for as long as the service asked for.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        state.held_until = state.held_until.max(Instant::now() + wait);
    }

    /// The service had too many requests when the one sent at `sent` arrived. Requests that were
    /// sent before the last slow-down are no reason for another.
    pub(super) fn slow_down(&self, sent: Instant) {
        let mut state = self.state();
        if sent > state.slowed_at || state.gap == self.min_interval {
            state.gap =
                state.gap.mul_f64(SLOW_DOWN).clamp(FIRST_GAP, LONGEST_GAP.max(self.min_interval));
            state.slowed_at = Instant::now();
        }
    }

    /// A request was served.
    pub(super) fn succeeded(&self) {
        let mut state = self.state();
        state.successes += 1;
        let gap = state.gap.mul_f64(RECOVERY);
        state.gap = if gap < Duration::from_millis(1) { Duration::ZERO } else { gap }
            .max(self.min_interval);
    }

    /// How many requests were served so far.
    pub(super) fn successes(&self) -> u64 {
        self.state().successes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
