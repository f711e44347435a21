//! One line of a manifest: a caption, its cache key, and the facts that came with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CacheKey, Span};
use crate::audio::Sound;
use crate::client::{Answer, Usage, Window};
use crate::text::{milliseconds, seconds};

/// Cached caption as the manifest stores it. A field that does not apply is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ManifestEntry {
    /// Name of the input.
    #[serde(default)]
    pub input: String,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// Length of the file in seconds.
    pub seconds: Option<f64>,
    /// Start of the window in seconds, for an entry about a single window.
    pub start: Option<f64>,
    /// End of the window in seconds, for an entry about a single window.
    pub end: Option<f64>,
    /// The caption.
    pub caption: String,
    /// Number of the audio track, if it is not the default one of its file.
    pub track: Option<usize>,
    /// Requested model.
    pub model: String,
    /// Requested limit of the caption in tokens.
    pub max_tokens: Option<u32>,
    /// Requested length of the windows in seconds.
    pub window: Option<f64>,
    /// Captions of the windows, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Format and levels of the file, if they were measured.
    pub sound: Option<Sound>,
    /// Reason why the model stopped.
    pub finish_reason: Option<String>,
    /// Tokens of the request and the response.
    pub usage: Option<Usage>,
    /// Cost of the request in US dollars.
    pub usd: Option<f64>,
    /// Request ID of the service.
    pub request_id: Option<String>,
    /// Number of attempts.
    pub attempts: Option<u32>,
    /// Time from the first attempt to the end of the response, in milliseconds.
    pub elapsed_ms: Option<u64>,
}

impl ManifestEntry {
    /// Creates the entry of a caption.
    pub(crate) fn new(input: &str, cache_key: &CacheKey, answer: &Answer) -> Self {
        let mut entry = Self {
            input: input.to_owned(),
            sha256: cache_key.sha256.clone().unwrap_or_default(),
            caption: answer.caption.clone(),
            model: cache_key.model.clone(),
            max_tokens: cache_key.max_tokens,
            track: cache_key.track,
            windows: answer.windows.clone(),
            finish_reason: answer.finish_reason.clone(),
            request_id: answer.request_id.clone(),
            attempts: Some(answer.attempts),
            elapsed_ms: u64::try_from(answer.elapsed.as_millis()).ok(),
            ..Self::default()
        };
        // Each window has an entry with its own cost, and a sum over the manifest must be right.
        if answer.windows.is_empty() {
            (entry.usage, entry.usd) = (answer.usage, answer.usd);
        }
        match cache_key.span {
            Span::Whole => {}
            Span::Windows { length_ms } => entry.window = Some(seconds(length_ms)),
            Span::Window { start_ms, end_ms } => {
                (entry.start, entry.end) = (Some(seconds(start_ms)), Some(seconds(end_ms)));
            }
        }
        entry
    }

    /// Cache key of the caption.
    pub(crate) fn cache_key(&self) -> CacheKey {
        CacheKey {
            sha256: Some(self.sha256.clone()),
            model: self.model.clone(),
            max_tokens: self.max_tokens,
            track: self.track,
            span: match (self.window, self.start, self.end) {
                (Some(length), ..) => Span::Windows { length_ms: milliseconds(length) },
                (None, Some(start), Some(end)) => {
                    Span::Window { start_ms: milliseconds(start), end_ms: milliseconds(end) }
                }
                _ => Span::Whole,
            },
        }
    }

    /// Converts the entry back into the answer it was made from.
    pub(crate) fn into_answer(self) -> Answer {
        Answer {
            caption: self.caption,
            finish_reason: self.finish_reason,
            usage: self.usage,
            usd: self.usd,
            request_id: self.request_id,
            attempts: self.attempts.unwrap_or(1),
            elapsed: Duration::from_millis(self.elapsed_ms.unwrap_or(0)),
            windows: self.windows,
            ..Answer::default()
        }
    }

    /// Formats the entry as JSON on one line, without the fields that do not apply.
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let mut fields: Map<String, Value> = serde_json::from_value(serde_json::to_value(self)?)?;
        fields.retain(|_, value| !value.is_null());
        serde_json::to_string(&fields)
    }
}
