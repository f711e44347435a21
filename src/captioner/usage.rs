//! Token usage of a run, and the check that the service received the audio.

use std::sync::{Mutex, PoisonError};

use crate::client::{Answer, Usage};
use crate::error::{Error, add};

/// Tokens per second of audio; a shorter clip counts as one second. Source: Alibaba Model Studio,
/// "Qwen3-Omni-Captioner", 2026-01.
const TOKENS_PER_SECOND: f64 = 12.5;

/// End of the model's name at every provider. Other models count differently.
const CAPTIONER: &str = "qwen3-omni-30b-a3b-captioner";

/// Counter of every response, also of those without a caption: tokens, and cost in US dollars.
#[derive(Debug, Default)]
pub(super) struct UsageCounter(Mutex<(Usage, Option<f64>)>);

impl UsageCounter {
    pub(super) fn count(&self, result: &Result<Answer, Error>) {
        let (counted, cost) = match result {
            Ok(answer) => (answer.usage.unwrap_or_default(), answer.usd),
            Err(error) => {
                let usage = error.received().and_then(|received| received.usage);
                (usage.unwrap_or_default(), error.usd())
            }
        };
        let mut totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (usage, usd) = &mut *totals;
        *usage = *usage + counted;
        *usd = add(*usd, cost, |one, other| one + other);
    }

    pub(super) fn totals(&self) -> (Usage, Option<f64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the tokens of so many seconds of audio.
pub(super) fn audio_tokens(seconds: f64) -> f64 {
    (seconds.max(1.0) * TOKENS_PER_SECOND).ceil()
}

/// Fails with [`Error::NotHeard`] if the service counted less than half of the expected tokens.
pub(super) fn check_tokens(
    model: &str,
    seconds: Option<f64>,
    answer: &Answer,
) -> Result<(), Error> {
    let (Some(seconds), Some(usage)) = (seconds, answer.usage) else { return Ok(()) };
    let expected = audio_tokens(seconds);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let counted = usage.prompt_tokens as f64;
    let is_unknown = usage.prompt_tokens == 0;
    if is_unknown || counted >= expected / 2.0 || !model.to_lowercase().ends_with(CAPTIONER) {
        return Ok(());
    }
    Err(Error::NotHeard {
        prompt_tokens: usage.prompt_tokens,
        expected,
        request_id: answer.request_id.clone(),
    })
}
