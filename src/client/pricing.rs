//! Prices of tokens, looked up without a key.

use reqwest::Url;
use serde::Deserialize;

use super::options::ClientOptions;
use super::{endpoint, http};
use crate::error::Error;

/// Size limit of the response, which describes one model.
const MAX_RESPONSE_LEN: usize = 1024 * 1024;

/// Price per token in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Price {
    /// Price of an input token.
    pub prompt_token: f64,
    /// Price of an output token.
    pub completion_token: f64,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    pricing: Pricing,
}

#[derive(Deserialize)]
struct Pricing {
    units: Vec<Unit>,
}

#[derive(Deserialize)]
struct Unit {
    name: String,
    origin: String,
    #[serde(default)]
    content: String,
    price: f64,
    per: f64,
}

impl Price {
    /// Looks up the price of the model; `None` if the look-up fails for any reason.
    ///
    /// Sends `GET /v1/models?id=…&include=pricing`, which takes no key. Source: AI/ML API docs;
    /// the form of the response is that of public clients.
    pub async fn look_up(options: &ClientOptions) -> Option<Self> {
        let url = url(options).ok()?;
        let is_loopback_url = endpoint::is_plain_loopback(&url);
        let client = http::client(options, http::NO_REDIRECTS, is_loopback_url).ok()?;
        let request = client.get(url).timeout(options.timeout.min(http::LOOKUP_TIMEOUT));
        let mut response = request.send().await.ok()?.error_for_status().ok()?;
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.ok()? {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_RESPONSE_LEN {
                return None;
            }
        }
        parse(&body, &options.model)
    }
}

fn url(options: &ClientOptions) -> Result<Url, Error> {
    let mut url = endpoint::resolve(&options.base_url, true)?;
    let path = url.path().trim_end_matches("/chat/completions").to_owned() + "/models";
    url.set_path(&path);
    url.query_pairs_mut().append_pair("id", &options.model).append_pair("include", "pricing");
    Ok(url)
}

fn parse(body: &[u8], model: &str) -> Option<Price> {
    let models: Models = serde_json::from_slice(body).ok()?;
    let model = models.data.into_iter().find(|entry| entry.id == model)?;
    let per_token = |origin: &str, content: &str| {
        let units = || model.pricing.units.iter().filter(|unit| unit.name == "token");
        let of_origin = || units().filter(|unit| unit.origin == origin && unit.per > 0.0);
        of_origin()
            .find(|unit| unit.content == content)
            .or_else(|| of_origin().next())
            .map(|unit| unit.price / unit.per)
    };
    Some(Price {
        prompt_token: per_token("provided", "audio")?,
        completion_token: per_token("generated", "text")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_of_audio_is_preferred_to_that_of_text() {
        let unit = |content: &str, origin: &str, price: f64, per: f64| serde_json::json!({ "name": "token", "content": content, "origin": origin, "price": price, "per": per });
        let body = serde_json::json!({ "data": [{ "id": "m", "pricing": { "units": [
            unit("text", "provided", 1.0, 1e6), unit("audio", "provided", 4.0, 1e6),
            unit("text", "generated", 3.0, 1e3),
        ] } }] });
        let body = body.to_string();
        let price = Price { prompt_token: 4e-6, completion_token: 3e-3 };
        assert_eq!(parse(body.as_bytes(), "m"), Some(price));
        assert_eq!(parse(body.as_bytes(), "other"), None);
        assert_eq!(parse(b"<html>", "m"), None);
    }
}
