//! Downloads of audio that the service cannot fetch, without the key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use super::limiter::Limiter;
use super::retry::RetryState;
use super::run_context::RunContext;
use super::{Client, endpoint, http, retry_after};
use crate::audio::{Clip, Ffmpeg, Spool};
use crate::descriptors::wait_for;
use crate::error::Error;
use crate::platform::{lock, off_thread};
use crate::progress::Observer;

/// Redirect limit of browsers.
const MAX_REDIRECTS: usize = 20;

/// HTTP clients of downloads, created at the first use because most runs download nothing.
#[derive(Debug)]
pub(super) struct Downloads {
    loopback: OnceLock<reqwest::Client>,
    remote: OnceLock<reqwest::Client>,
    /// One limiter for each host.
    limiters: Mutex<HashMap<String, Arc<Limiter>>>,
}

impl Downloads {
    pub(super) fn new() -> Self {
        Self { loopback: OnceLock::new(), remote: OnceLock::new(), limiters: Mutex::default() }
    }

    fn limiter(&self, url: &Url) -> Arc<Limiter> {
        let new = || Arc::new(Limiter::new(Duration::ZERO, Duration::ZERO));
        lock(&self.limiters).entry(endpoint::host(url)).or_insert_with(new).clone()
    }
}

impl Client {
    /// Downloads a URL with the timeouts and retries of the options, follows redirects, and opens
    /// the result as a clip. What cannot be decoded here is decoded by ffmpeg, if there is one.
    ///
    /// Fails with [`Error::TooLarge`] as soon as the clip exceeds `max_upload` bytes of base64, and
    /// with [`Error::StreamTooLarge`] after 1 GB.
    pub(crate) async fn download(
        &self,
        url: &Url,
        max_upload: Option<u64>,
        ffmpeg: Option<&Ffmpeg>,
        observer: &Observer,
        run: &dyn RunContext,
    ) -> Result<Clip, Error> {
        let limiter = self.0.downloads.limiter(url);
        let mut retry = RetryState::new(self.0.options.max_retries, &limiter, run).of_download();
        loop {
            let attempt = retry.start().await?;
            match wait_for(|| self.download_once(url, max_upload, ffmpeg)).await {
                Ok(clip) => {
                    retry.succeeded(attempt, observer);
                    return Ok(clip);
                }
                Err(error) => retry.wait(attempt, error, observer).await?,
            }
        }
    }

    async fn download_once(
        &self,
        url: &Url,
        max_upload: Option<u64>,
        ffmpeg: Option<&Ffmpeg>,
    ) -> Result<Clip, Error> {
        let mut response = self.get(url).await?;
        if let Some(target) = redirect_from_loopback(&response) {
            response = self.get(&target).await?;
        }
        if !response.status().is_success() {
            return Err(Error::Download {
                status: response.status().as_u16(),
                retry_after: retry_after::from_headers(response.headers()),
            });
        }
        let mut spool = Spool::new(max_upload, ffmpeg.cloned())?;
        while let Some(bytes) =
            response.chunk().await.map_err(|e| http::transport_error(e, &self.0.options))?
        {
            spool.push(&bytes)?;
            if spool.needs_probe() {
                spool = off_thread(move || spool.probe()).await?;
            }
        }
        off_thread(move || spool.into_clip()).await
    }

    async fn get(&self, url: &Url) -> Result<Response, Error> {
        let Downloads { loopback, remote, .. } = &self.0.downloads;
        let cell = if endpoint::is_plain_loopback(url) { loopback } else { remote };
        let client = if let Some(client) = cell.get() {
            client
        } else {
            let client = http::client(&self.0.options, MAX_REDIRECTS, url)?;
            cell.get_or_init(|| client)
        };
        let request = client.get(url.clone()).timeout(self.0.options.timeout);
        request.send().await.map_err(|e| http::transport_error(e, &self.0.options))
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
