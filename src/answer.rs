//! Answer of the service: a caption and the facts about its request.

use std::ops::Add;
use std::time::Duration;

/// Complete caption and the facts about its request.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Caption without surrounding white space; never empty.
    pub caption: String,
    /// Model named by the service, often a shorter name than the requested one.
    pub model: Option<String>,
    /// Reason why the model stopped: `stop`, or `length` if
    /// [`max_tokens`](crate::client::ClientOptions::max_tokens) cut the caption.
    pub finish_reason: Option<String>,
    /// Token counts.
    pub usage: Option<Usage>,
    /// Cost of the request in US dollars.
    pub usd: Option<f64>,
    /// Request id of the service.
    pub request_id: Option<String>,
    /// Number of attempts, the last one included.
    pub attempts: u32,
    /// Time from the first attempt to the end of the response.
    pub elapsed: Duration,
    /// Body of the response as received; `None` if it was streamed.
    pub body: Option<String>,
    /// Captions of the windows, if the audio was split; the fields above then cover all of them.
    pub windows: Vec<Window>,
}

/// Caption of one window of longer audio.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Window {
    /// Start in seconds.
    pub start: f64,
    /// End in seconds.
    pub end: f64,
    /// Caption of the window.
    pub caption: String,
    /// Body of the response as received; `None` if it was streamed or the caption is cached.
    #[serde(skip)]
    pub body: Option<String>,
}

/// Tokens counted by the service: 12.5 per second of audio and a few for the message, and about
/// four characters per output token. A number that the service does not report is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Input tokens: the audio and the message around it.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub prompt_tokens: u64,
    /// Output tokens: the caption.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub completion_tokens: u64,
    /// Sum of both.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub total_tokens: u64,
}

impl Answer {
    /// True if the caption was cut at [`max_tokens`](crate::client::ClientOptions::max_tokens).
    pub fn is_cut(&self) -> bool {
        Stop::of(self.finish_reason.as_deref()) == Stop::Limit
    }
}

/// Meaning of a finish reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The caption is complete, or the service gave no reason.
    Complete,
    /// The limit of tokens was reached.
    Limit,
    Other,
}

impl Stop {
    /// Reads a reason in any spelling that servers use.
    pub(crate) fn of(reason: Option<&str>) -> Self {
        match reason.unwrap_or("stop").to_ascii_lowercase().as_str() {
            "stop" | "eos" | "eos_token" | "stop_sequence" | "complete" | "completed"
            | "end_turn" | "finished" | "done" => Self::Complete,
            "length" | "max_length" | "model_length" | "max_tokens" | "max_output_tokens" => {
                Self::Limit
            }
            _ => Self::Other,
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
            total_tokens: self.total_tokens.saturating_add(other.total_tokens),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_unknown(count: &u64) -> bool {
    *count == 0
}
