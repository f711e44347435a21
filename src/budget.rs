//! Tokens and cost of a run, and its spending limit.

use std::sync::Mutex;

use tokio::sync::Notify;

use crate::answer::{Answer, Usage};
use crate::error::{Error, ErrorKind, add};
use crate::platform::lock;

/// Tokens and cost of all requests of a run, and the limit of their cost.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Spending limit in US dollars.
    pub(crate) max_usd: Option<f64>,
    ledger: Mutex<Ledger>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    /// Tokens and cost of every response, also of those without a caption.
    usage: Usage,
    usd: Option<f64>,
    /// Estimated cost of failed requests that may have been billed.
    unreported: f64,
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
    /// Reserves the estimated cost of a request with so many tokens of audio, and waits while that
    /// depends on requests in progress. Without a limit, every request may run.
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
        let mut ledger = lock(&self.ledger);
        let estimate = ledger.estimate(prompt_tokens);
        let (spent, usd) = (ledger.spent(), estimate.unwrap_or(0.0));
        if let Some(max) = self.max_usd {
            if ledger.is_blind || spent >= max || spent + usd > max {
                return Err(Error::BudgetExceeded { spent, max, is_blind: ledger.is_blind });
            }
            let fits = estimate.is_some() && spent + ledger.reserved + usd <= max;
            if ledger.in_flight > 0 && !fits {
                return Ok(None);
            }
        }
        ledger.in_flight += 1;
        ledger.reserved += usd;
        Ok(Some(Reservation { budget: self, usd: estimate }))
    }

    /// Returns the tokens and the cost of every response, also of those without a caption.
    pub(crate) fn totals(&self) -> (Usage, Option<f64>) {
        let ledger = lock(&self.ledger);
        (ledger.usage, ledger.usd)
    }
}

impl Ledger {
    fn spent(&self) -> f64 {
        self.usd.unwrap_or(0.0) + self.unreported
    }

    fn estimate(&self, prompt_tokens: f64) -> Option<f64> {
        Some(self.usd_per_token? * (prompt_tokens + self.max_caption_tokens))
    }

    fn count(&mut self, usd: Option<f64>, usage: Option<Usage>) {
        self.usage = self.usage + usage.unwrap_or_default();
        self.usd = add(self.usd, usd);
        let (Some(usd), Some(usage)) = (usd, usage) else { return };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (audio, caption) = (usage.prompt_tokens as f64, usage.completion_tokens as f64);
        let usd_per_token = usd / (audio + caption).max(1.0);
        self.usd_per_token = Some(self.usd_per_token.unwrap_or(0.0).max(usd_per_token));
        self.max_caption_tokens = self.max_caption_tokens.max(caption);
    }

    /// Counts the cost that the service reported, else the estimate if the request may have been
    /// billed.
    fn count_failure(&mut self, error: &Error, estimate: Option<f64>) {
        self.count(error.usd(), error.received().and_then(|received| received.usage));
        if error.usd().is_some() {
            return;
        }
        if error.is_after_response() && estimate.is_none() {
            self.is_blind = true;
        } else if error.is_after_response() || error.kind() == ErrorKind::Network {
            self.unreported += estimate.unwrap_or(0.0);
        }
    }
}

impl Reservation<'_> {
    /// Counts the tokens and the cost of the finished request.
    pub(crate) fn settle(self, result: &Result<Answer, Error>) {
        let mut ledger = lock(&self.budget.ledger);
        match result {
            Ok(answer) => {
                ledger.is_blind |= answer.usd.is_none();
                ledger.count(answer.usd, answer.usage);
            }
            Err(error) => ledger.count_failure(error, self.usd),
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut ledger = lock(&self.budget.ledger);
        ledger.in_flight -= 1;
        ledger.reserved -= self.usd.unwrap_or(0.0);
        drop(ledger);
        self.budget.changed.notify_waiters();
    }
}
