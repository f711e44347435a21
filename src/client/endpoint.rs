//! Endpoint of a base URL.

use reqwest::Url;
use url::{Host, Position};

use crate::error::{Error, Setting};
use crate::url_name::without_secrets;

/// End of the URL of the chat completions.
const COMPLETIONS: &str = "/chat/completions";

/// Resolves the URL of the chat completions; `base_url` may be that URL, and may end in `/v1` or
/// not.
pub(super) fn resolve(base_url: &str, allow_http: bool) -> Result<Url, Error> {
    let invalid =
        |url: &str, reason: &str| Error::invalid(Setting::BaseUrl, without_secrets(url), reason);
    let mut url = Url::parse(base_url).map_err(|e| invalid(base_url, &e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(base_url, "neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(&host(&url), "a name or password in it; the key is all there is"));
    }
    if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
        return Err(Error::InsecureUrl { host: url.host_str().unwrap_or_default().to_owned() });
    }
    let path = url.path().trim_end_matches('/');
    let path = match path {
        "" => format!("/v1{COMPLETIONS}"),
        path if path.ends_with(COMPLETIONS) => path.to_owned(),
        path => format!("{path}{COMPLETIONS}"),
    };
    url.set_path(&path);
    Ok(url)
}

/// Host and port, without user name and password.
pub(super) fn host(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

/// True for plain HTTP on loopback, which needs neither TLS nor a proxy.
pub(super) fn is_plain_loopback(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback(url)
}

/// True if the host is this machine, whose traffic nobody else can read.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_added_to_a_base_url_without_a_path() {
        for base in ["https://x.test", "https://x.test/", "https://x.test/v1", "https://x.test/v1/"]
        {
            assert_eq!(
                resolve(base, false).unwrap().as_str(),
                "https://x.test/v1/chat/completions"
            );
        }
        assert_eq!(
            resolve("https://x.test/api/v2/", false).unwrap().as_str(),
            "https://x.test/api/v2/chat/completions"
        );
    }

    #[test]
    fn a_base_url_may_be_that_of_the_chat_completions() {
        for path in ["v1/chat/completions", "chat/completions", "api/v2/chat/completions"] {
            for end in ["", "/", "//"] {
                let base = format!("https://x.test/{path}{end}");
                let url = resolve(&base, false).unwrap();
                assert_eq!(url.as_str(), format!("https://x.test/{path}"));
            }
        }
        let url = resolve("https://x.test/v1/chat/completions/?api-version=1", false).unwrap();
        assert_eq!(url.as_str(), "https://x.test/v1/chat/completions?api-version=1");
    }

    #[test]
    fn plain_http_is_refused_except_on_loopback_or_if_allowed() {
        for base in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"] {
            assert!(resolve(base, false).is_ok(), "{base}");
        }
        for base in ["http://x.test", "http://192.168.0.1", "http://127.0.0.1.x.test"] {
            assert!(matches!(resolve(base, false), Err(Error::InsecureUrl { .. })), "{base}");
            assert!(resolve(base, true).is_ok(), "{base}");
        }
    }
}
