//! What to send, where, and how long to wait for it.

use std::time::Duration;

use reqwest::Url;

use crate::audio::Clip;

/// The model that [`Options::default`] asks: an audio captioner that takes no prompt and answers
/// in English. Source: AI/ML API's schema of `POST /v1/chat/completions` for this model.
pub const DEFAULT_MODEL: &str = "alibaba/qwen3-omni-30b-a3b-captioner";

/// Where AI/ML API listens. Source: its published schema.
pub const DEFAULT_BASE_URL: &str = "https://api.aimlapi.com/v1";

/// What to send as sound.
#[derive(Debug, Clone)]
pub enum Audio {
    /// The bytes of a clip.
    Clip(Clip),
    /// An address that the service fetches by itself: at most 1 GB and 40 minutes. Source: as
    /// for [`MAX_UPLOAD`](crate::audio::MAX_UPLOAD).
    Url(Url),
}

/// How to ask.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where the service is, with or without `/v1`.
    pub base_url: String,
    /// The model to ask.
    pub model: String,
    /// The longest caption, in tokens, at least 1; what is longer is cut off there.
    pub max_tokens: Option<u32>,
    /// Whether the caption is to come in pieces, told as [`Event::Text`](crate::watch::Event).
    pub stream: bool,
    /// How many times a failed try is repeated where that may help.
    pub max_retries: u32,
    /// How long one try may take, from connecting to the end of the answer.
    pub timeout: Duration,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// The least time between two requests, repeated ones included.
    pub least_gap: Duration,
    /// Whether the key may go over unencrypted HTTP to a host that is not this machine.
    pub allow_http: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            model: DEFAULT_MODEL.to_owned(),
            max_tokens: None,
            stream: false,
            max_retries: 3,
            timeout: Duration::from_mins(5),
            connect_timeout: Duration::from_secs(10),
            least_gap: Duration::ZERO,
            allow_http: false,
        }
    }
}
