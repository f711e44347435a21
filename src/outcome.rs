//! What became of one input.

use std::io;

use crate::audio::Sound;
use crate::client::answer::Answer;
use crate::error::Error;
use crate::input::{Input, InputError};
use crate::rules::finding::{Finding, Severity};
use crate::text::milliseconds;

/// One input and how it ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The name that the input goes by.
    pub name: String,
    /// The input; `None` for what was lost while inputs were looked for.
    pub input: Option<Input>,
    /// What was asked about it, where it got so far.
    pub cache_key: Option<CacheKey>,
    /// Length of the sound in seconds, as far as it is known.
    pub seconds: Option<f64>,
    /// What was measured of the sound, where it was asked for.
    pub sound: Option<Sound>,
    /// The rules that it breaks.
    pub findings: Vec<Finding>,
    /// How it ended.
    pub status: Status,
    /// Why the caption could not be kept in the manifest; it is in `ending` all the same.
    pub manifest_error: Option<io::Error>,
}

/// How an input ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Status {
    /// The service was asked and answered.
    Captioned(Answer),
    /// The caption was known: nothing was sent.
    Cached(Answer),
    /// Everything that would be written for it was there already.
    Skipped,
    /// The sound breaks a rule, so that it was not sent.
    Blocked,
    /// There is no caption.
    Failed(Error),
}

/// What an answer depends on: the same question has the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CacheKey {
    /// The SHA-256 of the sound's bytes in lower-case hexadecimal; `None` for a URL that the
    /// service fetches, whose bytes nobody here sees.
    pub sha256: Option<String>,
    /// The model that is asked.
    pub model: String,
    /// The longest caption in tokens, where there is a limit.
    pub max_tokens: Option<u32>,
    /// How much of the sound is asked about at once.
    pub span: Span,
}

/// How much of a sound a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Span {
    /// All of it, in one caption.
    #[default]
    Whole,
    /// All of it, in windows of this length.
    Windows {
        /// The length that was asked for.
        length_ms: u64,
    },
    /// One window.
    Window {
        /// Where it begins.
        start_ms: u64,
        /// Where it ends.
        end_ms: u64,
    },
}

impl CacheKey {
    /// The same question about one window, from and to so many seconds.
    pub(crate) fn about(&self, start: f64, end: f64) -> Self {
        let (start_ms, end_ms) = (milliseconds(start), milliseconds(end));
        Self { span: Span::Window { start_ms, end_ms }, ..self.clone() }
    }
}

impl Outcome {
    /// For what was lost while inputs were looked for.
    pub fn of_lost(lost: InputError) -> Self {
        let InputError { name, error } = lost;
        Self {
            name,
            input: None,
            cache_key: None,
            seconds: None,
            sound: None,
            findings: Vec::new(),
            status: Status::Failed(error),
            manifest_error: None,
        }
    }

    /// For an input whose sound was not looked at.
    pub fn of(input: Input, status: Status) -> Self {
        let name = input.name.clone();
        Self {
            name,
            input: Some(input),
            cache_key: None,
            seconds: None,
            sound: None,
            findings: Vec::new(),
            status,
            manifest_error: None,
        }
    }

    /// The answer, whether new or known.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.status {
            Status::Captioned(answer) | Status::Cached(answer) => Some(answer),
            Status::Skipped | Status::Blocked | Status::Failed(_) => None,
        }
    }

    /// Whether it breaks a rule that fails an audit.
    pub fn is_broken(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Why there is no caption.
    pub fn error(&self) -> Option<&Error> {
        match &self.status {
            Status::Failed(error) => Some(error),
            _ => None,
        }
    }
}
