//! Names of URLs in outputs and messages, without what may be secret.

use sha2::{Digest, Sha256};
use url::{Position, Url};

/// Name of a URL: scheme, host and path. `?` and 8 digits of its SHA-256 stand for the query, so
/// that two stay apart. User, password and fragment are left out.
pub(crate) fn url_name(url: &Url) -> String {
    let host_and_path = &url[Position::BeforeHost..Position::AfterPath];
    let mut name = format!("{}://{host_and_path}", url.scheme());
    if let Some(query) = url.query() {
        name.push('?');
        name.extend(Sha256::digest(query).iter().take(4).map(|byte| format!("{byte:02x}")));
    }
    name
}

/// Strips user, password, query and fragment from a URL that cannot be parsed.
pub(crate) fn without_secrets(url: &str) -> String {
    let url = url.trim_start();
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |end| end + "://".len()));
    let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    // A password may hold these characters.
    if query.contains('@') {
        return format!("{scheme}…");
    }
    let path = path.rsplit_once('@').map_or(path, |(_, path)| path);
    format!("{scheme}{path}")
}
