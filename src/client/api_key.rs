//! The key, which is sent and never shown.

use std::fmt;

use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::error::Error;

/// What stands in place of the key.
const HIDDEN: &str = "(key)";

/// So many of its characters tell something of a key.
const TELLING: usize = 6;

/// A bearer key. Its `Debug` form hides it, and there is no `Display`.
#[derive(Clone)]
pub struct ApiKey {
    bearer: HeaderValue,
    plain: String,
}

impl ApiKey {
    /// Takes a key as it was copied; white space around it is dropped.
    ///
    /// Fails with [`Error::BadKey`] where it is empty or holds something other than printable ASCII.
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

    pub(super) fn bearer(&self) -> HeaderValue {
        self.bearer.clone()
    }

    /// The text without the key, which some servers repeat when they refuse it, and without most of
    /// it at the end of a text that was cut.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.replace(&self.plain, HIDDEN);
        let start = self.start_in(&text);
        if text.len() - start >= TELLING {
            text.replace_range(start.., HIDDEN);
        }
        text
    }

    /// The same in all strings of a document; `false` where there was nothing to hide.
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

    /// Where the end of a text begins that may go on to be the key; the length where none does.
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
    fn the_key_is_hidden_whole_and_cut_at_the_end() {
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
