//! Options of a client.

use std::path::PathBuf;
use std::time::Duration;

use super::dialect::Dialect;
use super::endpoint;

/// Default model: an audio captioner that takes no prompt and responds in English. Source: AI/ML
/// API's schema of `POST /v1/chat/completions` for this model.
pub(crate) const DEFAULT_MODEL: &str = "alibaba/qwen3-omni-30b-a3b-captioner";

/// Base URL of AI/ML API. Source: its published schema.
const DEFAULT_BASE_URL: &str = "https://api.aimlapi.com/v1";

/// Options of a [`Client`](super::Client): service, model, limits, network.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct ClientOptions {
    /// Base URL of the service, with or without `/v1`; by default that of AI/ML API.
    pub base_url: String,
    /// Model to use, by default `alibaba/qwen3-omni-30b-a3b-captioner`.
    pub model: String,
    /// Dialect of the server; `None` begins with that of the host of the base URL, and tries the
    /// others after a refusal.
    pub dialect: Option<Dialect>,
    /// Limit of the caption in tokens, at least 1; longer captions are cut. By default that of the
    /// service.
    pub max_tokens: Option<u32>,
    /// True to stream the caption in pieces, reported as [`Event::Text`](crate::progress::Event).
    pub stream: bool,
    /// Retry limit of a request, by default 3.
    pub max_retries: u32,
    /// Timeout of one attempt, from connecting to the end of the response, by default
    /// 5 minutes.
    pub timeout: Duration,
    /// Timeout for connecting, TLS included, by default 10 seconds.
    pub connect_timeout: Duration,
    /// Minimum time between two requests, retries included, by default none.
    pub min_interval: Duration,
    /// Longest time to wait while the service or the network fails for all requests, by default
    /// 15 minutes. Limits of the service are waited for at least 5 minutes.
    pub max_outage: Duration,
    /// HTTP proxy, except for hosts in `NO_PROXY` and plain HTTP on loopback. An empty one
    /// disables the proxy; `None` uses that of the environment and the system.
    pub proxy: Option<String>,
    /// File of CA certificates (PEM) to use beside the system trust store.
    pub ca_file: Option<PathBuf>,
    /// True to allow the key over unencrypted HTTP to a host other than loopback.
    pub allow_http: bool,
}

impl Default for ClientOptions {
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
            max_outage: Duration::from_mins(15),
            proxy: None,
            ca_file: None,
            allow_http: false,
        }
    }
}

impl ClientOptions {
    /// Sets [`base_url`](Self::base_url).
    pub fn base_url(self, base_url: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), ..self }
    }

    /// Sets [`model`](Self::model).
    pub fn model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    /// Sets [`dialect`](Self::dialect).
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect: Some(dialect), ..self }
    }

    /// Sets [`max_tokens`](Self::max_tokens).
    pub fn max_tokens(self, max_tokens: u32) -> Self {
        Self { max_tokens: Some(max_tokens), ..self }
    }

    /// Sets [`stream`](Self::stream).
    pub fn stream(self, stream: bool) -> Self {
        Self { stream, ..self }
    }

    /// Sets [`max_retries`](Self::max_retries).
    pub fn max_retries(self, max_retries: u32) -> Self {
        Self { max_retries, ..self }
    }

    /// Sets [`connect_timeout`](Self::connect_timeout).
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`min_interval`](Self::min_interval).
    pub fn min_interval(self, min_interval: Duration) -> Self {
        Self { min_interval, ..self }
    }

    /// Sets [`max_outage`](Self::max_outage).
    pub fn max_outage(self, max_outage: Duration) -> Self {
        Self { max_outage, ..self }
    }

    /// Sets [`proxy`](Self::proxy).
    pub fn proxy(self, proxy: impl Into<String>) -> Self {
        Self { proxy: Some(proxy.into()), ..self }
    }

    /// Sets [`ca_file`](Self::ca_file).
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        Self { ca_file: Some(path.into()), ..self }
    }

    /// Sets [`allow_http`](Self::allow_http).
    pub fn allow_http(self, allow_http: bool) -> Self {
        Self { allow_http, ..self }
    }

    /// Dialect of the first request.
    pub fn first_dialect(&self) -> Dialect {
        let url = endpoint::resolve(&self.base_url, true).ok();
        self.dialect.or_else(|| Dialect::of_host(&url?)).unwrap_or_default()
    }
}
