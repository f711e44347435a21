//! JSON of a caption request, with a placeholder for the base64 text of the audio.

use reqwest::Url;
use serde::Serialize;

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

/// Request for one caption. Optional keys are omitted: the service responds to a `null` with 400.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: [Message; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: [ContentPart; 1],
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart {
    InputAudio { input_audio: InputAudio },
    AudioUrl { audio_url: AudioUrl },
}

#[derive(Serialize)]
struct InputAudio {
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
}

#[derive(Serialize)]
struct AudioUrl {
    url: String,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Request<'a> {
    pub(super) fn new(options: &'a ClientOptions, dialect: Dialect, audio: &Audio) -> Self {
        let content = [ContentPart::new(dialect, audio)];
        Self {
            model: &options.model,
            messages: [Message { role: "user", content }],
            max_tokens: options.max_tokens,
            stream: options.stream.then_some(true),
            stream_options: options.stream.then_some(StreamOptions { include_usage: true }),
        }
    }
}

impl ContentPart {
    fn new(dialect: Dialect, audio: &Audio) -> Self {
        let (value, container) = match audio {
            Audio::Url(url) => (url.to_string(), None),
            Audio::Clip(clip) => {
                let container = clip.format().container.clone();
                (dialect.data_prefix(&container) + BASE64_PLACEHOLDER, Some(container))
            }
        };
        match dialect {
            Dialect::Aimlapi => {
                Self::InputAudio { input_audio: InputAudio { data: value, format: None } }
            }
            Dialect::OpenAi => {
                Self::InputAudio { input_audio: InputAudio { data: value, format: container } }
            }
            Dialect::Vllm => Self::AudioUrl { audio_url: AudioUrl { url: value } },
        }
    }
}
