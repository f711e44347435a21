//! The only place that knows HTTP, the service's JSON and the key.

use std::time::Instant;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

pub use self::api_key::ApiKey;
pub use self::dialect::Dialect;
pub(crate) use self::dialect::Material;
pub use self::download::Downloader;
pub use self::options::{DEFAULT_BASE_URL, DEFAULT_MODEL, Options};
pub use self::pricing::{Price, Prices};
pub use self::upload::Audio;

use self::body::RequestBody;
use self::dialect_negotiation::{DialectAttempts, DialectNegotiation};
use self::rate_limit::RateLimiter;
use self::retry::RetryState;
use crate::client::answer::Answer;
use crate::error::Error;
use crate::progress::{Event, Observer};

pub mod answer;
mod answer_builder;
mod api_error;
mod api_key;
mod body;
mod content_part;
mod dialect;
mod dialect_negotiation;
mod download;
mod endpoint;
mod http;
mod json;
mod options;
mod pricing;
#[cfg(test)]
mod properties;
mod proxy;
mod rate_limit;
mod response;
mod retry;
mod sse;
mod tls;
mod upload;
mod wire;

/// Asks one service with one key.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    key: ApiKey,
    options: Options,
    negotiation: DialectNegotiation,
    rate_limiter: RateLimiter,
}

impl Client {
    /// Sets up HTTP; nothing is sent yet.
    ///
    /// Fails with [`Error::BadUrl`], [`Error::InsecureUrl`] or [`Error::Setup`].
    pub fn new(key: ApiKey, options: Options) -> Result<Self, Error> {
        let endpoint = endpoint::resolve(&options.base_url, options.allow_http)?;
        let is_loopback_url = endpoint::is_plain_loopback(&endpoint);
        let http = http::client(&options, http::NO_REDIRECTS, is_loopback_url)?;
        let rate_limiter = RateLimiter::new(options.min_interval);
        let negotiation = DialectNegotiation::new(options.dialect, Dialect::at(&endpoint));
        Ok(Self { http, endpoint, key, options, negotiation, rate_limiter })
    }

    /// Asks for the caption of one recording and waits for the whole of it.
    ///
    /// A try that fails in a way that may pass is repeated up to [`Options::max_retries`] times,
    /// but never once `watch` was told any text. Where [`Options::dialect`] is not said and the
    /// server refuses sound for how it is written, the other ways are tried, once each.
    ///
    /// Fails with [`Error::Undecodable`] where the server does not take sound of that kind.
    pub async fn caption(&self, audio: &Audio, observer: &Observer) -> Result<Answer, Error> {
        self.caption_material(audio, observer).await
    }

    /// The same for a recording that is made ready for the dialect of the server, once that is
    /// known, or tried.
    pub(crate) async fn caption_material(
        &self,
        material: &impl Material,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        let mut retry = RetryState::new(self.options.max_retries, &self.rate_limiter);
        let mut negotiation = DialectAttempts::new(&self.negotiation);
        // Made once for a dialect, however often it is sent.
        let mut ready = None;
        loop {
            retry.acquire().await;
            let dialect = negotiation.turn();
            let (_, audio) = match ready.take().filter(|(made_for, _)| *made_for == dialect) {
                Some(made) => ready.insert(made),
                None => match material.written_in(dialect).await {
                    Ok(audio) => ready.insert((dialect, audio)),
                    Err(error) => {
                        negotiation.skip(error).await?;
                        continue;
                    }
                },
            };
            match self.ask_once(audio, dialect, observer).await {
                Ok(answer) => {
                    if let Some(dialect) = negotiation.settle() {
                        observer.emit(Event::Understood { dialect });
                    }
                    self.rate_limiter.succeeded();
                    let (attempts, elapsed) = (retry.number, started.elapsed());
                    return Ok(Answer { attempts, elapsed, ..answer });
                }
                Err(error) => match negotiation.next(error).await {
                    Ok(()) => retry.number += 1,
                    Err(error) => retry.wait(error, observer).await?,
                },
            }
        }
    }

    /// How sound is written for the server, as far as is known.
    pub fn dialect(&self) -> Dialect {
        self.negotiation.dialect()
    }

    /// How this client asks.
    pub fn options(&self) -> &Options {
        &self.options
    }

    async fn ask_once(
        &self,
        audio: &Audio,
        dialect: Dialect,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let body = RequestBody::new(&self.options, dialect, audio, observer);
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
            .map_err(|error| self.classify(error))?;
        response::receive(response, &self.options, &self.key, observer, |error| {
            self.classify(error)
        })
        .await
    }

    fn classify(&self, error: reqwest::Error) -> Error {
        Error::from_exchange(error, &endpoint::host(&self.endpoint), self.options.timeout)
    }
}
