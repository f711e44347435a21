//! Spending of a captioner: the size of its requests, for their estimate, and the totals.

use super::Captioner;
use super::send::{audio_tokens, is_captioner};
use crate::audio::MAX_SECONDS;
use crate::budget::{OutputLimits, RequestSize, Reservation, Spending};
use crate::client::{Audio, ClientOptions};
use crate::error::Error;

/// Tokens of the message around the audio. Source: sample response of Alibaba
/// Model Studio, "Qwen3-Omni-Captioner", 2026-01.
const MESSAGE_TOKENS: f64 = 8.0;

/// The longest caption in tokens. Source: the same page.
const MAX_OUTPUT_TOKENS: u32 = 32_768;

/// The lowest plausible bit rate of audio of unknown length, in bytes per second: below AMR at
/// 4.75 kbit/s, the lowest of the formats that the service names.
const MIN_BYTES_PER_SECOND: f64 = 500.0;

impl Captioner {
    /// Returns the tokens and the cost so far, also the cost that is possible and not certain.
    pub fn spending(&self) -> Spending {
        self.budget.spending()
    }

    /// Reserves the cost of an attempt, with prices that are looked up before the first one if there
    /// is a limit.
    pub(super) async fn reserve(&self, size: RequestSize) -> Result<Reservation<'_>, Error> {
        self.budget.list_prices(self.client_options.look_up_prices()).await;
        self.budget.reserve(size).await
    }
}

/// Input tokens of a request; of audio of unknown length, those of the longest that the service takes
/// or its bytes hold.
pub(super) fn request_size(audio: &Audio, seconds: Option<f64>) -> RequestSize {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let longest = match audio {
        Audio::Clip(clip) => (clip.len() as f64 / MIN_BYTES_PER_SECOND).min(MAX_SECONDS),
        Audio::Url(_) => MAX_SECONDS,
    };
    let input_tokens = audio_tokens(seconds.unwrap_or(longest)) + MESSAGE_TOKENS;
    RequestSize { input_tokens, is_known: seconds.is_some() }
}

/// Limits of a caption, by the request and by the model.
pub(super) fn output_limits(options: &ClientOptions) -> OutputLimits {
    let documented = is_captioner(&options.model).then_some(MAX_OUTPUT_TOKENS);
    OutputLimits { requested: options.max_tokens, documented }
}
