//! How sound is written into a request: the one place to change should a service want it
//! otherwise.

use reqwest::Url;

use super::audio::Audio;
use super::part::{AudioUrl, InputAudio, Part};
use crate::audio::Format;
use crate::error::{Error, Meaning};

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

/// Hosts that are known to speak as `OpenAI` does.
const OPENAI_HOSTS: [&str; 2] = ["api.openai.com", "openrouter.ai"];

/// What servers say of sound that is written in another way than they take it.
const WRONG_FORM: [&str; 8] = [
    "input_audio",
    "audio_url",
    "base64",
    "format",
    "padding",
    "load audio",
    "audio file",
    "data url",
];

/// What they say of sound that they understood and cannot use.
const WRONG_SOUND: [&str; 6] =
    ["too long", "too short", "too large", "duration", "decode", "10 mb"];

/// Stands where the base64 text is to be.
pub(super) const SOUND: &str = "(sound)";

impl Dialect {
    /// All there are, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Aimlapi, Self::OpenAi, Self::Vllm];

    /// The one that is tried first at this address.
    pub(super) fn at(url: &Url) -> Self {
        let is_openai = url.host_str().is_some_and(|host| OPENAI_HOSTS.contains(&host));
        if is_openai { Self::OpenAi } else { Self::Aimlapi }
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
    pub fn takes(self, format: &Format) -> bool {
        self != Self::OpenAi || format.is_common()
    }

    pub(super) fn can_say(self, audio: &Audio) -> bool {
        match audio {
            Audio::Url(_) => self.takes_urls(),
            Audio::Clip(clip) => self.takes(clip.format()),
        }
    }

    /// The part of a message that holds the sound, with [`SOUND`] in place of its bytes.
    pub(super) fn part(self, audio: &Audio) -> Part {
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
                Part::InputAudio { input_audio: InputAudio { data: value, format: None } }
            }
            Self::OpenAi => {
                Part::InputAudio { input_audio: InputAudio { data: value, format: container } }
            }
            Self::Vllm => Part::AudioUrl { audio_url: AudioUrl { url: value } },
        }
    }
}

fn media_type(container: &str) -> String {
    let name = if container == "mp3" { "mpeg" } else { container };
    format!("audio/{name}")
}

/// Whether a server refused sound for how it is written. Such a request is not billed. Source:
/// AI/ML API docs, "usage logs".
pub(super) fn is_wrong_form(error: &Error) -> bool {
    let Error::Refused(fault) = error else { return false };
    let message = fault.message.to_lowercase();
    matches!(fault.status, 400 | 422)
        && fault.meaning == Meaning::Rejected
        && WRONG_FORM.iter().any(|words| message.contains(words))
        && !WRONG_SOUND.iter().any(|words| message.contains(words))
}
