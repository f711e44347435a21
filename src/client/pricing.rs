//! Prices of tokens, looked up without a key.

use reqwest::Url;
use serde_json::Value;

use super::options::ClientOptions;
use super::response::{End, read_up_to};
use super::{endpoint, http, json};
use crate::budget::Prices;
use crate::error::Error;

/// Size limit of the response, which describes one model.
const MAX_RESPONSE_LEN: usize = 1024 * 1024;

impl ClientOptions {
    /// Looks up the prices of the model. Returns `None` if the look-up fails for any reason.
    ///
    /// Sends `GET /v1/models?id=…&include=pricing`, which takes no key. Source: AI/ML API docs;
    /// the form of the response is that of public clients.
    pub async fn look_up_prices(&self) -> Option<Prices> {
        let url = url(self).ok()?;
        let client = http::client(self, http::NO_REDIRECTS, &url).ok()?;
        let request = client.get(url).timeout(self.timeout.min(http::LOOKUP_TIMEOUT));
        let mut response = request.send().await.ok()?.error_for_status().ok()?;
        let (body, End::Reached) = read_up_to(MAX_RESPONSE_LEN, Vec::new(), &mut response).await
        else {
            return None;
        };
        prices_in(&json::from_bytes(&body)?, &self.model)
    }
}

fn url(options: &ClientOptions) -> Result<Url, Error> {
    let mut url = endpoint::resolve(&options.base_url, true)?;
    let path = url.path().trim_end_matches("/chat/completions").to_owned() + "/models";
    url.set_path(&path);
    url.query_pairs_mut().append_pair("id", &options.model).append_pair("include", "pricing");
    Ok(url)
}

/// Prices of the model in a list of models.
fn prices_in(document: &Value, model: &str) -> Option<Prices> {
    let model = document["data"].as_array()?.iter().find(|entry| entry["id"] == model)?;
    let units = model["pricing"]["units"].as_array()?;
    let per_token = |origin: &str, content: &str| {
        let mut of_origin = units.iter().filter(|unit| {
            unit["name"] == "token" && unit["origin"] == origin && unit["per"].as_f64() > Some(0.0)
        });
        let first = of_origin.clone().next();
        let unit = of_origin.find(|unit| unit["content"] == content).or(first)?;
        Some(unit["price"].as_f64()? / unit["per"].as_f64()?)
    };
    Some(Prices::new(per_token("provided", "audio")?, per_token("generated", "text")?))
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
        assert_eq!(prices_in(&body, "m"), Some(Prices::new(4e-6, 3e-3)));
        assert_eq!(prices_in(&body, "other"), None);
        assert_eq!(prices_in(&Value::Null, "m"), None);
    }
}
