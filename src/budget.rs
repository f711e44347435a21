//! What may be spent in a run, what was, and what is on its way to be.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::client::answer::Answer;
use crate::error::{Error, ErrorKind};

/// A limit in US dollars that the requests of a run keep together.
///
/// What a request will cost is judged by the dearest token so far. Until the first answer told a
/// price, requests go one at a time; the very first is not judged.
#[derive(Debug)]
pub struct Budget {
    max_usd: f64,
    ledger: Mutex<Ledger>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    spent: f64,
    reserved: f64,
    in_flight: usize,
    usd_a_token: Option<f64>,
    longest_caption: f64,
    is_blind: bool,
}

/// What is set aside for a request on its way; given back when dropped.
#[derive(Debug)]
pub struct Reservation<'a> {
    budget: &'a Budget,
    usd: f64,
    is_judged: bool,
}

impl Budget {
    /// A limit for a run that has spent nothing yet.
    pub fn new(max_usd: f64) -> Self {
        Self { max_usd, ledger: Mutex::default(), changed: Notify::new() }
    }

    /// Sets aside what a request with so many tokens of sound may cost, and waits while that
    /// depends on requests under way.
    ///
    /// Fails with [`Error::BudgetExceeded`] where it would go past the limit.
    pub async fn reserve(&self, prompt_tokens: f64) -> Result<Reservation<'_>, Error> {
        loop {
            let changed = self.changed.notified();
            if let Some((usd, is_judged)) = self.try_reserve(prompt_tokens)? {
                return Ok(Reservation { budget: self, usd, is_judged });
            }
            changed.await;
        }
    }

    fn try_reserve(&self, prompt_tokens: f64) -> Result<Option<(f64, bool)>, Error> {
        let mut ledger = self.ledger();
        let usd = ledger.estimate(prompt_tokens).unwrap_or(0.0);
        if ledger.is_blind || ledger.spent >= self.max_usd || ledger.spent + usd > self.max_usd {
            return Err(Error::BudgetExceeded {
                spent: ledger.spent,
                max: self.max_usd,
                is_blind: ledger.is_blind,
            });
        }
        let is_judged = ledger.usd_a_token.is_some();
        let fits = ledger.spent + ledger.reserved + usd <= self.max_usd;
        if ledger.in_flight > 0 && !(is_judged && fits) {
            return Ok(None);
        }
        ledger.in_flight += 1;
        ledger.reserved += usd;
        Ok(Some((usd, is_judged)))
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn estimate(&self, prompt_tokens: f64) -> Option<f64> {
        Some(self.usd_a_token? * (prompt_tokens + self.longest_caption))
    }
}

impl Reservation<'_> {
    /// Counts what the request did cost.
    pub fn spend(self, answer: &Answer) {
        let mut ledger = self.budget.ledger();
        match answer.usd {
            Some(usd) => ledger.spent += usd,
            None => ledger.is_blind = true,
        }
        if let (Some(usd), Some(usage)) = (answer.usd, answer.usage) {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let (sound, caption) = (usage.prompt_tokens as f64, usage.completion_tokens as f64);
            let total = sound + caption;
            let usd_a_token = usd / total.max(1.0);
            ledger.usd_a_token = Some(ledger.usd_a_token.unwrap_or(0.0).max(usd_a_token));
            ledger.longest_caption = ledger.longest_caption.max(caption);
        }
    }

    /// Counts what a failed request may have cost: what the service told, else what was set aside
    /// for it, where it may have been served at all.
    pub fn lose(self, error: &Error) {
        let mut ledger = self.budget.ledger();
        match error.usd() {
            Some(usd) => ledger.spent += usd,
            None if error.is_after_response() && !self.is_judged => ledger.is_blind = true,
            None if error.is_after_response() || error.kind() == ErrorKind::Network => {
                ledger.spent += self.usd;
            }
            None => {}
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        ledger.in_flight -= 1;
        ledger.reserved -= self.usd;
        drop(ledger);
        self.budget.changed.notify_waiters();
    }
}
