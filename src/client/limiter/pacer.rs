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
/// Interval of which a late timer is a small part.
const LONG_INTERVAL: Duration = Duration::from_millis(50);
/// Factor per request, until the next refusal.
const SEARCH: f64 = 1.5;
/// Growth per request towards a pace that was refused.
const APPROACH: f64 = 0.02;
/// Share of a refused pace up to which it is approached.
const CLOSE: f64 = 0.95;
/// Growth per request beyond it. Each refusal halves it, down to the lowest; it doubles every
/// `STEP` requests from `LONG` on.
const GROWTH: f64 = 0.02;
const MEASURED_GROWTH: f64 = 0.004;
const MIN_GROWTH: f64 = 0.0007;
const MAX_GROWTH: f64 = 0.2;
const LONG: u32 = 50;
const STEP: u32 = 20;
/// Drop of the pace by a refusal at once after another, which is divided by the successes between
/// them, and the least. Together with the growth, this refuses a twentieth of the requests at most.
const DROP: f64 = 0.15;
const MIN_DROP: f64 = 0.02;
/// Factor of the requests accepted in the last second beyond which the pace is far too high, if
/// refusals come in short order.
const FAR: f64 = 1.8;
/// Factor of them that the pace has from there on: they are few while the pace grows.
const EXCESS: f64 = 1.5;
/// Successes between refusals that make the second one due to the time in transit, which varies:
/// the request came too early by a part of the interval.
const LATE: u32 = 4;
const MIN_EARLY: f64 = 0.15;

/// Requests per second beyond the number of the last period; it doubles with each.
const BEYOND: f64 = 5.0;
/// The waits of a closed service grow with its time, so that it is noticed after this part of it
/// that it is open.
const PART_OF_CLOSED: u32 = 3;
const MAX_CLOSED: Duration = Duration::from_secs(40);

#[derive(Debug)]
pub(super) struct Pacer {
    /// Time from which on the next request may be sent.
    next: Instant,
    mode: Mode,
    /// Shortest interval that the user allows.
    min_interval: Duration,
    /// Part of an interval after which a refused request would have been accepted.
    early: f64,
    /// True if it was waited for after the last refusal.
    was_early: bool,
}

/// Knowledge about the limit, with the pace in requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    /// Nothing was sent yet, or the service is back.
    Ramp,
    /// The service takes a number of requests in each period. They go out fast, but not at once,
    /// so that few are refused: slower after the `number` of the last period.
    Periods {
        number: u32,
        sent: u32,
    },
    Unlimited,
    /// A limit is known and its rate is searched for.
    Search {
        pace: f64,
    },
    /// The pace was refused at `refused`, and is kept below it. `sent` requests were sent since.
    Steady {
        pace: f64,
        refused: f64,
        growth: f64,
        sent: u32,
    },
}

impl Pacer {
    pub(super) fn new(min_interval: Duration, now: Instant) -> Self {
        Self { next: now, mode: Mode::Ramp, min_interval, early: MIN_EARLY, was_early: false }
    }

    /// Time from which on the next request may be sent.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Current pace, unless it is that of the user alone.
    pub(super) fn pace(&self) -> Option<f64> {
        match self.mode {
            Mode::Ramp | Mode::Periods { .. } | Mode::Unlimited => None,
            Mode::Search { pace } | Mode::Steady { pace, .. } => Some(pace),
        }
    }

    /// Counts a request that is sent now. The pace grows up to `max`.
    pub(super) fn sent(&mut self, max: f64, now: Instant) {
        let interval = self.interval();
        // A late request shortens the next interval, but not by more than half, and not a long one:
        // a service that takes one request in each interval refuses what comes early.
        let is_long = self.pace().is_some() && interval >= LONG_INTERVAL;
        let slot = if self.next + interval / 2 > now && !is_long { self.next } else { now };
        self.next = slot + interval;
        self.mode = match self.mode {
            Mode::Search { pace } if pace * SEARCH < max.min(MAX) => {
                Mode::Search { pace: pace * SEARCH }
            }
            Mode::Search { .. } if max < MAX => Mode::Search { pace: max },
            Mode::Steady { pace, refused, growth, sent } => {
                let doubled = 2_f64.powf(f64::from((sent + STEP).saturating_sub(LONG) / STEP));
                let is_close = pace >= refused * CLOSE;
                let factor = if is_close { growth * doubled } else { APPROACH };
                match (pace * (1.0 + factor.min(MAX_GROWTH))).min(max) {
                    pace if pace < MAX => Mode::Steady { pace, refused, growth, sent: sent + 1 },
                    _ => Mode::Unlimited,
                }
            }
            Mode::Search { .. } => Mode::Unlimited,
            Mode::Periods { number, sent } => Mode::Periods { number, sent: sent + 1 },
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
        let steady = |pace: f64, refused, growth| Mode::Steady {
            pace: pace.max(MIN),
            refused,
            growth,
            sent: 0,
        };
        self.mode = match self.mode {
            Mode::Ramp | Mode::Periods { .. } | Mode::Unlimited => {
                Mode::Search { pace: accepted.max(FIRST) }
            }
            Mode::Search { pace } if successes == 0 => {
                Mode::Search { pace: (used(pace) / 2.0).max(MIN) }
            }
            Mode::Search { pace } => steady(used(pace) / SEARCH, used(pace), GROWTH),
            Mode::Steady { pace, growth, .. } => {
                let drop = match successes {
                    0 if self.was_early => MIN_DROP,
                    successes => (DROP / f64::from(successes + 1)).max(MIN_DROP),
                };
                let (pace, growth) = (used(pace), (growth / 2.0).max(MIN_GROWTH));
                let accepted = accepted.max(FIRST);
                if successes < LATE && pace > accepted * FAR {
                    steady(accepted * EXCESS, accepted * EXCESS, GROWTH)
                } else {
                    steady(pace * (1.0 - drop), pace, growth)
                }
            }
        };
        let is_steady = matches!(self.mode, Mode::Steady { .. });
        if self.was_early {
            let factor = if successes == 0 { 2.0 } else { 0.5 };
            self.early = (self.early * factor).clamp(MIN_EARLY, 1.0);
        }
        self.was_early = successes >= LATE && is_steady && self.early < 1.0;
        let part = if self.was_early { self.early } else { 1.0 };
        self.next = now + self.interval().mul_f64(part);
    }

    /// Keeps to a pace that was measured over a long time.
    pub(super) fn measured(&mut self, pace: f64, now: Instant) {
        let pace = pace.max(MIN);
        let growth = match self.mode {
            Mode::Steady { growth, .. } => (growth / 2.0).clamp(MIN_GROWTH, MEASURED_GROWTH),
            _ => MEASURED_GROWTH,
        };
        self.mode = Mode::Steady { pace, refused: pace, growth, sent: 0 };
        self.next = now + self.interval();
    }

    /// Waits longer and longer while the service has refused all requests since then.
    pub(super) fn closed(&mut self, since: Instant, now: Instant) {
        let wait = ((now - since) / PART_OF_CLOSED).min(MAX_CLOSED);
        self.next = now + self.interval().max(wait);
    }

    /// Sends nothing until then, and from there on as fast as before a limit was known.
    /// `accepted` requests were accepted in the last period.
    pub(super) fn pause(&mut self, until: Instant, accepted: u32) {
        self.mode = Mode::Periods { number: accepted, sent: 0 };
        self.next = self.next.max(until);
    }

    /// Begins with the rate of the last second, after a limit of the requests in flight that was
    /// none.
    pub(super) fn follow(&mut self, accepted: usize, now: Instant) {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let pace = (accepted as f64).max(FIRST);
        self.mode = Mode::Steady { pace, refused: pace, growth: GROWTH, sent: 0 };
        self.next = now + self.interval();
    }

    /// Begins as at first.
    pub(super) fn forget(&mut self) {
        self.mode = Mode::Ramp;
    }

    /// Keeps to the pace of the user alone.
    pub(super) fn unlimited(&mut self, now: Instant) {
        self.mode = Mode::Unlimited;
        self.next = self.next.min(now + self.min_interval);
    }

    /// Starts as at first, since the service is back.
    pub(super) fn restart(&mut self, now: Instant) {
        if !matches!(self.mode, Mode::Steady { .. }) {
            self.mode = Mode::Ramp;
        }
        self.next = now;
    }

    fn interval(&self) -> Duration {
        let pace = match self.mode {
            Mode::Unlimited => return self.min_interval,
            Mode::Ramp => RAMP,
            Mode::Periods { number, sent } => {
                let beyond = i32::try_from((sent + 1).saturating_sub(number)).unwrap_or(0);
                if beyond == 0 { RAMP } else { (BEYOND * 2_f64.powi(beyond)).min(RAMP) }
            }
            Mode::Search { pace } | Mode::Steady { pace, .. } => pace,
        };
        Duration::from_secs_f64(1.0 / pace).max(self.min_interval)
    }
}
