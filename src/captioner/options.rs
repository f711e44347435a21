//! How a captioner is set up.

use crate::audio::UploadOptions;
use crate::client::{DEFAULT_MODEL, Dialect};

/// What is asked, and what is done with the sound before it is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaptionerOptions {
    /// The model that the questions are for.
    pub model: String,
    /// The limit of a caption in tokens that the questions are for.
    pub max_tokens: Option<u32>,
    /// Whether every URL is downloaded here and its bytes sent, in place of the URL. One that
    /// only this machine can reach is downloaded in any case, and so is every one where windows
    /// are cut or the length is needed.
    pub inline: bool,
    /// How the sound is made ready.
    pub upload: UploadOptions,
    /// How the sound would be written, where nobody is asked.
    pub dialect: Dialect,
    /// Whether sound of unknown length is refused.
    pub needs_length: bool,
    /// Whether, where [`UploadOptions::measures`], a waveform is wanted too: no record keeps it, so that
    /// known sound is measured again.
    pub needs_waveform: bool,
    /// The most requests at a time, at least 1.
    pub jobs: usize,
}

impl Default for CaptionerOptions {
    fn default() -> Self {
        Self {
            model: DEFAULT_MODEL.to_owned(),
            max_tokens: None,
            inline: false,
            upload: UploadOptions::default(),
            dialect: Dialect::default(),
            needs_length: false,
            needs_waveform: false,
            jobs: 4,
        }
    }
}
