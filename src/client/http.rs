//! HTTP client of requests and downloads: redirects, proxy, TLS roots, and failures in transit.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url, retry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::block::{ChangedWhileSending, ReadWhileSending};
use super::options::ClientOptions;
use super::{endpoint, proxy};
use crate::error::{Error, Setting, causes};
use crate::path_name::path_name;
use crate::text_file::TextFile;

/// Redirect limit for requests that carry the key.
pub(super) const NO_REDIRECTS: usize = 0;

/// Servers close idle connections after a minute, some sooner; reuse of a closed one costs a retry.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Timeout of look-ups that a run can do without.
pub(super) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// Size limit of a PEM file in bytes, ten times that of a system trust store.
const MAX_PEM_LEN: u64 = 4 * 1024 * 1024;

/// Builds a client that verifies certificates against the system trust store and the CA file.
///
/// A client for plain HTTP on loopback has no TLS roots and uses no proxy.
pub(super) fn client(
    options: &ClientOptions,
    redirects: usize,
    url: &Url,
) -> Result<Client, Error> {
    let is_loopback_url = endpoint::is_plain_loopback(url);
    let builder = Client::builder();
    let builder =
        if is_loopback_url { builder.no_proxy() } else { proxy::set(builder, options, url)? };
    builder
        .user_agent(concat!("caption/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .redirect(redirect_policy(redirects, is_loopback_url))
        // The URL of a download may hold its signature.
        .referer(false)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .retry(retry::never())
        .tls_backend_preconfigured(tls(options, is_loopback_url)?)
        .build()
        .map_err(|e| Error::Setup(Box::new(e)))
}

/// Follows up to `limit` redirects, but none from loopback to another host. The redirect after
/// them is the response.
fn redirect_policy(limit: usize, is_loopback_url: bool) -> Policy {
    Policy::custom(move |attempt| {
        let leaves = is_loopback_url && !endpoint::is_plain_loopback(attempt.url());
        if leaves || attempt.previous().len() > limit { attempt.stop() } else { attempt.follow() }
    })
}

/// Returns a new `X-Client-Request-Id`: 1 to 128 characters of `A-Za-z0-9._:-`, echoed by the
/// service for support; it does not make a request idempotent. Source: AI/ML API docs, "request
/// tracing and cost", 2026-08.
pub(super) fn new_request_id() -> String {
    format!("caption-{:032x}", fastrand::u128(..))
}

/// TLS with the system trust store and the certificates of the CA file; without roots for plain
/// HTTP, because loading the trust store takes longer than the rest of the start.
fn tls(options: &ClientOptions, is_loopback_url: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    if is_loopback_url {
        let builder = builder.with_root_certificates(RootCertStore::empty());
        return Ok(builder.with_no_client_auth());
    }
    let verifier = match options.ca_file.as_deref() {
        Some(path) => Verifier::new_with_extra_roots(ca_certificates(path)?, provider)
            .map_err(|e| unusable_ca_file(path, &e))?,
        None => Verifier::new(provider).map_err(|e| Error::Setup(Box::new(e)))?,
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(builder.with_no_client_auth())
}

/// Error about certificates that the verifier refuses: one that is damaged, or a failure of the
/// system's trust store, which keeps its reason.
fn unusable_ca_file(path: &Path, error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) => invalid_ca_file(path, "one is none"),
        rustls::Error::General(reason) => invalid_ca_file(path, reason),
        error => invalid_ca_file(path, &error.to_string()),
    }
}

/// Reads the certificates of a PEM file.
fn ca_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unreadable = |e: io::Error| match e.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => {
            invalid_ca_file(path, "not a file of at most 4 MB")
        }
        kind => invalid_ca_file(path, &kind.to_string()),
    };
    let pem = TextFile::open(path).and_then(|file| file.read(MAX_PEM_LEN)).map_err(unreadable)?;
    let pem = pem.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&pem);
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| invalid_ca_file(path, "it is damaged"))?;
    if certificates.is_empty() {
        return Err(invalid_ca_file(path, "no certificate in it"));
    }
    Ok(certificates)
}

fn invalid_ca_file(path: &Path, reason: &str) -> Error {
    Error::invalid(Setting::CaFile, path_name(path), reason)
}

/// Classifies a failed exchange by its causes.
pub(super) fn transport_error(error: reqwest::Error, options: &ClientOptions) -> Error {
    // Only an error of the transfer has no URL, and none of its messages names the host.
    let mut host = error.url().map(endpoint::host).unwrap_or_default();
    let error = error.without_url();
    let tunnel = causes(&error).map(ToString::to_string).find(|cause| cause.contains("tunnel"));
    if tunnel.as_ref().is_some_and(|cause| cause.contains("authorization required")) {
        return proxy::refused(options);
    }
    if tunnel.is_some() {
        host.push_str(" through the proxy");
    }
    if find::<ChangedWhileSending>(&error).is_some() {
        Error::ModifiedDuringUpload
    } else if let Some(ReadWhileSending(kind)) = find(&error) {
        Error::Unreadable((*kind).into())
    } else if matches!(find(&error), Some(rustls::Error::InvalidCertificate(_))) {
        Error::InvalidCertificate { host, source: Box::new(error) }
    } else if error.is_connect() {
        Error::Unreachable { host, source: Box::new(error) }
    } else if error.is_timeout() {
        Error::TimedOut { after: options.timeout }
    } else {
        Error::Disconnected(Box::new(error))
    }
}

/// First cause of type `E`.
fn find<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}
