//! Through whom requests go that leave this machine.

use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

use super::options::Options;
use crate::error::Error;

/// As the options say, or else the environment and the system.
pub(super) fn through(builder: ClientBuilder, options: &Options) -> Result<ClientBuilder, Error> {
    Ok(match options.proxy.as_deref() {
        Some("") => builder.no_proxy(),
        Some(url) => builder.proxy(proxy(url)?),
        None => {
            check_environment()?;
            builder
        }
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
