//! The key, which is sent and never shown.

use std::fmt;

use reqwest::header::HeaderValue;

use crate::error::Error;

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

    /// The text without the key, which some servers repeat when they refuse it.
    pub(super) fn hide(&self, text: &str) -> String {
        text.replace(&self.plain, "(key)")
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
    fn debug_output_hides_the_key() {
        let shown = format!("{:?}", ApiKey::new("sk-marked").unwrap());
        assert!(!shown.contains("marked"), "{shown}");
    }
}
