//! API key: sent to the service, and masked in error texts.

use std::fmt;

use reqwest::Url;
use reqwest::header::HeaderValue;
use url::Position;

use crate::error::Error;
use crate::url_name::url_name;

/// Replacement for the key.
const HIDDEN: &str = "(key)";

/// Length from which a key is secret. Servers without keys accept any word.
const MIN_SECRET_LEN: usize = 16;

/// Length from which the beginning of a secret key is hidden too.
const MIN_HIDDEN_LEN: usize = 6;

/// API key. `Debug` hides it, and there is no `Display`.
#[derive(Clone)]
pub struct ApiKey {
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
        Ok(Self { plain: key.to_owned() })
    }

    /// Value of the `Authorization` header.
    pub(super) fn bearer(&self) -> HeaderValue {
        let bearer = HeaderValue::try_from(format!("Bearer {}", self.plain));
        let mut bearer = bearer.expect("the key is printable ASCII");
        bearer.set_sensitive(true);
        bearer
    }

    /// Masks the key in the text of an error, because some servers repeat it, and its beginning at
    /// the end of a text that was cut. A short key is masked nowhere: it may be an ordinary word.
    fn hide(&self, text: &str) -> String {
        if self.plain.len() < MIN_SECRET_LEN {
            return text.to_owned();
        }
        mask(text, &self.plain, HIDDEN)
    }
}

/// Replaces a secret in a text, and its beginning at the end of a text that was cut.
fn mask(text: &str, secret: &str, replacement: &str) -> String {
    let mut text = text.replace(secret, replacement);
    let lengths = secret.char_indices().map(|(len, _)| len).filter(|len| *len >= MIN_HIDDEN_LEN);
    if let Some(len) = lengths.rev().find(|len| text.ends_with(&secret[..*len])) {
        text.replace_range(text.len() - len.., replacement);
    }
    text
}

/// Parts of a URL that may be secret, as written and decoded.
fn secret_parts(url: &Url) -> Vec<String> {
    let query = url.query().unwrap_or_default();
    let raw = query.split('&').chain(query.split(['&', '='])).map(str::to_owned);
    let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
    let others = [url.password(), Some(url.username()), url.fragment()];
    let others = others.into_iter().flatten().map(str::to_owned);
    let parts = raw.chain(decoded).chain(others);
    let mut parts: Vec<_> = parts.filter(|part| part.len() >= MIN_HIDDEN_LEN).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

/// Secrets of a request, which are masked in error texts.
#[derive(Clone, Copy)]
pub(super) struct Secrets<'a> {
    pub(super) key: &'a ApiKey,
    /// URL of the audio; a server that cannot fetch it may repeat it.
    pub(super) url: Option<&'a Url>,
}

impl Secrets<'_> {
    /// Masks the key in a text, and replaces the URL by its name and parts of it by an ellipsis.
    pub(super) fn hide(self, text: &str) -> String {
        let Some(url) = self.url else { return self.key.hide(text) };
        let (name, without_fragment) = (url_name(url), &url[..Position::AfterQuery]);
        let text = text.replace(url.as_str(), &name).replace(without_fragment, &name);
        let text = secret_parts(url).iter().fold(text, |text, part| mask(&text, part, "…"));
        self.key.hide(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_hidden_in_text_and_where_text_was_cut() {
        let key = ApiKey::new("sk-sk-marked-0123").unwrap();
        assert_eq!(key.hide("a sk-sk-marked-0123 b"), "a (key) b");
        assert_eq!(key.hide("é sk-sk-sk-marke"), "é sk-(key)");
        assert_eq!(key.hide("a sk-s"), "a sk-s");
        assert_eq!(key.hide(""), "");
    }

    #[test]
    fn a_key_of_fewer_than_16_characters_is_not_masked() {
        let key = ApiKey::new("sk-marked-01234").unwrap();
        assert_eq!(key.hide("a sk-marked-01234"), "a sk-marked-01234");
    }

    #[test]
    fn debug_output_hides_the_key() {
        let shown = format!("{:?}", ApiKey::new("sk-marked").unwrap());
        assert!(!shown.contains("marked"), "{shown}");
    }
}
