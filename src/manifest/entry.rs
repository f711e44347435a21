//! One line of a manifest: a caption, its cache key, and the facts that came with it.

use std::fmt;
use std::time::Duration;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::audio::Sound;
use crate::client::{Answer, Usage, Window};
use crate::manifest::key::{CacheKey, Span};
use crate::text::milliseconds;

/// Limit of the windows in one entry. A day in windows of one second has fewer.
const MAX_WINDOWS: usize = 100_000;

/// Cached caption as the manifest stores it. A field that does not apply is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub(crate) struct ManifestEntry {
    /// Name of the input.
    pub input: String,
    /// SHA-256 of the file, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Length of the file in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Start of the window in seconds, for an entry about a single window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// End of the window in seconds, for an entry about a single window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<f64>,
    /// The caption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Requested model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Requested limit of the caption in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Requested length of the windows in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<f64>,
    /// Captions of the windows, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "windows")]
    pub windows: Vec<Window>,
    /// Format and levels of the file, if they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<Sound>,
    /// Reason why the model stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Tokens of the request and the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Cost of the request in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Request ID of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Number of attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Time from the first attempt to the end of the response, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

impl ManifestEntry {
    /// Creates the entry of a caption.
    pub(crate) fn new(input: &str, cache_key: &CacheKey, answer: &Answer) -> Self {
        let mut entry = Self {
            input: input.to_owned(),
            sha256: cache_key.sha256.clone(),
            caption: Some(answer.caption.clone()),
            model: Some(cache_key.model.clone()),
            max_tokens: cache_key.max_tokens,
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

    /// Cache key of the caption; `None` if a part of it is missing.
    pub(crate) fn cache_key(&self) -> Option<CacheKey> {
        self.caption.as_ref()?;
        Some(CacheKey {
            sha256: Some(self.sha256.clone()?),
            model: self.model.clone()?,
            max_tokens: self.max_tokens,
            span: match (self.window, self.start, self.end) {
                (Some(length), ..) => Span::Windows { length_ms: milliseconds(length) },
                (None, Some(start), Some(end)) => {
                    Span::Window { start_ms: milliseconds(start), end_ms: milliseconds(end) }
                }
                _ => Span::Whole,
            },
        })
    }

    /// Converts the entry back into the answer it was made from.
    pub(crate) fn into_answer(self) -> Option<Answer> {
        Some(Answer {
            caption: self.caption?,
            model: None,
            finish_reason: self.finish_reason,
            usage: self.usage,
            usd: self.usd,
            request_id: self.request_id,
            attempts: self.attempts.unwrap_or(1),
            elapsed: Duration::from_millis(self.elapsed_ms.unwrap_or(0)),
            body: None,
            windows: self.windows,
        })
    }
}

/// Deserializes at most [`MAX_WINDOWS`] windows: each takes more memory than its few bytes of JSON.
fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    struct Windows;

    impl<'de> Visitor<'de> for Windows {
        type Value = Vec<Window>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX_WINDOWS} windows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Window>, A::Error> {
            let mut windows = Vec::new();
            while let Some(window) = list.next_element()? {
                if windows.len() == MAX_WINDOWS {
                    return Err(de::Error::invalid_length(MAX_WINDOWS + 1, &self));
                }
                windows.push(window);
            }
            Ok(windows)
        }
    }

    deserializer.deserialize_seq(Windows)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
