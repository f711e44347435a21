//! From what was typed to where the sound is.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use url::{Host, Url};

use crate::error::Error;

/// One recording to caption.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// The name it goes by in every output: what was typed.
    pub name: String,
    /// Where the sound is.
    pub source: Source,
}

/// Where sound comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A file on this machine.
    File(PathBuf),
    /// An `http://` or `https://` address.
    Url(Url),
    /// Standard input, read to its end.
    Stdin,
}

impl Input {
    /// Reads an operand of the command line: a URL, `-` for standard input, else a file.
    ///
    /// Fails with [`Error::BadUrl`] for a URL that cannot be used.
    pub fn parse(operand: &OsStr) -> Result<Self, Error> {
        let name = operand.to_string_lossy().into_owned();
        let source = match operand.to_str() {
            Some("-") => Source::Stdin,
            Some(text) if is_web(text) => Source::Url(parse_url(text)?),
            Some(text) if text.contains("://") && !Path::new(text).exists() => {
                return Err(bad_url(text, "only http:// and https:// can be fetched"));
            }
            _ => Source::File(operand.into()),
        };
        Ok(Self { name, source })
    }
}

fn is_web(text: &str) -> bool {
    let starts_with = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    starts_with("http://") || starts_with("https://")
}

fn parse_url(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|e| bad_url(text, &e.to_string()))
}

fn bad_url(url: &str, reason: &str) -> Error {
    Error::BadUrl { url: url.to_owned(), reason: reason.to_owned() }
}

/// Whether a service elsewhere has no way to reach the URL: loopback, a private or link-local
/// address, or a name that only a local network knows.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_local_v4(address),
        Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_local_v4(address),
            None => is_local_v6(address),
        },
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let top = name.rsplit('.').next().unwrap_or(name);
            !name.contains('.') || matches!(top, "localhost" | "local" | "internal" | "lan")
        }
        None => true,
    }
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    let is_carrier_grade_nat = matches!(address.octets(), [100, 64..128, ..]);
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || is_carrier_grade_nat
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_and_its_network_are_local() {
        for url in [
            "http://127.0.0.1/a",
            "http://localhost:8000/a",
            "http://a.localhost/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.2/",
            "http://169.254.1.1/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://nas/a.wav",
            "http://nas.local./a.wav",
            "http://files.internal/",
            "http://0.0.0.0/",
        ] {
            assert!(is_local(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "https://cdn.example.com/a",
            "http://8.8.8.8/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://[2606:4700::1]/",
            "http://localhost.example.com/",
        ] {
            assert!(!is_local(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn an_operand_is_a_url_by_its_scheme_and_a_file_otherwise() {
        let source = |operand: &str| Input::parse(OsStr::new(operand)).map(|input| input.source);
        assert!(matches!(source("HTTPS://Example.com/a"), Ok(Source::Url(_))));
        assert!(matches!(source("-"), Ok(Source::Stdin)));
        assert!(matches!(source("https.wav"), Ok(Source::File(_))));
        assert!(matches!(source("C:\\a.wav"), Ok(Source::File(_))));
        assert!(matches!(source("s3://bucket/a.wav"), Err(Error::BadUrl { .. })));
        assert!(matches!(source("https://"), Err(Error::BadUrl { .. })));
    }
}
