//! JSON of a caption request, with a placeholder for the base64 text of the audio.

use reqwest::Url;
use serde_json::{Value, json};

use super::dialect::Dialect;
use super::options::ClientOptions;
use crate::audio::Clip;

/// Audio of a caption request.
#[derive(Debug, Clone)]
pub enum Audio {
    /// Clip whose bytes are sent.
    Clip(Clip),
    /// URL that the service fetches: at most 1 GB and 40 minutes. Source: as for
    /// [`MAX_UPLOAD`](crate::audio::MAX_UPLOAD).
    Url(Url),
}

/// Placeholder for the base64 text.
pub(super) const BASE64_PLACEHOLDER: &str = "(sound)";

/// Request for one caption. The messages come before the model, whose name may hold anything.
///
/// Optional keys are omitted: the service responds to a `null` with 400.
pub(super) fn request(options: &ClientOptions, dialect: Dialect, audio: &Audio) -> Value {
    let content = [content_part(dialect, audio)];
    let mut request = json!({
        "messages": [{ "role": "user", "content": content }],
        "model": options.model,
    });
    if let Some(max_tokens) = options.max_tokens {
        request["max_tokens"] = max_tokens.into();
    }
    if options.stream {
        request["stream"] = true.into();
        request["stream_options"] = json!({ "include_usage": true });
    }
    request
}

fn content_part(dialect: Dialect, audio: &Audio) -> Value {
    let (value, container) = match audio {
        Audio::Url(url) => (url.to_string(), None),
        Audio::Clip(clip) => {
            let container = clip.format().container.as_str();
            (dialect.data_prefix(container) + BASE64_PLACEHOLDER, Some(container))
        }
    };
    match (dialect, container) {
        (Dialect::OpenAi, Some(format)) => {
            json!({ "type": "input_audio", "input_audio": { "data": value, "format": format } })
        }
        (Dialect::Aimlapi | Dialect::OpenAi, _) => {
            json!({ "type": "input_audio", "input_audio": { "data": value } })
        }
        (Dialect::Vllm, _) => json!({ "type": "audio_url", "audio_url": { "url": value } }),
    }
}
