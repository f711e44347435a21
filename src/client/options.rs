//! What to send, where, and how long to wait for it.

use std::path::PathBuf;
use std::time::Duration;

use super::dialect::Dialect;
use super::endpoint;

/// The model that [`Options::default`] asks: an audio captioner that takes no prompt and answers
/// in English. Source: AI/ML API's schema of `POST /v1/chat/completions` for this model.
pub const DEFAULT_MODEL: &str = "alibaba/qwen3-omni-30b-a3b-captioner";

/// Where AI/ML API listens. Source: its published schema.
pub const DEFAULT_BASE_URL: &str = "https://api.aimlapi.com/v1";

/// How to ask.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where the service is, with or without `/v1`.
    pub base_url: String,
    /// The model to ask.
    pub model: String,
    /// How sound is written for the server; `None` goes by the host of the base URL, and tries the
    /// others where a server refuses that.
    pub dialect: Option<Dialect>,
    /// The longest caption, in tokens, at least 1; what is longer is cut off there.
    pub max_tokens: Option<u32>,
    /// Whether the caption is to come in pieces, told as [`Event::Text`](crate::progress::Event).
    pub stream: bool,
    /// How many times a failed try is repeated where that may help.
    pub max_retries: u32,
    /// How long one try may take, from connecting to the end of the answer.
    pub timeout: Duration,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// The least time between two requests, repeated ones included.
    pub min_interval: Duration,
    /// Goes through this HTTP proxy, but for what `NO_PROXY` names and plain HTTP to this machine;
    /// an empty one stands for none; `None` asks the environment and the system.
    pub proxy: Option<String>,
    /// A file of certificates (PEM) of authorities that are trusted beside those of the system.
    pub authorities: Option<PathBuf>,
    /// Whether the key may go over unencrypted HTTP to a host that is not this machine.
    pub allow_http: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            model: DEFAULT_MODEL.to_owned(),
            dialect: None,
            max_tokens: None,
            stream: false,
            max_retries: 3,
            timeout: Duration::from_mins(5),
            connect_timeout: Duration::from_secs(10),
            min_interval: Duration::ZERO,
            proxy: None,
            authorities: None,
            allow_http: false,
        }
    }
}

impl Options {
    /// How sound is written for the server at first.
    pub fn first_dialect(&self) -> Dialect {
        let url = endpoint::resolve(&self.base_url, true).ok();
        self.dialect.or_else(|| Dialect::of_host(&url?)).unwrap_or_default()
    }
}
