//! Times of the lines about progress in a log.

use std::future::pending;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::config::environment::ProgressDisplay;

/// Clock of the lines; without one if progress has another display.
pub(crate) struct LogClock(Option<Interval>);

impl LogClock {
    pub(crate) fn new(display: ProgressDisplay) -> Self {
        let ProgressDisplay::Log(period) = display else { return Self(None) };
        let mut interval = interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Some(interval))
    }

    /// Waits for the time of the next line, or for ever without a clock.
    pub(crate) async fn tick(&mut self) {
        match &mut self.0 {
            Some(interval) => drop(interval.tick().await),
            None => pending().await,
        }
    }
}
