//! What the answers of a run have cost.

use std::sync::{Mutex, PoisonError};

use crate::client::answer::Answer;
use crate::error::Error;

/// What was paid for, as far as the service tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct UsageTotals {
    /// Tokens of sound.
    pub prompt_tokens: u64,
    /// Tokens of captions.
    pub completion_tokens: u64,
    /// US dollars.
    pub usd: Option<f64>,
}

/// Counts every answer the moment it is there, whatever becomes of it.
#[derive(Debug, Default)]
pub(super) struct UsageCounter(Mutex<UsageTotals>);

impl UsageCounter {
    pub(super) fn count(&self, result: &Result<Answer, Error>) {
        let (usage, usd) = match result {
            Ok(answer) => (answer.usage, answer.usd),
            Err(error) => (None, error.usd()),
        };
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(usage) = usage {
            spent.prompt_tokens = spent.prompt_tokens.saturating_add(usage.prompt_tokens);
            spent.completion_tokens =
                spent.completion_tokens.saturating_add(usage.completion_tokens);
        }
        if let Some(usd) = usd {
            spent.usd = Some(spent.usd.unwrap_or(0.0) + usd);
        }
    }

    pub(super) fn spent(&self) -> UsageTotals {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
