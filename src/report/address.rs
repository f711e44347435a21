//! Where an input is, as a reference that other programs understand.

use std::borrow::Cow;
use std::path::{MAIN_SEPARATOR, Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::Url;

/// What stands for itself in a path.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The name of an input, as people and programs that match names know it.
pub(super) fn plain(name: &str) -> &str {
    name.trim_start_matches("./")
}

/// A URI reference: relative for a relative path.
pub(super) fn uri(name: &str) -> String {
    if let Ok(url) = Url::parse(name)
        && matches!(url.scheme(), "http" | "https")
    {
        return url.into();
    }
    of_path(Path::new(plain(name)))
}

/// A URI reference to a file: relative for a relative path.
pub(super) fn of_path(path: &Path) -> String {
    if let Ok(url) = Url::from_file_path(path) {
        return url.into();
    }
    let bytes = path.as_os_str().as_encoded_bytes();
    let bytes = if MAIN_SEPARATOR == '/' {
        Cow::Borrowed(bytes)
    } else {
        bytes.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect()
    };
    percent_encode(&bytes, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere_than_to_the_file() {
        for (name, expected) in [
            ("./sfx/a b.wav", "sfx/a%20b.wav"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("a#b?c.wav", "a%23b%3Fc.wav"),
            ("https://example.com/a b.wav", "https://example.com/a%20b.wav"),
            ("\u{202e}vaw.exe", "%E2%80%AEvaw.exe"),
        ] {
            assert_eq!(uri(name), expected);
        }
        #[cfg(unix)]
        assert_eq!(uri("/a/ä.wav"), "file:///a/%C3%A4.wav");
    }
}
