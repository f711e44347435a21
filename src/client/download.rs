//! Fetches a recording that the service cannot or should not fetch by itself. Knows no key.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Client, RequestBuilder, Response, Url};

use super::options::Options;
use super::rate_limit::RateLimiter;
use super::retry::RetryState;
use super::{api_error, endpoint, http};
use crate::audio::{Clip, Spool};
use crate::blocking::off_thread;
use crate::error::Error;
use crate::progress::Observer;

/// As many as a browser follows.
const MAX_REDIRECTS: usize = 20;

/// Downloads recordings, with the time-outs and retries of the requests.
#[derive(Debug)]
pub(super) struct Downloader {
    near: OnceLock<Client>,
    far: OnceLock<Client>,
    options: Options,
    rate_limiter: RateLimiter,
}

impl Downloader {
    /// Takes times, retries, proxy and trust from the options.
    pub(super) fn new(options: &Options) -> Self {
        Self {
            near: OnceLock::new(),
            far: OnceLock::new(),
            options: options.clone(),
            rate_limiter: RateLimiter::new(Duration::ZERO),
        }
    }

    /// Fetches the URL with GET, follows redirects, and looks at what came as at a file.
    ///
    /// Stops with [`Error::TooLarge`] as soon as the clip cannot fit into `max_upload` bytes of
    /// base64, and with [`Error::StreamTooLarge`] after 1 GB.
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
        if let Some(elsewhere) = led_away(&response) {
            response = self.request(&elsewhere)?.send().await.map_err(classify)?;
        }
        if !response.status().is_success() {
            return Err(Error::Download {
                status: response.status().as_u16(),
                retry_after: api_error::retry_after(response.headers()),
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

    /// Made at the first use: most runs download nothing.
    fn client(&self, url: &Url) -> Result<&Client, Error> {
        let is_loopback_url = endpoint::is_plain_loopback(url);
        let place = if is_loopback_url { &self.near } else { &self.far };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let client = http::client(&self.options, MAX_REDIRECTS, is_loopback_url)?;
        Ok(place.get_or_init(|| client))
    }
}

/// Where a redirect leads from this machine, which another client has to follow.
fn led_away(response: &Response) -> Option<Url> {
    let is_loopback_url = endpoint::is_plain_loopback(response.url());
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
    let elsewhere = response.url().join(location?.to_str().ok()?).ok()?;
    let is_web = matches!(elsewhere.scheme(), "http" | "https");
    (is_loopback_url && is_web && !endpoint::is_plain_loopback(&elsewhere)).then_some(elsewhere)
}
