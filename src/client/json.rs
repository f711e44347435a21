//! JSON of strangers: what can be read of it, and no more than a caption takes.

use std::borrow::Cow;

use regex::{Captures, Regex};
use serde_json::Value;

/// An answer has a few dozen values, and each takes far more memory than the two bytes it may have
/// on the wire.
const MOST_VALUES: usize = 100_000;

/// A document in a body. As in every text of strangers, what is no UTF-8 is replaced.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    from_text(text.strip_prefix('\u{feff}').unwrap_or(&text))
}

/// Of a name that comes twice, the last value counts; halves of surrogate pairs are replaced.
pub(super) fn from_text(text: &str) -> Option<Value> {
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MOST_VALUES {
        return None;
    }
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&with_whole_pairs(text))).ok()
}

/// Models cut text between tokens, which may be in the middle of a character.
fn with_whole_pairs(text: &str) -> Cow<'_, str> {
    let escape = r"(?i)\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)";
    let escape = Regex::new(escape).expect("written above");
    escape.replace_all(text, |found: &Captures<'_>| {
        if found.get(1).is_some() { r"\ufffd".to_owned() } else { found[0].to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_are_replaced_and_whole_ones_kept() {
        for (escaped, meant) in [
            (r"a\ud83cb", "a\u{fffd}b"),
            (r"\udfb5", "\u{fffd}"),
            (r"\ud83c\ud83c\udfb5", "\u{fffd}🎵"),
            (r"\uD83C\uDFB5\uD83C", "🎵\u{fffd}"),
            (r"\\ud83c \ud83c", "\\ud83c \u{fffd}"),
            (r"\ud83c\n", "\u{fffd}\n"),
        ] {
            assert_eq!(from_text(&format!("\"{escaped}\"")), Some(meant.into()), "{escaped}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_no_document() {
        assert!(from_text(&format!("[{}0]", "0,".repeat(MOST_VALUES - 1))).is_some());
        assert!(from_text(&format!("[{}0]", "0,".repeat(MOST_VALUES))).is_none());
    }
}
