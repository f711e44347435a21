//! Proxy of the options, or that of the environment and the system.

use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

use super::options::ClientOptions;
use crate::error::{Error, Setting};

/// Variables of the proxy by the scheme of a request; the first that is set counts.
const HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Sets the proxy of the options, or else leaves that of the environment and the system.
pub(super) fn set(
    builder: ClientBuilder,
    options: &ClientOptions,
    url: &Url,
) -> Result<ClientBuilder, Error> {
    Ok(match options.proxy.as_deref() {
        Some("") => builder.no_proxy(),
        Some(url) => {
            let proxy = Proxy::all(parse(url)?);
            let proxy = proxy.map_err(|_| invalid("it cannot be used"))?;
            builder.proxy(proxy.no_proxy(NoProxy::from_env()))
        }
        None => {
            check_variables(url)?;
            builder
        }
    })
}

/// Parses a proxy URL; the scheme defaults to HTTP.
fn parse(url: &str) -> Result<Url, Error> {
    let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let parsed = Url::parse(&full).map_err(|e| invalid(&e.to_string()))?;
    match parsed.scheme() {
        "http" | "https" => Ok(parsed),
        scheme if scheme.starts_with("socks") => {
            Err(invalid("a SOCKS proxy, and only those of http:// and https:// are supported"))
        }
        _ => Err(invalid("neither http:// nor https://")),
    }
}

/// Omits the value, which may hold a password.
fn invalid(reason: &str) -> Error {
    Error::Invalid { setting: Setting::Proxy, value: None, reason: reason.to_owned() }
}

/// Refuses an invalid proxy variable, which reqwest would ignore and connect directly.
fn check_variables(url: &Url) -> Result<(), Error> {
    match variable(url) {
        Some((name, value)) if !is_excepted(url) => {
            parse(&value).map(drop).map_err(|e| invalid(&format!("{name}: {e}")))
        }
        _ => Ok(()),
    }
}

/// Name and value of the variable that counts for a URL.
fn variable(url: &Url) -> Option<(&'static str, String)> {
    let names = if url.scheme() == "http" { HTTP } else { HTTPS };
    let values = names.into_iter().map(|name| (name, std::env::var(name).unwrap_or_default()));
    let mut set = values.map(|(name, value)| (name, value.trim().to_owned()));
    set.find(|(_, value)| !value.is_empty())
}

/// True if `NO_PROXY` excepts the host of a URL by its name, or all hosts.
fn is_excepted(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let names = ["NO_PROXY", "no_proxy"].into_iter();
    let list = names.filter_map(|name| std::env::var(name).ok()).find(|list| !list.is_empty());
    list.unwrap_or_default().split(',').map(str::trim).any(|entry| {
        let domain = entry.trim_start_matches('.');
        let parent = host.strip_suffix(domain).filter(|_| !domain.is_empty());
        entry == "*" || parent.is_some_and(|parent| parent.is_empty() || parent.ends_with('.'))
    })
}

/// Error of a proxy that takes no request without a user name and a password, or not with these.
pub(super) fn refused(options: &ClientOptions) -> Error {
    let is_with_password = |url: &String| url.contains('@');
    let has_password = match &options.proxy {
        Some(proxy) => is_with_password(proxy),
        None => [HTTPS, HTTP]
            .concat()
            .into_iter()
            .any(|name| std::env::var(name).is_ok_and(|value| is_with_password(&value))),
    };
    Error::ProxyRefused { has_password }
}
