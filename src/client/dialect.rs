//! How sound is written into a request: the one place to change should a service want it
//! otherwise.

use reqwest::Url;

use super::audio::Audio;
use super::content_part::{AudioUrl, ContentPart, InputAudio};
use crate::audio::AudioFormat;
use crate::error::{Error, Setting};

/// The ways in which servers of chat completions take sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// AI/ML API: an `input_audio` with a data URL or an address, and no format.
    ///
    /// The model's provider documents exactly `data:;base64,`, with no media type, and refuses
    /// base64 without it (Alibaba Model Studio, "Qwen3-Omni-Captioner"). AI/ML API documents only
    /// the address; that it hands the value on unchanged is inferred from its answers.
    #[default]
    Aimlapi,
    /// `OpenAI`, `OpenRouter`, llama.cpp and `SGLang`: an `input_audio` with bare base64 and its format,
    /// which all of them take as `wav` or `mp3`, and no address. Source: their API references.
    OpenAi,
    /// vLLM: an `audio_url` with a data URL or an address. Source: vLLM's documentation,
    /// "Multimodal Inputs".
    Vllm,
}

/// Hosts with a known dialect. Source: their API references.
const KNOWN_HOSTS: [(&str, Dialect); 3] = [
    ("api.aimlapi.com", Dialect::Aimlapi),
    ("api.openai.com", Dialect::OpenAi),
    ("openrouter.ai", Dialect::OpenAi),
];

/// Stands where the base64 text is to be.
pub(super) const SOUND: &str = "(sound)";

impl Dialect {
    /// All there are, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Aimlapi, Self::OpenAi, Self::Vllm];

    /// Dialect of a known host.
    pub(super) fn of_host(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        KNOWN_HOSTS.into_iter().find(|(known, _)| *known == host).map(|(_, dialect)| dialect)
    }

    /// As it is called in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aimlapi => "aimlapi",
            Self::OpenAi => "openai",
            Self::Vllm => "vllm",
        }
    }

    /// Whether it can hold an address that the server fetches by itself.
    pub fn takes_urls(self) -> bool {
        self != Self::OpenAi
    }

    /// Whether sound of this kind can be sent without being converted.
    pub fn takes(self, format: &AudioFormat) -> bool {
        self != Self::OpenAi || format.is_portable()
    }

    /// Fails with [`Error::Undecodable`] or [`Error::Invalid`] if the audio cannot be sent in this
    /// dialect without preparation.
    pub(crate) fn check(self, audio: &Audio) -> Result<(), Error> {
        match audio {
            Audio::Url(url) if !self.takes_urls() => {
                Err(Error::invalid(Setting::Url, url.as_str(), "the server fetches none"))
            }
            Audio::Clip(clip) if !self.takes(clip.format()) => {
                Err(Error::Undecodable { container: clip.format().container.to_uppercase() })
            }
            _ => Ok(()),
        }
    }

    /// The part of a message that holds the sound, with [`SOUND`] in place of its bytes.
    pub(super) fn part(self, audio: &Audio) -> ContentPart {
        let (value, container) = match audio {
            Audio::Url(url) => (url.to_string(), None),
            Audio::Clip(clip) => {
                let container = clip.format().container.clone();
                let prefix = match self {
                    Self::Aimlapi => "data:;base64,".to_owned(),
                    Self::OpenAi => String::new(),
                    Self::Vllm => format!("data:{};base64,", media_type(&container)),
                };
                (prefix + SOUND, Some(container))
            }
        };
        match self {
            Self::Aimlapi => {
                ContentPart::InputAudio { input_audio: InputAudio { data: value, format: None } }
            }
            Self::OpenAi => ContentPart::InputAudio {
                input_audio: InputAudio { data: value, format: container },
            },
            Self::Vllm => ContentPart::AudioUrl { audio_url: AudioUrl { url: value } },
        }
    }
}

fn media_type(container: &str) -> String {
    let name = if container == "mp3" { "mpeg" } else { container };
    format!("audio/{name}")
}
