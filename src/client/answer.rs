//! The nouns: what is asked for and what comes back, as plain data.

use std::ops::Add;
use std::time::Duration;

/// One answer of the service: a whole caption and what is known about it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The caption, without white space around it; never empty.
    pub caption: String,
    /// The model that answered, in the service's own words: often a shorter name than the one
    /// that was asked for.
    pub model: Option<String>,
    /// Why the model stopped: `stop`, or `length` where [`Options::max_tokens`] cut it short.
    ///
    /// [`Options::max_tokens`]: crate::client::Options::max_tokens
    pub finish_reason: Option<String>,
    /// Tokens in and out.
    pub usage: Option<Usage>,
    /// What the request cost in US dollars.
    pub usd: Option<f64>,
    /// The service's name for the request.
    pub request_id: Option<String>,
    /// How many times the request was sent, the last one included.
    pub attempts: u32,
    /// Time from the first try to the end of the answer.
    pub elapsed: Duration,
    /// The body of the response as received; `None` where it was streamed.
    pub body: Option<String>,
    /// For sound that was cut into windows, what was answered about each. The fields above are
    /// then of all of them together.
    pub windows: Vec<Window>,
}

/// The caption of a part of a longer sound.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Window {
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
    /// What it sounds like.
    pub caption: String,
    /// The body of the response as received; `None` where it was streamed or is known.
    #[serde(skip)]
    pub body: Option<String>,
}

/// Tokens counted by the service: 12.5 a second of sound and a few for the frame going in, about
/// four characters each coming out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the sound and the text around it.
    pub prompt_tokens: u64,
    /// Tokens of the caption.
    pub completion_tokens: u64,
    /// The sum of both; 0 where a server leaves it out.
    #[serde(default)]
    pub total_tokens: u64,
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
