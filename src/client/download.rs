//! Downloads of audio that the service cannot fetch, without the key.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Client, RequestBuilder, Response, Url};

use super::options::ClientOptions;
use super::rate_limit::RateLimiter;
use super::retry::RetryState;
use super::{endpoint, error_response, http};
use crate::audio::{Clip, Spool};
use crate::error::Error;
use crate::platform::off_thread;
use crate::progress::Observer;

/// Redirect limit of browsers.
const MAX_REDIRECTS: usize = 20;

/// Downloader with the timeouts and retries of the requests.
#[derive(Debug)]
pub(super) struct Downloader {
    loopback: OnceLock<Client>,
    remote: OnceLock<Client>,
    options: ClientOptions,
    rate_limiter: RateLimiter,
}

impl Downloader {
    /// Creates a downloader; sends nothing.
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            loopback: OnceLock::new(),
            remote: OnceLock::new(),
            options: options.clone(),
            rate_limiter: RateLimiter::new(Duration::ZERO),
        }
    }

    /// Downloads the URL, follows redirects, and opens the result as a clip.
    ///
    /// Fails with [`Error::TooLarge`] as soon as the clip exceeds `max_upload` bytes of base64, and
    /// with [`Error::StreamTooLarge`] after 1 GB.
    pub(super) async fn fetch(
        &self,
        url: &Url,
        max_upload: Option<u64>,
        observer: &Observer,
    ) -> Result<Clip, Error> {
        let mut retry = RetryState::new(self.options.max_retries, &self.rate_limiter);
        loop {
            retry.acquire().await;
            match self.fetch_once(url, max_upload).await {
                Ok(clip) => return Ok(clip),
                Err(error) => retry.wait(error, observer).await?,
            }
        }
    }

    async fn fetch_once(&self, url: &Url, max_upload: Option<u64>) -> Result<Clip, Error> {
        let classify = |error: reqwest::Error| {
            let host = endpoint::host(error.url().unwrap_or(url));
            http::transport_error(error, &host, self.options.timeout)
        };
        let mut response = self.request(url)?.send().await.map_err(classify)?;
        if let Some(target) = redirect_from_loopback(&response) {
            response = self.request(&target)?.send().await.map_err(classify)?;
        }
        if !response.status().is_success() {
            return Err(Error::Download {
                status: response.status().as_u16(),
                retry_after: error_response::retry_after(response.headers()),
            });
        }
        let mut spool = Spool::new(max_upload)?;
        while let Some(bytes) = response.chunk().await.map_err(classify)? {
            spool.push(&bytes)?;
            if spool.needs_probe() {
                spool = off_thread(move || spool.probe()).await?;
            }
        }
        off_thread(move || spool.into_clip()).await
    }

    fn request(&self, url: &Url) -> Result<RequestBuilder, Error> {
        Ok(self.client(url)?.get(url.clone()).timeout(self.options.timeout))
    }

    /// HTTP client for the URL, created at the first use because most runs download nothing.
    fn client(&self, url: &Url) -> Result<&Client, Error> {
        let is_loopback_url = endpoint::is_plain_loopback(url);
        let cell = if is_loopback_url { &self.loopback } else { &self.remote };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = http::client(&self.options, MAX_REDIRECTS, is_loopback_url)?;
        Ok(cell.get_or_init(|| client))
    }
}

/// Target of a redirect from loopback to another host, which needs the client with a proxy and TLS.
fn redirect_from_loopback(response: &Response) -> Option<Url> {
    let is_loopback_url = endpoint::is_plain_loopback(response.url());
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
    let target = response.url().join(location?.to_str().ok()?).ok()?;
    let is_http = matches!(target.scheme(), "http" | "https");
    (is_loopback_url && is_http && !endpoint::is_plain_loopback(&target)).then_some(target)
}
