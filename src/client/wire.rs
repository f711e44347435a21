//! The JSON of the service: what is sent, and the little that is read of what comes back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::content_part::ContentPart;
use super::options::Options;
use crate::client::answer::Usage;

/// A request for one caption. Optional keys are left out: a `null` is answered with 400.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: [Message; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: [ContentPart; 1],
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Request<'a> {
    pub(super) fn new(options: &'a Options, part: ContentPart) -> Self {
        Self {
            model: &options.model,
            messages: [Message { role: "user", content: [part] }],
            max_tokens: options.max_tokens,
            stream: options.stream.then_some(true),
            stream_options: options.stream.then_some(StreamOptions { include_usage: true }),
        }
    }
}

/// A whole answer or one event of a stream. Only the caption decides whether it can be used:
/// whatever else is missing or of another type than documented counts as not there.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Completion {
    #[serde(deserialize_with = "lenient")]
    pub(super) choices: Vec<Choice>,
    #[serde(deserialize_with = "lenient")]
    pub(super) model: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) usage: Option<Usage>,
    #[serde(deserialize_with = "lenient")]
    pub(super) meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    /// In a whole answer.
    #[serde(deserialize_with = "lenient")]
    pub(super) message: Text,
    /// In an event of a stream.
    #[serde(deserialize_with = "lenient")]
    pub(super) delta: Text,
    #[serde(deserialize_with = "lenient")]
    pub(super) finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Text {
    #[serde(deserialize_with = "lenient")]
    pub(super) content: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    #[serde(deserialize_with = "lenient")]
    pub(super) usage: Cost,
}

/// What AI/ML API adds to its answers: the price of this very request.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Cost {
    #[serde(deserialize_with = "lenient")]
    pub(super) usd_spent: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) credits_used: Option<f64>,
}

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}
