//! JSON of the service, read leniently and within a memory limit.

use std::borrow::Cow;

use regex::{Captures, Regex};
use serde_json::Value;

/// Limit of the values in a document. A response has a few dozen; each takes far more memory than
/// the two bytes that it may have in the body.
const MAX_VALUES: usize = 100_000;

/// Parses a body; invalid UTF-8 is replaced.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    from_text(text.strip_prefix('\u{feff}').unwrap_or(&text))
}

/// Parses a document. The last value of a duplicate key counts; lone surrogates are replaced.
pub(super) fn from_text(text: &str) -> Option<Value> {
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        return None;
    }
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&replace_lone_surrogates(text)))
        .ok()
}

/// Text of a string that is not empty.
pub(super) fn text_in(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Replaces lone surrogates, which models produce when they cut text between tokens.
fn replace_lone_surrogates(text: &str) -> Cow<'_, str> {
    let escape = r"(?i)\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)";
    let escape = Regex::new(escape).expect("a valid pattern");
    escape.replace_all(text, |found: &Captures<'_>| {
        if found.get(1).is_some() { r"\ufffd".to_owned() } else { found[0].to_owned() }
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::client::api_key::{ApiKey, Secrets};
    use crate::client::error_response;
    use reqwest::header::HeaderMap;
    use support::random::Rng;
    use support::random::{cases, mutated, one_of, soup};

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_kept() {
        for (escaped, expected) in [
            (r"a\ud83cb", "a\u{fffd}b"),
            (r"\udfb5", "\u{fffd}"),
            (r"\ud83c\ud83c\udfb5", "\u{fffd}🎵"),
            (r"\uD83C\uDFB5\uD83C", "🎵\u{fffd}"),
            (r"\\ud83c \ud83c", "\\ud83c \u{fffd}"),
            (r"\ud83c\n", "\u{fffd}\n"),
        ] {
            assert_eq!(from_text(&format!("\"{escaped}\"")), Some(expected.into()), "{escaped}");
        }
    }

    #[test]
    fn random_surrogates_are_read_as_utf16_lossy_does() {
        cases(|random| {
            let unit = |random: &mut Rng| match random.u8(..4) {
                0 => random.u16(0xd800..0xdc00),
                1 => random.u16(0xdc00..0xe000),
                _ => random.u16(..),
            };
            let units: Vec<u16> = (0..random.usize(..12)).map(|_| unit(random)).collect();
            let escaped =
                units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let read = from_text(&format!("\"{escaped}\""));
            assert_eq!(read, Some(String::from_utf16_lossy(&units).into()), "{escaped}");
        });
    }

    #[test]
    fn a_document_with_too_many_values_is_refused() {
        assert!(from_text(&format!("[{}0]", "0,".repeat(MAX_VALUES - 1))).is_some());
        assert!(from_text(&format!("[{}0]", "0,".repeat(MAX_VALUES))).is_none());
    }

    #[test]
    fn random_bytes_never_panic() {
        cases(|random| {
            let document = serde_json::to_vec(&random_document(random, 6)).unwrap();
            assert!(from_bytes(&document).is_some());
            let changed = mutated(random, &document);
            if let Some(document) = from_bytes(&changed) {
                let key = ApiKey::new("k").unwrap();
                error_response::in_success(
                    &document,
                    &HeaderMap::new(),
                    Secrets { key: &key, url: None },
                );
            }
        });
    }

    /// Returns a random document with the keys of error documents.
    pub(in crate::client) fn random_document(random: &mut Rng, depth: usize) -> Value {
        const KEYS: [&str; 16] = [
            "message",
            "error",
            "details",
            "data",
            "meta",
            "_errors",
            "messages",
            "title",
            "detail",
            "kind",
            "name",
            "path",
            "reason",
            "requestId",
            "code",
            "0",
        ];
        const TEXTS: [&str; 6] = ["sk-marked-0123456", "a", " ", "\n", "\u{1b}[31m", "run out of"];
        match random.u8(..if depth == 0 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => random.bool().into(),
            2 => random.f64().into(),
            3 => random.i64(..).into(),
            4 => String::from_utf8_lossy(&soup(random, 6, &TEXTS)).into(),
            5 => (0..random.usize(..4)).map(|_| random_document(random, depth - 1)).collect(),
            _ => {
                let entries = (0..random.usize(..4)).map(|_| {
                    (one_of(random, &KEYS).to_owned(), random_document(random, depth - 1))
                });
                Value::Object(entries.collect())
            }
        }
    }
}
