//! Client of the service; the only module with HTTP, the JSON of the service and the key.

use std::path::Path;
use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

pub use self::api_key::ApiKey;
pub use self::dialect::Dialect;
pub use self::options::ClientOptions;
pub use self::request::Audio;
pub(crate) use crate::answer::Stop;
pub use crate::answer::{Answer, Usage, Window};

use self::api_key::Secrets;
use self::dialect_negotiation::{CaptionRequest, CheckAnswer, DialectNegotiation};
use self::download::Downloads;
use self::limiter::Limiter;
pub(crate) use self::limiter::MAX_AUTO;
use self::request::RequestBody;
use self::retry::RetryState;
pub(crate) use self::run_context::RunContext;
use crate::audio::{Clip, UploadOptions, prepare};
use crate::descriptors::wait_for;
use crate::error::{ApiErrorKind, Error};
use crate::platform::off_thread;
use crate::progress::Observer;
use crate::shutdown::Shutdown;

mod answer_builder;
mod api_key;
mod backoff;
mod block;
mod choice;
mod dialect;
mod dialect_negotiation;
mod download;
mod endpoint;
mod error_class;
mod error_details;
mod error_response;
mod http;
mod json;
mod limiter;
mod options;
mod pricing;
mod proxy;
mod request;
mod response;
mod retry;
mod retry_after;
mod run_context;
mod sse;

/// Receives a response from its headers on. For the fuzz targets.
#[cfg(fuzzing)]
#[doc(hidden)]
pub async fn receive(response: reqwest::Response) -> Result<Answer, Error> {
    let key = ApiKey::new("key")?;
    let secrets = Secrets { key: &key, url: None };
    response::receive(response, &ClientOptions::default(), secrets, &Observer::none()).await
}

/// Client of one service with one API key. Clones share connections, rate limit and dialect.
#[derive(Debug, Clone)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    endpoint: Url,
    key: ApiKey,
    options: ClientOptions,
    negotiation: DialectNegotiation,
    limiter: Limiter,
    downloads: Downloads,
}

impl Client {
    /// Sets up the HTTP client; sends nothing.
    ///
    /// Fails with [`Error::InsecureUrl`], [`Error::Setup`], or [`Error::Invalid`] for the base URL,
    /// the proxy or the CA file.
    pub fn new(key: ApiKey, options: ClientOptions) -> Result<Self, Error> {
        let endpoint = endpoint::resolve(&options.base_url, options.allow_http)?;
        Ok(Self(Arc::new(Shared {
            http: http::client(&options, http::NO_REDIRECTS, &endpoint)?,
            limiter: Limiter::new(options.min_interval, options.max_outage),
            negotiation: DialectNegotiation::new(&options),
            downloads: Downloads::new(),
            endpoint,
            key,
            options,
        })))
    }

    /// Sends the audio and returns its caption.
    ///
    /// Transient failures are retried up to [`ClientOptions::max_retries`] times, but never after the
    /// observer received text. If [`ClientOptions::dialect`] is not set and the server refuses the
    /// form of the audio, the other dialects follow.
    ///
    /// Fails with [`Error::Undecodable`] if the dialect cannot carry the format of the audio.
    pub async fn caption(&self, audio: &Audio, observer: &Observer) -> Result<Answer, Error> {
        let shutdown = Shutdown::new();
        let mut request = self.request(observer, &|_| Ok(()), &shutdown);
        while request.next_dialect().await.is_some() {
            request.send(audio).await;
        }
        request.finish()
    }

    /// Opens, prepares and sends a file, and returns its caption.
    ///
    /// Files in a common compressed format are sent unchanged, others as 16 kHz mono WAV.
    ///
    /// Fails with [`Error::Unreadable`], [`Error::NotAudio`] or another error of the file, and for
    /// the same reasons as [`caption`](Self::caption).
    pub async fn caption_file(&self, path: impl AsRef<Path>) -> Result<Answer, Error> {
        let path = path.as_ref().to_owned();
        let clip = off_thread(move || Clip::open(path)).await?;
        let (observer, shutdown) = (Observer::none(), Shutdown::new());
        let mut request = self.request(&observer, &|_| Ok(()), &shutdown);
        while let Some(dialect) = request.next_dialect().await {
            let (clip, portable_only) = (clip.clone(), dialect.is_portable_only());
            let upload = UploadOptions { portable_only, ..UploadOptions::default() };
            match off_thread(move || prepare(&clip, &upload)).await {
                Ok(prepared) => request.send(&Audio::Clip(prepared.clip)).await,
                Err(error) => request.skip(error),
            }
        }
        request.finish()
    }

    /// Starts a request whose audio is prepared for each dialect by the caller. `check` fails for an
    /// answer that ignores the audio.
    pub(crate) fn request<'a>(
        &'a self,
        observer: &'a Observer,
        check: CheckAnswer<'a>,
        run: &'a dyn RunContext,
    ) -> CaptionRequest<'a> {
        let retry = RetryState::new(self.0.options.max_retries, &self.0.limiter, run);
        CaptionRequest::new(self, retry, observer, check)
    }

    /// Dialect that the next request is sent in.
    pub fn dialect(&self) -> Dialect {
        self.0.negotiation.dialect()
    }

    /// Options of this client.
    pub fn options(&self) -> &ClientOptions {
        &self.0.options
    }

    /// Limits the requests in flight; `None` finds how many the service takes. For use before the
    /// first request.
    pub(crate) fn set_concurrency(&self, concurrency: Option<usize>) {
        self.0.limiter.set_concurrency(concurrency);
    }

    fn negotiation(&self) -> &DialectNegotiation {
        &self.0.negotiation
    }

    /// Sends the audio in one dialect, and again after transient failures.
    async fn send(
        &self,
        audio: &Audio,
        dialect: Dialect,
        retry: &mut RetryState<'_>,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        loop {
            let attempt = retry.start().await?;
            let result = wait_for(|| self.send_once(audio, dialect, observer)).await;
            retry.settle(&result);
            match result {
                Ok(answer) => {
                    retry.succeeded(attempt, observer);
                    return Ok(answer);
                }
                Err(error) => {
                    let error = self.in_settled_dialect(retry.keep_received(error));
                    retry.wait(attempt, error, observer).await?;
                }
            }
        }
    }

    /// Once the dialect is settled, a status of 500 is a failure of the server, whatever its text
    /// says about the audio, and is retried.
    fn in_settled_dialect(&self, mut error: Error) -> Error {
        if let Error::Api(refusal) = &mut error
            && (refusal.status, refusal.kind) == (500, ApiErrorKind::WrongForm)
            && self.negotiation().is_settled()
        {
            refusal.kind = ApiErrorKind::Failed;
        }
        error
    }

    async fn send_once(
        &self,
        audio: &Audio,
        dialect: Dialect,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let Shared { http, endpoint, key, options, .. } = &*self.0;
        let body = RequestBody::new(options, dialect, audio, observer);
        let response = http
            .post(endpoint.clone())
            .timeout(options.timeout)
            .header(AUTHORIZATION, key.bearer())
            .header(CONTENT_TYPE, "application/json")
            .header("X-Client-Request-Id", http::new_request_id())
            .body(reqwest::Body::wrap(body))
            .send()
            .await
            .map_err(|error| http::transport_error(error, options))?;
        let url = match audio {
            Audio::Url(url) => Some(url),
            Audio::Clip(_) => None,
        };
        response::receive(response, options, Secrets { key, url }, observer).await
    }
}
