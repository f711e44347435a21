//! API key: sent, and never shown.

use std::fmt;

use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::error::Error;

/// Replacement for the key.
const HIDDEN: &str = "(key)";

/// Length from which the beginning of the key is hidden too.
const MIN_HIDDEN_LEN: usize = 6;

/// API key. `Debug` hides it, and there is no `Display`.
#[derive(Clone)]
pub struct ApiKey {
    bearer: HeaderValue,
    plain: String,
}

impl ApiKey {
    /// Creates a key from its text; surrounding white space is ignored.
    ///
    /// Fails with [`Error::BadKey`] if it is empty or holds anything but printable ASCII.
    pub fn new(key: &str) -> Result<Self, Error> {
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::BadKey);
        }
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| Error::BadKey)?;
        bearer.set_sensitive(true);
        Ok(Self { bearer, plain: key.to_owned() })
    }

    /// Value of the `Authorization` header.
    pub(super) fn bearer(&self) -> HeaderValue {
        self.bearer.clone()
    }

    /// Hides the key in a text, because some servers repeat it, and its beginning at the end of a
    /// text that was cut.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.replace(&self.plain, HIDDEN);
        let start = self.start_in(&text);
        if text.len() - start >= MIN_HIDDEN_LEN {
            text.replace_range(start.., HIDDEN);
        }
        text
    }

    /// Hides the key in all strings of a document. Returns true if there was one.
    pub(super) fn hide_in(&self, document: &mut Value) -> bool {
        match document {
            Value::String(text) if text.contains(&self.plain) => {
                *text = self.hide(text);
                true
            }
            Value::Array(list) => {
                list.iter_mut().map(|value| self.hide_in(value)).filter(|hid| *hid).count() > 0
            }
            Value::Object(map) => {
                let hid = map.values_mut().map(|value| self.hide_in(value)).filter(|hid| *hid);
                let hid =
                    hid.count() + map.keys().filter(|name| name.contains(&self.plain)).count();
                if hid > 0 {
                    let entries = std::mem::take(map).into_iter();
                    *map = entries.map(|(name, value)| (self.hide(&name), value)).collect();
                }
                hid > 0
            }
            _ => false,
        }
    }

    /// Start of the longest end of a text that the key begins with, or the length of the text.
    pub(super) fn start_in(&self, text: &str) -> usize {
        let longest = text.len().min(self.plain.len() - 1);
        let lengths = (1..=longest).rev();
        let start = lengths
            .map(|len| text.len() - len)
            .find(|start| text.is_char_boundary(*start) && self.plain.starts_with(&text[*start..]));
        start.unwrap_or(text.len())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_hidden_in_text_and_where_text_was_cut() {
        let key = ApiKey::new("sk-sk-marked").unwrap();
        assert_eq!(key.hide("a sk-sk-marked b"), "a (key) b");
        assert_eq!(key.hide("a sk-sk-sk-marke"), "a sk-(key)");
        assert_eq!(key.hide("a sk-s"), "a sk-s");
        assert_eq!(key.start_in("é sk-sk-sk"), "é sk-".len());
        assert_eq!(key.start_in("a"), 1);
        assert_eq!(ApiKey::new("k").unwrap().start_in("k"), 1);
    }

    #[test]
    fn debug_output_hides_the_key() {
        let shown = format!("{:?}", ApiKey::new("sk-marked").unwrap());
        assert!(!shown.contains("marked"), "{shown}");
    }
}
