//! What an input is called in reports, and where it is for other programs.

use std::borrow::Cow;
use std::path::{MAIN_SEPARATOR, Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::Url;

use caption::input::Source;
use caption::outcome::Outcome;
use caption::text::plain_path;

/// What stands for itself in a path.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The name of an input. Who may fetch a URL is nothing for a report: passwords and signatures are
/// left out of it.
pub(super) fn name(outcome: &Outcome) -> String {
    match source(outcome) {
        Some(Source::Url(url)) => {
            let mut url = url.clone();
            // Both fail only where a URL has no place for them.
            let _ = (url.set_username(""), url.set_password(None));
            let query = if url.query().is_some() { "?…" } else { "" };
            url.set_query(None);
            format!("{url}{query}")
        }
        None if outcome.name.contains("://") => without_secrets(&outcome.name),
        _ => plain_path(&outcome.name),
    }
}

/// A message about an input, with the name that it has in reports.
pub(super) fn told(outcome: &Outcome, message: &str) -> String {
    if outcome.name.contains("://") {
        message.replace(&outcome.name, &name(outcome))
    } else {
        message.to_owned()
    }
}

/// What looks like a URL and is none that can be used.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?…"));
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    format!("{scheme}://{place}{query}")
}

/// A relative reference. GitHub refuses whole reports for a URL in one place: of one, host and
/// path are told.
pub(super) fn uri(outcome: &Outcome) -> String {
    match source(outcome) {
        Some(Source::Url(url)) => {
            let host = url.host_str().unwrap_or_default();
            encode(format!("{host}{}", url.path()).as_bytes())
        }
        Some(Source::File(path)) => match path.to_str() {
            Some(path) => of_path(Path::new(&plain_path(path))),
            None => of_path(path),
        },
        _ => {
            let name = name(outcome);
            of_path(Path::new(name.split_once("://").map_or(name.as_str(), |(_, place)| place)))
        }
    }
}

fn source(outcome: &Outcome) -> Option<&Source> {
    outcome.input.as_ref().map(|input| &input.source)
}

/// A reference to a file: relative for a relative path.
pub(super) fn of_path(path: &Path) -> String {
    if let Ok(url) = Url::from_file_path(path) {
        return url.into();
    }
    encode(path.as_os_str().as_encoded_bytes())
}

fn encode(path: &[u8]) -> String {
    let path = if MAIN_SEPARATOR == '/' {
        Cow::Borrowed(path)
    } else {
        path.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect()
    };
    percent_encode(&path, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use caption::input::Input;
    use caption::outcome::Status;

    fn of(operand: &str) -> (String, String) {
        let input = Input::parse(OsStr::new(operand)).unwrap();
        let outcome = Outcome::of(input, Status::Skipped);
        (name(&outcome), uri(&outcome))
    }

    #[test]
    fn no_name_leads_elsewhere_than_to_the_file() {
        for (name, expected) in [
            ("./sfx/a b.wav", "sfx/a%20b.wav"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("https:x.wav", "https%3Ax.wav"),
            ("a#b?c.wav", "a%23b%3Fc.wav"),
            ("\u{202e}vaw.exe", "%E2%80%AEvaw.exe"),
        ] {
            assert_eq!(of(name).1, expected);
        }
        #[cfg(unix)]
        assert_eq!(of("/a/ä.wav").1, "file:///a/%C3%A4.wav");
    }

    #[test]
    fn of_a_url_neither_who_may_fetch_it_nor_its_scheme_is_told() {
        let (name, uri) = of("https://user:word@example.com/a%20b.wav?x=1");
        assert_eq!(name, "https://example.com/a%20b.wav?…");
        assert_eq!(uri, "example.com/a%2520b.wav");
    }
}
