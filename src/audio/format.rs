//! What kind of sound it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::codecs;

/// GSM 6.10 as Microsoft puts it into a WAV: the format's number is 49. It cannot be decoded here.
pub(super) const GSM: &str = "gsm_ms";

/// The kind of sound in a [`Clip`](super::Clip). What the file does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AudioFormat {
    /// The container by its usual file extension: `wav`, `mp3`, `ogg`, `mp4`.
    pub container: String,
    /// The codec by its usual short name: `pcm_s16le`, `mp3`, `opus`; `None` where the sound
    /// cannot be decoded here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Samples a second, in Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Number of channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Length in seconds, by the file's own account.
    #[serde(skip)]
    pub seconds: Option<f64>,
    /// Number of tracks, video and subtitles included. The first one of sound is listened to.
    #[serde(skip)]
    pub tracks: usize,
    /// Whether its head is wrong, and was made right to read it here.
    #[serde(skip)]
    pub is_mended: bool,
}

impl AudioFormat {
    /// Whether the service's provider names it among the formats that it takes: AMR, WAV with PCM
    /// or GSM, 3GP, AAC and MP3. Source: Alibaba Model Studio, "Qwen3-Omni-Captioner", 2026-01.
    pub fn is_named_by_service(&self) -> bool {
        match (self.container.as_str(), self.codec.as_deref()) {
            ("amr" | "3gp" | "aac", _) | ("wav", Some(GSM)) => true,
            _ => self.is_portable(),
        }
    }

    /// Whether every server that takes sound takes it: MP3, and WAV with plain samples.
    pub fn is_portable(&self) -> bool {
        match (self.container.as_str(), self.codec.as_deref()) {
            ("mp3", None | Some("mp3")) => true,
            ("wav", Some(codec)) => codecs::is_pcm(codec) && !codec.ends_with("law"),
            _ => false,
        }
    }

    /// Whether every sample is written down as a number.
    pub fn is_pcm(&self) -> bool {
        self.codec.as_deref().is_some_and(codecs::is_pcm)
    }

    /// Whether something was left out to make it small.
    pub fn is_lossy(&self) -> bool {
        self.codec
            .as_deref()
            .is_none_or(|codec| !codecs::is_pcm(codec) && !["flac", "alac"].contains(&codec))
    }
}

impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = self.container.to_uppercase();
        match &self.codec {
            Some(codec) if *codec != self.container => write!(f, "{container} ({codec})")?,
            _ => f.write_str(&container)?,
        }
        if let Some(rate) = self.sample_rate {
            write!(f, ", {} kHz", f64::from(rate) / 1000.0)?;
        }
        if let Some(channels) = self.channels {
            let s = if channels == 1 { "" } else { "s" };
            write!(f, ", {channels} channel{s}")?;
        }
        Ok(())
    }
}
