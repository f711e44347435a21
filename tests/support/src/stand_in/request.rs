//! Received requests.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Request {
    /// `POST`, for example.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// All headers.
    pub headers: hyper::HeaderMap,
    /// Empty if the reply discards it.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the request is JSON")
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the bytes of the audio in a request for a caption.
    #[track_caller]
    pub fn audio(&self) -> Vec<u8> {
        let json = self.json();
        let data = json["messages"][0]["content"][0]["input_audio"]["data"].as_str();
        let encoded = data.and_then(|data| data.strip_prefix("data:;base64,"));
        BASE64_STANDARD.decode(encoded.expect("a data URL")).expect("base64")
    }
}
