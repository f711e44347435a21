//! Outcome of one input.

use std::io;

use crate::audio::{AudioTrack, Sound, Truncation};
use crate::client::Answer;
use crate::error::{Effect, Error};
use crate::input::{Input, InputError};
use crate::manifest::CacheKey;
use crate::rules::{Finding, Severity};

/// One input and its result.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Name of the input in every output.
    pub name: String,
    /// The input. `None` if the search for inputs failed.
    pub input: Option<Input>,
    /// Key of the caption, once the file was read.
    pub cache_key: Option<CacheKey>,
    /// Duration in seconds, if known.
    pub seconds: Option<f64>,
    /// End that is missing from the audio, if so.
    pub truncation: Option<Truncation>,
    /// Audio track that is captioned, of a file with several.
    pub track: Option<AudioTrack>,
    /// Name of the program that decodes the audio, if it is another one.
    pub decoder: Option<&'static str>,
    /// True if the caption was requested for another input of the same run.
    pub is_duplicate: bool,
    /// Format and levels of the audio, if measured.
    pub sound: Option<Sound>,
    /// Violations of rules.
    pub findings: Vec<Finding>,
    /// Result of the input.
    pub status: Status,
    /// Error of writing the caption to the manifest. The caption is in `status` all the same.
    pub manifest_error: Option<io::Error>,
}

/// Result of one input.
#[derive(Debug)]
pub enum Status {
    /// The service returned a caption.
    Captioned(Answer),
    /// The caption was cached; nothing was sent.
    Cached(Answer),
    /// The outputs of the input exist already. Used by programs; a captioner never returns it.
    Skipped,
    /// The audio violates a rule and was not sent.
    Blocked,
    /// There is no caption.
    Failed(Error),
}

impl Outcome {
    /// Creates the outcome of an input that was not read.
    pub fn new(input: Input, status: Status) -> Self {
        Self::empty(input.name.clone(), Some(input), status)
    }

    fn empty(name: String, input: Option<Input>, status: Status) -> Self {
        Self {
            name,
            input,
            cache_key: None,
            seconds: None,
            truncation: None,
            track: None,
            decoder: None,
            is_duplicate: false,
            sound: None,
            findings: Vec::new(),
            status,
            manifest_error: None,
        }
    }

    /// Returns the answer with the caption, new or cached.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.status {
            Status::Captioned(answer) | Status::Cached(answer) => Some(answer),
            Status::Skipped | Status::Blocked | Status::Failed(_) => None,
        }
    }

    /// True if a rule of severity [`Error`](Severity::Error) is violated.
    pub fn has_violation(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Returns the error of a failed input.
    pub fn error(&self) -> Option<&Error> {
        match &self.status {
            Status::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// True if the run ended before the input was started.
    pub fn is_not_tried(&self) -> bool {
        matches!(self.error(), Some(Error::NotTried { .. }))
    }

    /// True if the other inputs would fail in the same way.
    pub(crate) fn stops_run(&self) -> bool {
        let effect = self.error().map(Error::effect);
        self.manifest_error.is_some() || effect == Some(Effect::StopRun)
    }
}

impl From<InputError> for Outcome {
    /// Creates the outcome of a failed search for inputs.
    fn from(error: InputError) -> Self {
        Self::empty(error.name, None, Status::Failed(error.error))
    }
}
