//! Pace of requests: as fast as the service takes them, found by trying.

use std::time::Duration;

use tokio::time::Instant;

/// Requests per second until the first success, so that a limit is noticed after few of them.
const RAMP: f64 = 400.0;
/// Lowest pace after the first refusal, in requests per second.
const FIRST: f64 = 4.0;
/// Lowest pace of all.
const MIN: f64 = 1.0 / 30.0;
/// Pace from which on there is no limit to keep.
const MAX: f64 = 400.0;
/// Factor per request, until the next refusal.
const SEARCH: f64 = 1.5;
/// Factor per request towards a pace that was refused.
const APPROACH: f64 = 1.02;
/// Share of a refused pace up to which it is approached.
const CLOSE: f64 = 0.95;
/// Factor per request beyond it, minus one. It doubles every `STEP` requests.
const GROWTH: f64 = 0.005;
const MAX_GROWTH: f64 = 0.2;
const STEP: u32 = 20;
/// Requests after a refusal before the pace grows.
const HOLD: u32 = 60;
/// Factors of a refusal that came late, and of one soon after another.
const BACK_OFF: f64 = 0.96;
const BACK_OFF_SOON: f64 = 0.85;
/// Successes between refusals that make the second one late.
const LATE: u32 = 10;

#[derive(Debug)]
pub(super) struct Pacer {
    /// Time from which on the next request may be sent.
    next: Instant,
    mode: Mode,
    /// Shortest interval that the user allows.
    min_interval: Duration,
}

/// Knowledge about the limit, with the pace in requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    /// Nothing was sent yet, or the service is back.
    Ramp,
    /// The service takes a number of requests in each period. They go out fast, but not at once,
    /// so that few are refused.
    Periods,
    Unlimited,
    /// A limit is known and its rate is searched for.
    Search {
        pace: f64,
    },
    /// The pace was refused at `refused`, and is kept below it. `hold` requests are sent before it
    /// grows, and `grown` since.
    Steady {
        pace: f64,
        refused: f64,
        hold: u32,
        grown: u32,
    },
}

impl Pacer {
    pub(super) fn new(min_interval: Duration, now: Instant) -> Self {
        Self { next: now, mode: Mode::Ramp, min_interval }
    }

    /// Time from which on the next request may be sent.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Current pace, unless it is that of the user alone.
    pub(super) fn pace(&self) -> Option<f64> {
        match self.mode {
            Mode::Ramp | Mode::Periods | Mode::Unlimited => None,
            Mode::Search { pace } | Mode::Steady { pace, .. } => Some(pace),
        }
    }

    /// Counts a request that is sent now.
    pub(super) fn sent(&mut self, now: Instant) {
        let interval = self.interval();
        // A late request shortens the next interval, but not by more than half.
        let slot = if self.next + interval / 2 > now { self.next } else { now };
        self.next = slot + interval;
        self.mode = match self.mode {
            Mode::Search { pace } if pace * SEARCH < MAX => Mode::Search { pace: pace * SEARCH },
            Mode::Steady { pace, refused, hold, grown } if hold <= 1 => {
                let growth = (GROWTH * 2_f64.powf(f64::from(grown / STEP))).min(MAX_GROWTH);
                match pace * (1.0 + growth) {
                    pace if pace < MAX => Mode::Steady { pace, refused, hold, grown: grown + 1 },
                    _ => Mode::Unlimited,
                }
            }
            Mode::Steady { pace, refused, hold, grown } => {
                let is_close = pace >= refused * CLOSE;
                let pace = if is_close { pace } else { pace * APPROACH };
                Mode::Steady { pace, refused, hold: hold - 1, grown }
            }
            Mode::Search { .. } => Mode::Unlimited,
            mode => mode,
        };
    }

    /// Counts a success: what was sent at first is taken.
    pub(super) fn succeeded(&mut self, now: Instant) {
        if self.mode == Mode::Ramp {
            self.unlimited(now);
        }
    }

    /// Slows down after the refusal of a request that was sent at `pace`. `accepted` requests were
    /// taken in the last second, and `successes` since the last refusal.
    pub(super) fn refused(
        &mut self,
        pace: Option<f64>,
        accepted: usize,
        successes: u32,
        now: Instant,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let accepted = accepted as f64;
        let used = |current: f64| pace.unwrap_or(current);
        let steady = |pace: f64, refused, hold| Mode::Steady {
            pace: pace.max(MIN),
            refused,
            hold,
            grown: 0,
        };
        self.mode = match self.mode {
            Mode::Ramp | Mode::Periods | Mode::Unlimited => {
                Mode::Search { pace: accepted.max(FIRST) }
            }
            Mode::Search { pace } if successes == 0 => {
                Mode::Search { pace: (used(pace) / 2.0).max(MIN) }
            }
            Mode::Search { pace } => steady(used(pace) / SEARCH, used(pace), 0),
            Mode::Steady { pace, .. } => {
                let factor = if successes < LATE { BACK_OFF_SOON } else { BACK_OFF };
                steady(used(pace) * factor, used(pace), HOLD)
            }
        };
        self.next = now + self.interval();
    }

    /// Keeps to a pace that was measured over a long time.
    pub(super) fn measured(&mut self, pace: f64, now: Instant) {
        let pace = pace.max(MIN);
        self.mode = Mode::Steady { pace, refused: pace * 1.1, hold: HOLD, grown: 0 };
        self.next = now + self.interval();
    }

    /// Sends nothing until then, and from there on as fast as before a limit was known.
    pub(super) fn pause(&mut self, until: Instant) {
        self.mode = Mode::Periods;
        self.next = self.next.max(until);
    }

    /// Keeps to the pace of the user alone.
    pub(super) fn unlimited(&mut self, now: Instant) {
        self.mode = Mode::Unlimited;
        self.next = self.next.min(now + self.min_interval);
    }

    /// Starts as at first, since the service is back.
    pub(super) fn restart(&mut self, now: Instant) {
        if self.pace().is_none() {
            self.mode = Mode::Ramp;
        }
        self.next = now;
    }

    fn interval(&self) -> Duration {
        let pace = match self.mode {
            Mode::Unlimited => return self.min_interval,
            Mode::Ramp | Mode::Periods => RAMP,
            Mode::Search { pace } | Mode::Steady { pace, .. } => pace,
        };
        Duration::from_secs_f64(1.0 / pace).max(self.min_interval)
    }
}
