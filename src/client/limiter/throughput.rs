//! Requests that the service accepted lately, and how long its responses take.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Time over which accepted requests are counted.
const RECENT: Duration = Duration::from_secs(1);
/// Weight of the last response in the time that responses take.
const WEIGHT: f64 = 0.2;

#[derive(Debug, Default)]
pub(super) struct Throughput {
    /// Times when requests were sent that succeeded, of the last second.
    accepted: VecDeque<Instant>,
    /// Smoothed seconds to a success; 0 before the first.
    latency: f64,
}

impl Throughput {
    /// Counts a success.
    pub(super) fn succeeded(&mut self, sent_at: Instant, now: Instant) {
        let latency = (now - sent_at).as_secs_f64().max(1e-3);
        self.latency += (latency - self.latency) * if self.latency > 0.0 { WEIGHT } else { 1.0 };
        self.accepted.push_back(sent_at);
        self.accepted.retain(|at| now - *at <= RECENT);
    }

    /// Number of requests accepted in the last second, with those in flight that were sent at these
    /// times and not refused.
    pub(super) fn accepted(&self, in_flight: impl Iterator<Item = Instant>, now: Instant) -> usize {
        let sent = self.accepted.iter().copied().chain(in_flight);
        sent.filter(|at| now - *at <= RECENT).count()
    }

    /// Requests per second with so many in flight.
    pub(super) fn pace(&self, in_flight: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let in_flight = in_flight as f64;
        in_flight / self.latency
    }
}
