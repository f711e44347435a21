//! The only place that knows HTTP, the service's JSON and the key.

use std::time::Instant;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

pub use self::audio::Audio;
pub use self::dialect::Dialect;
pub(crate) use self::dialect::Material;
pub use self::download::Downloader;
pub use self::key::ApiKey;
pub use self::options::{DEFAULT_BASE_URL, DEFAULT_MODEL, Options};
pub use self::prices::{Price, Prices};

use self::body::RequestBody;
use self::forms::{Attempts, Forms};
use self::pace::Pace;
use self::retry::Tries;
use crate::caption::Answer;
use crate::error::Error;
use crate::watch::{Event, Watch};

mod answer;
mod audio;
mod body;
mod dialect;
mod download;
mod draft;
mod endpoint;
mod fault;
mod forms;
mod http;
mod json;
mod key;
mod options;
mod pace;
mod part;
mod prices;
#[cfg(test)]
mod properties;
mod proxy;
mod retry;
mod sse;
mod trust;
mod wire;

/// Asks one service with one key.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    key: ApiKey,
    options: Options,
    forms: Forms,
    pace: Pace,
}

impl Client {
    /// Sets up HTTP; nothing is sent yet.
    ///
    /// Fails with [`Error::BadUrl`], [`Error::InsecureUrl`] or [`Error::Setup`].
    pub fn new(key: ApiKey, options: Options) -> Result<Self, Error> {
        let endpoint = endpoint::resolve(&options.base_url, options.allow_http)?;
        let is_near = endpoint::is_plain_loopback(&endpoint);
        let http = http::client(&options, http::NO_REDIRECTS, is_near)?;
        let pace = Pace::new(options.least_gap);
        let forms = Forms::new(options.dialect, Dialect::at(&endpoint));
        Ok(Self { http, endpoint, key, options, forms, pace })
    }

    /// Asks for the caption of one recording and waits for the whole of it.
    ///
    /// A try that fails in a way that may pass is repeated up to [`Options::max_retries`] times,
    /// but never once `watch` was told any text. Where [`Options::dialect`] is not said and the
    /// server refuses sound for how it is written, the other ways are tried, once each.
    ///
    /// Fails with [`Error::Undecodable`] where the server does not take sound of that kind.
    pub async fn caption(&self, audio: &Audio, watch: &Watch) -> Result<Answer, Error> {
        self.caption_material(audio, watch).await
    }

    /// The same for a recording that is made ready for the dialect of the server, once that is
    /// known, or tried.
    pub(crate) async fn caption_material(
        &self,
        material: &impl Material,
        watch: &Watch,
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        let mut tries = Tries::new(self.options.max_retries, &self.pace);
        let mut forms = Attempts::new(&self.forms);
        // Made once for a dialect, however often it is sent.
        let mut ready = None;
        loop {
            tries.turn().await;
            let dialect = forms.turn();
            let (_, audio) = match ready.take().filter(|(made_for, _)| *made_for == dialect) {
                Some(made) => ready.insert(made),
                None => match material.written_in(dialect).await {
                    Ok(audio) => ready.insert((dialect, audio)),
                    Err(error) => {
                        forms.skip(error).await?;
                        continue;
                    }
                },
            };
            match self.ask_once(audio, dialect, watch).await {
                Ok(answer) => {
                    if let Some(dialect) = forms.settle() {
                        watch.tell(Event::Understood { dialect });
                    }
                    self.pace.succeeded();
                    let (attempts, elapsed) = (tries.number, started.elapsed());
                    return Ok(Answer { attempts, elapsed, ..answer });
                }
                Err(error) => match forms.next(error).await {
                    Ok(()) => tries.number += 1,
                    Err(error) => tries.wait(error, watch).await?,
                },
            }
        }
    }

    /// How sound is written for the server, as far as is known.
    pub fn dialect(&self) -> Dialect {
        self.forms.dialect()
    }

    /// How this client asks.
    pub fn options(&self) -> &Options {
        &self.options
    }

    async fn ask_once(
        &self,
        audio: &Audio,
        dialect: Dialect,
        watch: &Watch,
    ) -> Result<Answer, Error> {
        let body = RequestBody::new(&self.options, dialect, audio, watch);
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
        answer::receive(response, &self.options, &self.key, watch, |error| self.sort(error)).await
    }

    fn sort(&self, error: reqwest::Error) -> Error {
        Error::from_exchange(error, &endpoint::host(&self.endpoint), self.options.timeout)
    }
}
