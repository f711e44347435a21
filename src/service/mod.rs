//! The only place that knows HTTP, the service's JSON and the key.

use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

pub use self::dialect::DATA_URL_PREFIX;
pub use self::download::Downloader;
pub use self::key::ApiKey;

use self::body::RequestBody;
use crate::audio::Clip;
use crate::caption::Answer;
use crate::error::Error;
use crate::watch::Watch;

mod answer;
mod body;
mod dialect;
mod download;
mod endpoint;
mod fault;
mod http;
mod key;
mod retry;
mod sse;
mod wire;

/// The model that [`Options::default`] asks: an audio captioner that takes no prompt and answers
/// in English. Source: AI/ML API's schema of `POST /v1/chat/completions` for this model.
pub const DEFAULT_MODEL: &str = "alibaba/qwen3-omni-30b-a3b-captioner";

/// Where AI/ML API listens. Source: its published schema.
pub const DEFAULT_BASE_URL: &str = "https://api.aimlapi.com/v1";

/// The longest base64 text that the model's provider takes, in bytes, itself not included.
/// Source: Alibaba Model Studio, "Qwen3-Omni-Captioner", 2026-01: "less than 10 MB". Whether that
/// is 10^6 or 2^20 bytes is not said; the smaller reading is the safe one.
pub const MAX_UPLOAD: u64 = 10_000_000;

/// What to send as sound.
#[derive(Debug, Clone)]
pub enum Audio {
    /// The bytes of a clip.
    Clip(Clip),
    /// An address that the service fetches by itself: at most 1 GB and 40 minutes. Source: as
    /// for [`MAX_UPLOAD`].
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
            timeout: Duration::from_secs(5 * 60),
            connect_timeout: Duration::from_secs(10),
            allow_http: false,
        }
    }
}

/// Asks one service with one key.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    key: ApiKey,
    options: Options,
}

impl Client {
    /// Sets up HTTP; nothing is sent yet.
    ///
    /// Fails with [`Error::BadUrl`], [`Error::InsecureUrl`] or [`Error::Setup`].
    pub fn new(key: ApiKey, options: Options) -> Result<Self, Error> {
        let endpoint = endpoint::resolve(&options.base_url, options.allow_http)?;
        let https = !endpoint::is_plain_loopback(&endpoint);
        let http = http::client(options.connect_timeout, http::NO_REDIRECTS, https)?;
        Ok(Self { http, endpoint, key, options })
    }

    /// Asks for the caption of one recording and waits for the whole of it.
    ///
    /// A try that fails in a way that may pass is repeated up to [`Options::max_retries`] times,
    /// but never once `watch` was told any text.
    pub async fn caption(&self, audio: &Audio, watch: &Watch) -> Result<Answer, Error> {
        let started = Instant::now();
        retry::run(self.options.max_retries, watch, async |attempt| {
            let answer = self.ask_once(audio, watch).await?;
            Ok(Answer { attempts: attempt, elapsed: started.elapsed(), ..answer })
        })
        .await
    }

    async fn ask_once(&self, audio: &Audio, watch: &Watch) -> Result<Answer, Error> {
        let body = RequestBody::new(&self.options, audio, watch);
        let response = self
            .http
            .post(self.endpoint.clone())
            .timeout(self.options.timeout)
            .header(AUTHORIZATION, self.key.bearer())
            .header(CONTENT_TYPE, "application/json")
            .header("X-Client-Request-Id", http::fresh_request_id())
            .body(reqwest::Body::wrap(body))
            .send()
            .await
            .map_err(|error| self.sort(error))?;
        answer::receive(response, &self.options, watch, |error| self.sort(error)).await
    }

    fn sort(&self, error: reqwest::Error) -> Error {
        Error::from_exchange(error, self.endpoint.authority(), self.options.timeout)
    }
}
