//! Ledger of a run: what was spent, what may have been, and what is in progress.

use super::estimate::{Estimator, Load, RequestSize};
use crate::answer::{Answer, Usage};
use crate::error::{Error, OverBudget, add};

/// Amount in US dollars that does not matter: sums of fractions are not exact.
const ROUNDING: f64 = 1e-9;

/// Tokens and cost of the requests so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Spending {
    /// Tokens of all answers, also of those without a caption.
    pub usage: Usage,
    /// Cost that the service reported, in US dollars; `None` if it reported none.
    pub usd: Option<f64>,
    /// The most that answers without a reported cost may have cost beside it, in US dollars; `None`
    /// if no price is known.
    pub possible_usd: Option<f64>,
    /// Number of requests that were sent, and whose answer was lost.
    pub lost: u64,
    /// Number of answers without a cost.
    pub unpriced: u64,
}

impl Spending {
    /// The most that may have been spent, in US dollars, as far as prices are known.
    pub fn most(&self) -> f64 {
        self.usd.unwrap_or(0.0) + self.possible_usd.unwrap_or(0.0)
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) estimator: Estimator,
    usage: Usage,
    usd: Option<f64>,
    in_flight: Load,
    /// Requests that were sent and whose answer was lost.
    lost: Load,
    /// Answers without a cost or without token counts.
    uncounted: Load,
    /// Cost of answers that have token counts and name no cost.
    computed: f64,
    unpriced: u64,
    /// True if an answer had no cost and no price is known.
    is_blind: bool,
}

/// Decision on a request.
pub(super) enum Admission {
    Now,
    /// Once a request in progress is done.
    Later,
    Never(OverBudget),
}

impl Ledger {
    /// Decides on a request. One that does not fit beside those in progress waits for them.
    pub(super) fn admit(&mut self, size: RequestSize, max: f64) -> Admission {
        let (spending, max_rounded) = (self.spending(), max + ROUNDING);
        let estimate = self.estimator.estimate(size);
        let spent = spending.most();
        if !self.is_blind && self.in_flight.requests > 0 {
            let reserved = self.estimator.worst(self.in_flight + size.into());
            let fits = |reserved: f64| spent + reserved <= max_rounded;
            if estimate.worst.is_none() || !reserved.is_some_and(fits) {
                return Admission::Later;
            }
        } else if self.is_blind || !(spent < max && spent + estimate.alone <= max_rounded) {
            return Admission::Never(OverBudget {
                spent: spending.usd.unwrap_or(0.0),
                possible: spending.possible_usd.unwrap_or(0.0),
                max,
                next: estimate.alone,
                is_length_known: size.is_known,
                is_blind: self.is_blind,
            });
        }
        self.begin(size);
        Admission::Now
    }

    pub(super) fn begin(&mut self, size: RequestSize) {
        self.in_flight = self.in_flight + size.into();
    }

    pub(super) fn end(&mut self, size: RequestSize) {
        self.in_flight = self.in_flight - size.into();
    }

    /// Counts a request whose answer was lost: it may have been billed.
    pub(super) fn lose(&mut self, size: RequestSize) {
        self.lost = self.lost + size.into();
    }

    /// Counts what came of a request.
    pub(super) fn settle(&mut self, size: RequestSize, result: &Result<Answer, Error>) {
        let (usd, usage) = match result {
            Ok(answer) => (answer.usd, answer.usage),
            Err(error) => (error.usd(), error.received().and_then(|received| received.usage)),
        };
        self.usage = self.usage + usage.unwrap_or_default();
        self.usd = add(self.usd, usd);
        self.estimator.learn(size, usd, usage);
        match result {
            _ if usd.is_some() => {}
            Err(error) if error.is_answer_lost() => self.lose(size),
            Err(error) if !error.is_after_response() => {}
            _ => self.count_unpriced(size, usage),
        }
    }

    fn count_unpriced(&mut self, size: RequestSize, usage: Option<Usage>) {
        self.unpriced += 1;
        self.is_blind |= !self.estimator.has_prices();
        match usage.and_then(|usage| self.estimator.cost(usage)) {
            Some(usd) => self.computed += usd,
            None => self.uncounted = self.uncounted + size.into(),
        }
    }

    pub(super) fn spending(&self) -> Spending {
        let unknown = self.estimator.worst(self.lost + self.uncounted);
        Spending {
            usage: self.usage,
            usd: self.usd,
            possible_usd: unknown.map(|usd| usd + self.computed),
            lost: self.lost.requests,
            unpriced: self.unpriced,
        }
    }
}
