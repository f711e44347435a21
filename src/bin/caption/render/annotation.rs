//! Failures and findings of an input, its name and its URI, in the form that all reports share.

use std::borrow::Cow;
use std::path::{MAIN_SEPARATOR, Path};

use caption::{ErrorKind, Finding, Outcome, Severity, Source, one_line, plain_path, sanitize};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::Url;

use crate::ui::hints::hint;

/// Limit of a text in characters: messages of a server have none.
const MAX_TEXT_LEN: usize = 2000;

/// Message for a run that ended early.
pub(super) const CUT_SHORT: &str = "the run ended before all inputs were checked";

/// Characters that are escaped in a path: all but those that RFC 3986 calls unreserved, and `/`.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Failure or finding, in harmless text on one line.
pub(super) struct Annotation {
    /// Name of the rule, or kind of the error.
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) reason: Option<String>,
    /// True for a failure, false for a finding.
    pub(super) is_failure: bool,
}

/// Two values of the same type, for errors and for warnings.
#[derive(Default)]
pub(super) struct BySeverity<T> {
    pub(super) errors: T,
    pub(super) warnings: T,
}

impl<T> BySeverity<T> {
    pub(super) fn of(&mut self, severity: Severity) -> &mut T {
        match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        }
    }
}

/// Annotations of an input: failures first, then findings.
pub(super) fn annotations(outcome: &Outcome) -> Vec<Annotation> {
    // The end of the run is reported once, and not for each input that was not tried.
    let failure = outcome.error().filter(|_| !outcome.is_not_tried()).map(|error| {
        let message = format!("{error}; {}", hint(error));
        Annotation::failure(error.kind(), &message)
    });
    let manifest_error = outcome.manifest_error.as_ref().map(|error| {
        Annotation::failure(ErrorKind::Output, &format!("could not write the manifest ({error})"))
    });
    let findings = outcome.findings.iter().map(Annotation::finding);
    failure.into_iter().chain(manifest_error).chain(findings).collect()
}

impl Annotation {
    fn failure(kind: ErrorKind, message: &str) -> Self {
        Self {
            rule: kind.to_string(),
            severity: Severity::Error,
            message: line(message),
            reason: None,
            is_failure: true,
        }
    }

    fn finding(finding: &Finding) -> Self {
        Self {
            rule: line(&finding.rule),
            severity: finding.severity,
            message: line(&format!("{}{}", finding.message, finding.details())),
            reason: finding.reason.as_deref().map(line),
            is_failure: false,
        }
    }
}

fn line(text: &str) -> String {
    one_line(&sanitize(text), MAX_TEXT_LEN)
}

/// Name of an input, in the shortest spelling of its path.
pub(super) fn input_name(outcome: &Outcome) -> String {
    if outcome.name.contains("://") { outcome.name.clone() } else { plain_path(&outcome.name) }
}

/// Relative reference of an input. A URL is reduced to host and path: GitHub rejects a whole report
/// if one location has a scheme.
pub(super) fn input_uri(outcome: &Outcome) -> String {
    match source(outcome) {
        Some(Source::Url(url)) => {
            let host = url.host_str().unwrap_or_default();
            escape(format!("{host}{}", url.path()).as_bytes())
        }
        Some(Source::File(path)) => match path.to_str() {
            Some(path) => path_uri(Path::new(&plain_path(path))),
            None => path_uri(path),
        },
        _ => {
            let name = input_name(outcome);
            path_uri(Path::new(name.split_once("://").map_or(name.as_str(), |(_, path)| path)))
        }
    }
}

fn source(outcome: &Outcome) -> Option<&Source> {
    outcome.input.as_ref().map(|input| &input.source)
}

/// Reference to a file: absolute for an absolute path, relative otherwise.
pub(super) fn path_uri(path: &Path) -> String {
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
        (input_name(&outcome), input_uri(&outcome))
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
