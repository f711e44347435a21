//! Name and URI of an input in reports.

use std::borrow::Cow;
use std::path::{MAIN_SEPARATOR, Path};

use caption::{Outcome, Source, plain_path};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::Url;

/// Characters that are escaped in a path: all but those that RFC 3986 calls unreserved, and `/`.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Name of an input, in the shortest spelling of its path.
pub(super) fn name(outcome: &Outcome) -> String {
    if outcome.name.contains("://") { outcome.name.clone() } else { plain_path(&outcome.name) }
}

/// Relative reference of an input. A URL is reduced to host and path: GitHub rejects a whole report
/// if one location has a scheme.
pub(super) fn uri(outcome: &Outcome) -> String {
    match source(outcome) {
        Some(Source::Url(url)) => {
            let host = url.host_str().unwrap_or_default();
            escape(format!("{host}{}", url.path()).as_bytes())
        }
        Some(Source::File(path)) => match path.to_str() {
            Some(path) => of_path(Path::new(&plain_path(path))),
            None => of_path(path),
        },
        _ => {
            let name = name(outcome);
            of_path(Path::new(name.split_once("://").map_or(name.as_str(), |(_, path)| path)))
        }
    }
}

fn source(outcome: &Outcome) -> Option<&Source> {
    outcome.input.as_ref().map(|input| &input.source)
}

/// Reference to a file: absolute for an absolute path, relative otherwise.
pub(super) fn of_path(path: &Path) -> String {
    if let Ok(url) = Url::from_file_path(path) {
        return url.into();
    }
    escape(path.as_os_str().as_encoded_bytes())
}

fn escape(path: &[u8]) -> String {
    let path = if MAIN_SEPARATOR == '/' {
        Cow::Borrowed(path)
    } else {
        path.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect()
    };
    percent_encode(&path, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use caption::{Input, Status};

    use super::*;

    fn name_and_uri(operand: &str) -> (String, String) {
        let input = Input::parse(OsStr::new(operand)).unwrap();
        let outcome = Outcome::new(input, Status::Skipped);
        (name(&outcome), uri(&outcome))
    }

    #[test]
    fn the_uri_of_a_file_refers_to_that_file_only() {
        for (name, expected) in [
            ("./sfx/a b.wav", "sfx/a%20b.wav"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("https:x.wav", "https%3Ax.wav"),
            ("a#b?c.wav", "a%23b%3Fc.wav"),
            ("\u{202e}vaw.exe", "%E2%80%AEvaw.exe"),
        ] {
            assert_eq!(name_and_uri(name).1, expected);
        }
        #[cfg(unix)]
        assert_eq!(name_and_uri("/a/ä.wav").1, "file:///a/%C3%A4.wav");
    }

    #[test]
    fn name_and_uri_of_a_url_have_no_credentials() {
        let (name, uri) = name_and_uri("https://user:word@example.com/a%20b.wav?x=1");
        assert_eq!(name, "https://example.com/a%20b.wav?1f206b11");
        assert_eq!(uri, "example.com/a%2520b.wav");
    }
}
