//! Spending limit shared by all requests of a run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::client::{Answer, Usage};
use crate::error::{Error, ErrorKind};

/// Spending limit in US dollars, shared by all requests of a run.
#[derive(Debug)]
pub(crate) struct Budget {
    max_usd: f64,
    ledger: Mutex<Ledger>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    spent: f64,
    reserved: f64,
    in_flight: usize,
    usd_per_token: Option<f64>,
    max_caption_tokens: f64,
    /// True if a response had no cost.
    is_blind: bool,
}

/// Estimated cost of a request in progress; released when dropped.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    budget: &'a Budget,
    /// `None` while no price is known.
    usd: Option<f64>,
}

impl Budget {
    /// Creates a limit with nothing spent.
    pub(crate) fn new(max_usd: f64) -> Self {
        Self { max_usd, ledger: Mutex::default(), changed: Notify::new() }
    }

    /// Reserves the estimated cost of a request with so many tokens of audio, and waits while that
    /// depends on requests in progress.
    ///
    /// Fails with [`Error::BudgetExceeded`] if the request would exceed the limit.
    pub(crate) async fn reserve(&self, prompt_tokens: f64) -> Result<Reservation<'_>, Error> {
        loop {
            let changed = self.changed.notified();
            if let Some(reservation) = self.try_reserve(prompt_tokens)? {
                return Ok(reservation);
            }
            changed.await;
        }
    }

    fn try_reserve(&self, prompt_tokens: f64) -> Result<Option<Reservation<'_>>, Error> {
        let mut ledger = self.ledger();
        let estimate = ledger.estimate(prompt_tokens);
        let usd = estimate.unwrap_or(0.0);
        if ledger.is_blind || ledger.spent >= self.max_usd || ledger.spent + usd > self.max_usd {
            return Err(Error::BudgetExceeded {
                spent: ledger.spent,
                max: self.max_usd,
                is_blind: ledger.is_blind,
            });
        }
        let fits = estimate.is_some() && ledger.spent + ledger.reserved + usd <= self.max_usd;
        if ledger.in_flight > 0 && !fits {
            return Ok(None);
        }
        ledger.in_flight += 1;
        ledger.reserved += usd;
        Ok(Some(Reservation { budget: self, usd: estimate }))
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn estimate(&self, prompt_tokens: f64) -> Option<f64> {
        Some(self.usd_per_token? * (prompt_tokens + self.max_caption_tokens))
    }

    fn count(&mut self, usd: f64, usage: Option<Usage>) {
        self.spent += usd;
        let Some(usage) = usage else { return };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (audio, caption) = (usage.prompt_tokens as f64, usage.completion_tokens as f64);
        let usd_per_token = usd / (audio + caption).max(1.0);
        self.usd_per_token = Some(self.usd_per_token.unwrap_or(0.0).max(usd_per_token));
        self.max_caption_tokens = self.max_caption_tokens.max(caption);
    }

    /// Counts the cost that the service reported, else the estimate if the request may have been
    /// billed.
    fn count_failure(&mut self, error: &Error, estimate: Option<f64>) {
        match error.usd() {
            Some(usd) => self.count(usd, error.received().and_then(|received| received.usage)),
            None if error.is_after_response() && estimate.is_none() => self.is_blind = true,
            None if error.is_after_response() || error.kind() == ErrorKind::Network => {
                self.spent += estimate.unwrap_or(0.0);
            }
            None => {}
        }
    }
}

impl Reservation<'_> {
    /// Counts the cost of the finished request.
    pub(crate) fn settle(self, result: &Result<Answer, Error>) {
        let mut ledger = self.budget.ledger();
        match result {
            Ok(Answer { usd: Some(usd), usage, .. }) => ledger.count(*usd, *usage),
            // Without a cost the limit cannot be kept.
            Ok(_) => ledger.is_blind = true,
            Err(error) => ledger.count_failure(error, self.usd),
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        ledger.in_flight -= 1;
        ledger.reserved -= self.usd.unwrap_or(0.0);
        drop(ledger);
        self.budget.changed.notify_waiters();
    }
}
