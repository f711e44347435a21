//! The HTTP client that requests and downloads share.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, retry};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::error::Error;

/// How many redirects are followed.
pub(super) const NO_REDIRECTS: usize = 0;

/// A client that trusts whom the operating system trusts; without `https` it trusts nobody.
pub(super) fn client(
    connect_timeout: Duration,
    redirects: usize,
    https: bool,
) -> Result<Client, Error> {
    let tls = tls(https).map_err(|e| Error::Setup(Box::new(e)))?;
    Client::builder()
        .user_agent(concat!("caption/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
        .redirect(follow(redirects))
        .retry(retry::never())
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| Error::Setup(Box::new(e)))
}

/// Follows up to `limit` redirects and hands out the one after as the answer.
fn follow(limit: usize) -> Policy {
    Policy::custom(
        move |attempt| {
            if attempt.previous().len() > limit { attempt.stop() } else { attempt.follow() }
        },
    )
}

/// Reading the system's certificates takes longer than all the rest of a start, so they are left
/// where they are when nothing will be asked over TLS.
fn tls(https: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if https {
        builder.with_platform_verifier()?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

/// An `X-Client-Request-Id`: 1 to 128 characters of `A-Za-z0-9._:-`, echoed by the service to
/// find a request again; it does not make a request safe to repeat. Source: AI/ML API docs,
/// "request tracing and cost", 2026-08.
pub(super) fn fresh_request_id() -> String {
    format!("caption-{:032x}", fastrand::u128(..))
}
