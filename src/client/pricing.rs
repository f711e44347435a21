//! Prices of tokens, looked up without a key.

use reqwest::Url;
use serde_json::Value;

use super::options::ClientOptions;
use super::response::{End, read_up_to};
use super::{endpoint, http, json};
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

impl Price {
    /// Looks up the price of the model; `None` if the look-up fails for any reason.
    ///
    /// Sends `GET /v1/models?id=…&include=pricing`, which takes no key. Source: AI/ML API docs;
    /// the form of the response is that of public clients.
    pub async fn look_up(options: &ClientOptions) -> Option<Self> {
        let url = url(options).ok()?;
        let client = http::client(options, http::NO_REDIRECTS, &url).ok()?;
        let request = client.get(url).timeout(options.timeout.min(http::LOOKUP_TIMEOUT));
        let mut response = request.send().await.ok()?.error_for_status().ok()?;
        let (body, End::Reached) = read_up_to(MAX_RESPONSE_LEN, Vec::new(), &mut response).await
        else {
            return None;
        };
        price_in(&json::from_bytes(&body)?, &options.model)
    }
}

fn url(options: &ClientOptions) -> Result<Url, Error> {
    let mut url = endpoint::resolve(&options.base_url, true)?;
    let path = url.path().trim_end_matches("/chat/completions").to_owned() + "/models";
    url.set_path(&path);
    url.query_pairs_mut().append_pair("id", &options.model).append_pair("include", "pricing");
    Ok(url)
}

/// Price of the model in a list of models.
fn price_in(document: &Value, model: &str) -> Option<Price> {
    let model = document["data"].as_array()?.iter().find(|entry| entry["id"] == model)?;
    let units = model["pricing"]["units"].as_array()?;
    let per_token = |origin: &str, content: &str| {
        let of_origin = || {
            let tokens = units.iter().filter(|unit| unit["name"] == "token");
            tokens.filter(|unit| unit["origin"] == origin && unit["per"].as_f64() > Some(0.0))
        };
        let unit = of_origin().find(|unit| unit["content"] == content);
        let unit = unit.or_else(|| of_origin().next())?;
        Some(unit["price"].as_f64()? / unit["per"].as_f64()?)
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
        let price = Price { prompt_token: 4e-6, completion_token: 3e-3 };
        assert_eq!(price_in(&body, "m"), Some(price));
        assert_eq!(price_in(&body, "other"), None);
        assert_eq!(price_in(&Value::Null, "m"), None);
    }
}
