//! The HTTP client that requests and downloads share.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, retry};

use super::options::Options;
use super::{endpoint, proxy, tls};
use crate::error::Error;

/// How many redirects are followed.
pub(super) const NO_REDIRECTS: usize = 0;

/// Servers close connections that idle for a minute, some sooner; one that is closed while it is
/// used again costs a try.
const IDLE: Duration = Duration::from_secs(15);

/// For questions whose answer is not worth waiting for.
pub(super) const SHORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that trusts whom the operating system trusts, and whom the options name. One that is
/// only for plain HTTP to this machine (`is_near`) trusts nobody and goes through no proxy, which
/// would carry it elsewhere.
pub(super) fn client(
    options: &Options,
    redirects: usize,
    is_loopback_url: bool,
) -> Result<Client, Error> {
    let tls = if is_loopback_url { tls::nobody() } else { tls::authorities(options)? };
    let builder = Client::builder();
    let builder =
        if is_loopback_url { builder.no_proxy() } else { proxy::through(builder, options)? };
    builder
        .user_agent(concat!("caption/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .redirect(follow(redirects, is_loopback_url))
        // The address of a download may hold its signature.
        .referer(false)
        .pool_idle_timeout(IDLE)
        .retry(retry::never())
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| Error::Setup(Box::new(e)))
}

/// Follows up to `limit` redirects, as long as they stay near where all has to be, and hands out
/// the one after as the answer.
fn follow(limit: usize, is_loopback_url: bool) -> Policy {
    Policy::custom(move |attempt| {
        let leaves = is_loopback_url && !endpoint::is_plain_loopback(attempt.url());
        if leaves || attempt.previous().len() > limit { attempt.stop() } else { attempt.follow() }
    })
}

/// An `X-Client-Request-Id`: 1 to 128 characters of `A-Za-z0-9._:-`, echoed by the service to
/// find a request again; it does not make a request safe to repeat. Source: AI/ML API docs,
/// "request tracing and cost", 2026-08.
pub(super) fn fresh_request_id() -> String {
    format!("caption-{:032x}", fastrand::u128(..))
}
