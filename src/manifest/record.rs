//! An outcome as one JSON object: a line of `jsonl` output and of the manifest.

use std::fmt;
use std::time::Duration;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::audio::Sound;
use crate::client::answer::{Answer, Usage, Window};
use crate::error::{Effect, Error};
use crate::outcome::{CacheKey, Outcome, Span, Status};
use crate::rules::finding::Finding;
use crate::text::{in_milliseconds, milliseconds};

/// A day in windows of a second has fewer.
const MOST_WINDOWS: usize = 100_000;

/// The fields that scripts rely on, in their order. One that does not apply is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Record {
    /// The name that the input goes by.
    pub input: String,
    /// SHA-256 of the sound's bytes, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Length in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// In a manifest, for one window of a sound: where it begins, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// In a manifest, for one window of a sound: where it ends, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<f64>,
    /// The caption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The model that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The limit that was asked for, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The length of the windows that was asked for, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<f64>,
    /// The captions of the windows, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "windows")]
    pub windows: Vec<Window>,
    /// What was measured of the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<Sound>,
    /// The rules that it breaks; never in a manifest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Why the model stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Tokens in and out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost in US dollars when it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// The service's name for the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How many times the request was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Time from the first try to the end of the answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Why there is no caption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// Why there is no caption, for programs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Failure {
    /// The stable name of [`ErrorKind`](crate::error::ErrorKind).
    pub kind: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// The HTTP status code, where there was one.
    pub status: Option<u16>,
    /// The service's name for the request.
    pub request_id: Option<String>,
    /// Whether the same request may well succeed later.
    pub retryable: bool,
}

impl Record {
    /// The record of an outcome; `hint` tells what to do about an error.
    pub fn new(outcome: &Outcome, hint: impl Fn(&Error) -> String) -> Self {
        let mut record = match &outcome.status {
            Status::Captioned(answer) | Status::Cached(answer) => Self::of_answer(answer),
            Status::Failed(error) => {
                let failure = Failure::new(error, hint(error));
                return Self {
                    input: outcome.name.clone(),
                    error: Some(failure),
                    sound: outcome.sound.clone(),
                    ..Self::default()
                };
            }
            Status::Skipped | Status::Blocked => Self::default(),
        };
        record.input.clone_from(&outcome.name);
        record.seconds = outcome.seconds.map(in_milliseconds);
        record.sound.clone_from(&outcome.sound);
        record.findings.clone_from(&outcome.findings);
        if let Some(cache_key) = &outcome.cache_key {
            record.take_question(cache_key);
        }
        record
    }

    /// The record of one window of an input.
    pub(crate) fn of_window(input: &str, cache_key: &CacheKey, answer: &Answer) -> Self {
        let mut record = Self { input: input.to_owned(), ..Self::of_answer(answer) };
        record.take_question(cache_key);
        record
    }

    fn take_question(&mut self, cache_key: &CacheKey) {
        self.sha256.clone_from(&cache_key.sha256);
        self.model = Some(cache_key.model.clone());
        self.max_tokens = cache_key.max_tokens;
        match cache_key.span {
            Span::Whole => {}
            Span::Windows { length_ms } => self.window = Some(seconds(length_ms)),
            Span::Window { start_ms, end_ms } => {
                (self.start, self.end) = (Some(seconds(start_ms)), Some(seconds(end_ms)));
            }
        }
    }

    fn of_answer(answer: &Answer) -> Self {
        Self {
            caption: Some(answer.caption.clone()),
            finish_reason: answer.finish_reason.clone(),
            usage: answer.usage,
            usd: answer.usd,
            request_id: answer.request_id.clone(),
            attempts: Some(answer.attempts),
            windows: answer.windows.clone(),
            elapsed_ms: u64::try_from(answer.elapsed.as_millis()).ok(),
            ..Self::default()
        }
    }

    /// The question that this record answers, where it does.
    pub fn cache_key(&self) -> Option<CacheKey> {
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

    /// The answer that this record keeps.
    pub fn into_answer(self) -> Option<Answer> {
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

impl Failure {
    fn new(error: &Error, hint: String) -> Self {
        Self {
            kind: error.kind().to_string(),
            message: error.to_string(),
            hint,
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            retryable: error.effect() == Effect::Retry,
        }
    }
}

/// Reads no more than a sound may have: each takes more memory than its few bytes.
fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    struct Windows;

    impl<'de> Visitor<'de> for Windows {
        type Value = Vec<Window>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST_WINDOWS} windows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Window>, A::Error> {
            let mut windows = Vec::new();
            while let Some(window) = list.next_element()? {
                if windows.len() == MOST_WINDOWS {
                    return Err(de::Error::invalid_length(MOST_WINDOWS + 1, &self));
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
