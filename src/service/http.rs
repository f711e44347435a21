//! The HTTP client that requests and downloads share.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy, Url, retry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;

use super::endpoint;
use super::options::Options;
use crate::error::Error;
use crate::platform;

/// How many redirects are followed.
pub(super) const NO_REDIRECTS: usize = 0;

/// Servers close connections that idle for a minute, some sooner; one that is closed while it is
/// used again costs a try.
const IDLE: Duration = Duration::from_secs(15);

/// A system's whole trust is a tenth of it, in bytes.
const LARGEST_PEM: u64 = 4 * 1024 * 1024;

/// For questions whose answer is not worth waiting for.
pub(super) const SHORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that trusts whom the operating system trusts, and whom the options name. One that is
/// only for plain HTTP to this machine (`is_near`) trusts nobody and goes through no proxy, which
/// would carry it elsewhere.
pub(super) fn client(options: &Options, redirects: usize, is_near: bool) -> Result<Client, Error> {
    let tls = if is_near { nobody() } else { authorities(options)? };
    let builder = Client::builder();
    let builder = match &options.proxy {
        _ if is_near => builder.no_proxy(),
        None => {
            check_environment()?;
            builder
        }
        Some(url) if url.is_empty() => builder.no_proxy(),
        Some(url) => builder.proxy(proxy(url)?),
    };
    builder
        .user_agent(concat!("caption/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .redirect(follow(redirects, is_near))
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
fn follow(limit: usize, is_near: bool) -> Policy {
    Policy::custom(move |attempt| {
        let leaves = is_near && !endpoint::is_plain_loopback(attempt.url());
        if leaves || attempt.previous().len() > limit { attempt.stop() } else { attempt.follow() }
    })
}

/// For all but what the environment excepts.
fn proxy(url: &str) -> Result<Proxy, Error> {
    let proxy = Proxy::all(proxy_url(url)?).map_err(|_| bad_proxy("it cannot be used"))?;
    Ok(proxy.no_proxy(NoProxy::from_env()))
}

/// Without a scheme it is HTTP, as everywhere.
fn proxy_url(url: &str) -> Result<Url, Error> {
    let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let parsed = Url::parse(&full).map_err(|e| bad_proxy(&e.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(bad_proxy("neither http:// nor https://"));
    }
    Ok(parsed)
}

/// It is not repeated: a password may be in it.
fn bad_proxy(reason: &str) -> Error {
    Error::BadProxy { reason: reason.to_owned() }
}

/// What the environment says and cannot be used would be passed over, and all go another way than
/// somebody meant.
fn check_environment() -> Result<(), Error> {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let value = std::env::var(name).unwrap_or_default();
        if !value.trim().is_empty() {
            proxy_url(value.trim()).map_err(|e| bad_proxy(&format!("{name}: {e}")))?;
        }
    }
    Ok(())
}

/// Reading the system's certificates takes longer than all the rest of a start, so they are left
/// where they are when nothing will be asked over TLS.
fn nobody() -> ClientConfig {
    builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

fn authorities(options: &Options) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = match &options.authorities {
        Some(path) => certificates(path)?,
        None => Vec::new(),
    };
    let bad = |e: rustls::Error| match &options.authorities {
        Some(path) => {
            Error::BadAuthorities { path: path.clone(), reason: "one is none".to_owned() }
        }
        None => Error::Setup(Box::new(e)),
    };
    let verifier = Verifier::new_with_extra_roots(extra, provider).map_err(bad)?;
    let builder = builder().dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(builder.with_no_client_auth())
}

fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    builder.with_safe_default_protocol_versions().expect("ring speaks both")
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bad = |reason: String| Error::BadAuthorities { path: path.to_owned(), reason };
    let unread = |e: io::Error| bad(e.kind().to_string());
    let file = platform::open(path).map_err(unread)?;
    let metadata = file.metadata().map_err(unread)?;
    if !metadata.is_file() || metadata.len() > LARGEST_PEM {
        return Err(bad("not a file of at most 4 MB".to_owned()));
    }
    let mut pem = Vec::new();
    file.take(LARGEST_PEM).read_to_end(&mut pem).map_err(unread)?;
    let pem = pem.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&pem);
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(bad("no certificate in it".to_owned())),
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(bad("it is damaged".to_owned())),
    }
}

/// An `X-Client-Request-Id`: 1 to 128 characters of `A-Za-z0-9._:-`, echoed by the service to
/// find a request again; it does not make a request safe to repeat. Source: AI/ML API docs,
/// "request tracing and cost", 2026-08.
pub(super) fn fresh_request_id() -> String {
    format!("caption-{:032x}", fastrand::u128(..))
}
