//! Fetches a recording that the service cannot or should not fetch by itself. Knows no key.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, Url};

use super::options::Options;
use super::retry::Tries;
use super::{fault, http};
use crate::audio::{Clip, Spool, encoded_len};
use crate::error::Error;
use crate::watch::Watch;

/// As many as a browser follows.
const MAX_REDIRECTS: usize = 20;

/// No recording that the service would take is larger: it fetches at most 1 GB by itself.
const LARGEST: u64 = 1_000_000_000;

/// Downloads recordings, with the time-outs and retries of the requests.
#[derive(Debug)]
pub struct Downloader {
    http: OnceLock<Client>,
    connect_timeout: Duration,
    timeout: Duration,
    max_retries: u32,
}

impl Downloader {
    /// Takes `timeout`, `connect_timeout` and `max_retries` from the options.
    pub fn new(options: &Options) -> Self {
        Self {
            http: OnceLock::new(),
            connect_timeout: options.connect_timeout,
            timeout: options.timeout,
            max_retries: options.max_retries,
        }
    }

    /// Fetches the URL with GET, follows redirects, and looks at what came as at a file.
    ///
    /// Stops with [`Error::TooLarge`] as soon as the clip cannot fit into `max_upload` bytes of
    /// base64, or is larger than 1 GB.
    pub async fn fetch(
        &self,
        url: &Url,
        max_upload: Option<u64>,
        watch: &Watch,
    ) -> Result<Clip, Error> {
        let mut tries = Tries::new(self.max_retries);
        loop {
            match self.fetch_once(url, max_upload).await {
                Ok(clip) => return Ok(clip),
                Err(error) => tries.wait(error, watch).await?,
            }
        }
    }

    async fn fetch_once(&self, url: &Url, max_upload: Option<u64>) -> Result<Clip, Error> {
        let sort = |error| Error::from_exchange(error, url.authority(), self.timeout);
        let request = self.client()?.get(url.clone()).timeout(self.timeout);
        let mut response = request.send().await.map_err(sort)?;
        if !response.status().is_success() {
            return Err(Error::Download {
                status: response.status().as_u16(),
                retry_after: fault::retry_after(response.headers()),
            });
        }
        let mut spool = Spool::new(Some(max_upload.unwrap_or(encoded_len(LARGEST))))?;
        while let Some(bytes) = response.chunk().await.map_err(sort)? {
            spool.push(&bytes)?;
        }
        spool.into_clip()
    }

    /// Made at the first use: most runs download nothing.
    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let client = http::client(self.connect_timeout, MAX_REDIRECTS, true)?;
        Ok(self.http.get_or_init(|| client))
    }
}
