//! Whether the service listened, told by what it charged for.

use crate::client::answer::Answer;
use crate::error::Error;

/// Tokens of one second of sound; a shorter clip counts as one second. Source: Alibaba Model
/// Studio, "Qwen3-Omni-Captioner", 2026-01.
const TOKENS_A_SECOND: f64 = 12.5;

/// What the names of the captioner end in, whoever serves it; other models count otherwise.
const CAPTIONER: &str = "qwen3-omni-30b-a3b-captioner";

/// Tokens of a sound of that many seconds.
pub(super) fn tokens(seconds: f64) -> f64 {
    (seconds.max(1.0) * TOKENS_A_SECOND).ceil()
}

/// Fails with [`Error::NotHeard`] where less than half of the sound was counted.
pub(super) fn check_heard(model: &str, seconds: Option<f64>, answer: &Answer) -> Result<(), Error> {
    let (Some(seconds), Some(usage)) = (seconds, answer.usage) else { return Ok(()) };
    let expected = tokens(seconds);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let heard = usage.prompt_tokens as f64;
    if heard >= expected / 2.0 || !model.to_lowercase().ends_with(CAPTIONER) {
        return Ok(());
    }
    Err(Error::NotHeard {
        prompt_tokens: usage.prompt_tokens,
        expected,
        usd: answer.usd,
        request_id: answer.request_id.clone(),
    })
}
