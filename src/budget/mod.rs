//! Tokens and cost of a run, and its spending limit.
//!
//! Each attempt reserves the most that it may cost before it is sent, and waits while that fits only
//! once others are done. One that does not fit even alone ends the run. Where the most is not known,
//! requests run beside others only with room to spare, and otherwise one at a time, so that the
//! limit is exceeded by the cost of one request at most.

use std::sync::Mutex;

use tokio::sync::{Notify, OnceCell};

use crate::answer::Answer;
use crate::error::Error;
use crate::platform::lock;

use self::ledger::{Admission, Ledger};

mod estimate;
mod ledger;
#[cfg(test)]
mod simulation;

pub use self::estimate::Prices;
pub(crate) use self::estimate::{OutputLimits, RequestSize};
pub use self::ledger::Spending;

/// Tokens and cost of all requests of a run, and the limit of their cost.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Spending limit in US dollars.
    pub(crate) max_usd: Option<f64>,
    /// Held by the first request that waits: a large one is not overtaken by smaller ones for ever.
    queue: tokio::sync::Mutex<()>,
    /// Set once the prices were looked up.
    listed: OnceCell<()>,
    ledger: Mutex<Ledger>,
    changed: Notify,
}

/// Highest cost of an attempt, which no other one may spend. Dropped before the attempt has a
/// result, it counts as lost if the request was sent.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    budget: &'a Budget,
    size: RequestSize,
    is_sent: bool,
}

impl Budget {
    /// Sets the limits of a caption.
    pub(crate) fn set_output_limits(&self, limits: OutputLimits) {
        lock(&self.ledger).estimator.limits = limits;
    }

    /// Looks up the prices, once, if there is a limit.
    pub(crate) async fn list_prices(&self, look_up: impl Future<Output = Option<Prices>>) {
        if self.max_usd.is_some() {
            let list = async {
                let prices = look_up.await;
                lock(&self.ledger).estimator.list(prices);
            };
            self.listed.get_or_init(|| list).await;
        }
    }

    /// Reserves the highest cost of an attempt. Without a limit, every request may run.
    ///
    /// Fails with [`Error::BudgetExceeded`] if the request would exceed the limit.
    pub(crate) async fn reserve(&self, size: RequestSize) -> Result<Reservation<'_>, Error> {
        let reservation = || Reservation { budget: self, size, is_sent: false };
        let Some(max) = self.max_usd else {
            lock(&self.ledger).begin(size);
            return Ok(reservation());
        };
        let _first = self.queue.lock().await;
        loop {
            let changed = self.changed.notified();
            let admission = lock(&self.ledger).admit(size, max);
            match admission {
                Admission::Now => return Ok(reservation()),
                Admission::Later => changed.await,
                Admission::Never(error) => return Err(Error::BudgetExceeded(error)),
            }
        }
    }

    /// Returns the tokens and the cost so far.
    pub(crate) fn spending(&self) -> Spending {
        lock(&self.ledger).spending()
    }
}

impl Reservation<'_> {
    /// Marks the request as sent: from now on it may be billed.
    pub(crate) fn sent(&mut self) {
        self.is_sent = true;
    }

    /// Counts the tokens and the cost of the attempt.
    pub(crate) fn settle(mut self, result: &Result<Answer, Error>) {
        self.is_sent = false;
        lock(&self.budget.ledger).settle(self.size, result);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut ledger = lock(&self.budget.ledger);
        ledger.end(self.size);
        if self.is_sent {
            ledger.lose(self.size);
        }
        drop(ledger);
        self.budget.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn an_attempt_that_was_given_up_is_lost_if_it_was_sent() {
        let budget = Budget { max_usd: Some(1.0), ..Budget::default() };
        let reserve = || budget.reserve(RequestSize::default()).now_or_never().unwrap().unwrap();
        drop(reserve());
        assert_eq!(budget.spending().lost, 0);
        let mut sent = reserve();
        sent.sent();
        drop(sent);
        assert_eq!(budget.spending().lost, 1);
        // Nothing is known, so that a second one waits.
        let alone = reserve();
        assert!(budget.reserve(RequestSize::default()).now_or_never().is_none());
        drop(alone);
        drop(reserve());
    }
}
