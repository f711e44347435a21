//! An outcome as one JSON object: the data behind jsonl, csv and the HTML page.

use caption::{Effect, Error, Finding, Outcome, Sound, Usage, Window};
use serde::Serialize;

use super::RenderOptions;
use crate::ui::hints::hint;

/// The fields that scripts rely on, in their order. A field that does not apply is left out.
#[derive(Default, Serialize)]
pub(super) struct Record {
    /// Name of the input.
    pub(super) input: String,
    /// SHA-256 of the file, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Length in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caption: Option<String>,
    /// Requested model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    /// Requested limit in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    /// Requested length of the windows in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) windows: Vec<Window>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sound: Option<Sound>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
    /// Cost in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    /// Time from the first attempt to the end of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorObject>,
}

/// Reason why there is no caption.
#[derive(Serialize)]
pub(super) struct ErrorObject {
    /// Stable name of the error's kind.
    pub(super) kind: String,
    pub(super) message: String,
    hint: String,
    /// HTTP status code.
    status: Option<u16>,
    request_id: Option<String>,
    /// True if the same request may succeed later.
    retryable: bool,
}

impl Record {
    /// Creates the record of an outcome; `prepend` and `append` go around its captions.
    pub(super) fn new(outcome: &Outcome, options: &RenderOptions) -> Self {
        let (input, sound) = (outcome.name.clone(), outcome.sound.clone());
        if let Some(error) = outcome.error() {
            let error = Some(ErrorObject::new(error));
            return Self { input, sound, error, ..Self::default() };
        }
        let mut record = Self {
            input,
            sound,
            seconds: outcome.seconds.map(|seconds| (seconds * 1000.0).round() / 1000.0),
            findings: outcome.findings.clone(),
            ..Self::default()
        };
        if let Some(cache_key) = &outcome.cache_key {
            record.sha256.clone_from(&cache_key.sha256);
            record.model = Some(cache_key.model.clone());
            record.max_tokens = cache_key.max_tokens;
            record.window = cache_key.window_length().map(|window| window.as_secs_f64());
        }
        if let Some(answer) = outcome.answer() {
            record.caption = Some(options.decorate(&answer.caption));
            record.windows.clone_from(&answer.windows);
            for window in &mut record.windows {
                window.caption = options.decorate(&window.caption);
            }
            record.finish_reason.clone_from(&answer.finish_reason);
            (record.usage, record.usd) = (answer.usage, answer.usd);
            record.request_id.clone_from(&answer.request_id);
            record.attempts = Some(answer.attempts);
            record.elapsed_ms = u64::try_from(answer.elapsed.as_millis()).ok();
        }
        record
    }
}

impl ErrorObject {
    fn new(error: &Error) -> Self {
        Self {
            kind: error.kind().to_string(),
            message: error.to_string(),
            hint: hint(error).into_owned(),
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            retryable: error.effect() == Effect::Retry,
        }
    }
}
