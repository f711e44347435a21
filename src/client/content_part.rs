//! The part of a message that holds the sound, in the forms that there are.

use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentPart {
    InputAudio { input_audio: InputAudio },
    AudioUrl { audio_url: AudioUrl },
}

#[derive(Serialize)]
pub(super) struct InputAudio {
    pub(super) data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
}

#[derive(Serialize)]
pub(super) struct AudioUrl {
    pub(super) url: String,
}
