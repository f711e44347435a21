//! Whose certificates count.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;

use super::options::Options;
use crate::error::Error;
use crate::platform;

/// A system's whole trust is a tenth of it, in bytes.
const LARGEST_PEM: u64 = 4 * 1024 * 1024;

/// Reading the system's certificates takes longer than all the rest of a start, so they are left
/// where they are when nothing will be asked over TLS.
pub(super) fn nobody() -> ClientConfig {
    builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

/// The system's, and those of a file.
pub(super) fn authorities(options: &Options) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = match &options.authorities {
        Some(path) => certificates(path)?,
        None => Vec::new(),
    };
    let bad = |e: rustls::Error| match &options.authorities {
        Some(path) => Error::InvalidCaFile { path: path.clone(), reason: "one is none".to_owned() },
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
    let bad = |reason: String| Error::InvalidCaFile { path: path.to_owned(), reason };
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
