//! Dialects of the chat completions API: the forms in which servers take audio.

use reqwest::Url;

use super::request::Audio;
use crate::audio::AudioFormat;
use crate::error::{Error, Setting};
use crate::url_name::url_name;

/// Form in which a server takes audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// AI/ML API: an `input_audio` with a data URL or a URL, and no format.
    ///
    /// The model's provider documents exactly `data:;base64,`, with no media type, and refuses
    /// base64 without it (Alibaba Model Studio, "Qwen3-Omni-Captioner"). AI/ML API documents only
    /// the URL; its responses suggest that it forwards the value unchanged.
    #[default]
    Aimlapi,
    /// `OpenAI`, `OpenRouter`, llama.cpp and `SGLang`: an `input_audio` with bare base64 and its
    /// format, which all of them take as `wav` or `mp3`, and no URL. Source: their API references.
    OpenAi,
    /// vLLM: an `audio_url` with a data URL or a URL. Source: vLLM's documentation, "Multimodal
    /// Inputs".
    Vllm,
}

/// Hosts with a documented dialect. Source: their API references.
const KNOWN_HOSTS: [(&str, Dialect); 3] = [
    ("api.aimlapi.com", Dialect::Aimlapi),
    ("api.openai.com", Dialect::OpenAi),
    ("openrouter.ai", Dialect::OpenAi),
];

impl Dialect {
    /// All dialects, in the order in which a server gets them after a refusal.
    pub(crate) const ALL: [Self; 3] = [Self::Aimlapi, Self::OpenAi, Self::Vllm];

    /// Dialect of a known host.
    pub(super) fn of_host(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        KNOWN_HOSTS.into_iter().find(|(known, _)| *known == host).map(|(_, dialect)| dialect)
    }

    /// Name of the dialect in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aimlapi => "aimlapi",
            Self::OpenAi => "openai",
            Self::Vllm => "vllm",
        }
    }

    /// True if servers of this dialect fetch URLs.
    pub(crate) fn takes_urls(self) -> bool {
        self != Self::OpenAi
    }

    /// True if servers of this dialect take portable formats only.
    pub(crate) fn is_portable_only(self) -> bool {
        self == Self::OpenAi
    }

    /// True if audio of this format can be sent unchanged.
    pub(crate) fn takes(self, format: &AudioFormat) -> bool {
        !self.is_portable_only() || format.is_portable()
    }

    /// Fails with [`Error::Undecodable`] or [`Error::Invalid`] if the audio cannot be sent in this
    /// dialect without preparation.
    pub(crate) fn check(self, audio: &Audio) -> Result<(), Error> {
        match audio {
            Audio::Url(url) if !self.takes_urls() => {
                Err(Error::invalid(Setting::Url, url_name(url), "the server fetches none"))
            }
            Audio::Clip(clip) if !self.takes(clip.format()) => Err(clip.undecodable()),
            _ => Ok(()),
        }
    }

    /// Text before the base64 of a clip in this container.
    pub(super) fn data_prefix(self, container: &str) -> String {
        match self {
            Self::Aimlapi => "data:;base64,".to_owned(),
            Self::OpenAi => String::new(),
            Self::Vllm => {
                let subtype = if container == "mp3" { "mpeg" } else { container };
                format!("data:audio/{subtype};base64,")
            }
        }
    }
}
