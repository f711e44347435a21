//! Format of an audio file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::codec;

/// Container of samples without a head.
pub(super) const HEADLESS: &str = "raw";

/// GSM 6.10 in WAV, format tag 49.
const GSM: &str = "gsm_ms";

/// Format of a [`Clip`](super::Clip). A field that the file does not declare is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AudioFormat {
    /// The container by its usual file extension: `wav`, `mp3`, `ogg`, `mp4`.
    pub container: String,
    /// The codec by its usual short name: `pcm_s16le`, `mp3`, `opus`; `None` if it cannot be
    /// decoded here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Samples a second, in Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Number of channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Length in seconds that the file declares.
    #[serde(skip)]
    pub seconds: Option<f64>,
    /// Number of tracks, video and subtitles included. One audio track is decoded.
    #[serde(skip)]
    pub tracks: usize,
    /// True if the header is wrong and has to be repaired to read the file.
    #[serde(skip)]
    pub is_repaired: bool,
}

impl AudioFormat {
    /// Format of which only the container is known.
    pub(super) fn of_container(container: &str) -> Self {
        Self { container: container.to_owned(), ..Self::default() }
    }

    /// True if the model's provider documents the format as supported: AMR, WAV with PCM or GSM,
    /// 3GP, AAC and MP3. Source: Alibaba Model Studio, "Qwen3-Omni-Captioner", 2026-01.
    pub fn is_named_by_service(&self) -> bool {
        match (self.container.as_str(), self.codec.as_deref()) {
            ("amr" | "3gp" | "aac", _) | ("wav", Some(GSM)) => true,
            _ => self.is_portable(),
        }
    }

    /// True for formats that every server for audio accepts: MP3, and WAV with linear PCM.
    pub fn is_portable(&self) -> bool {
        match (self.container.as_str(), self.codec.as_deref()) {
            ("mp3", None | Some("mp3")) => true,
            ("wav", Some(codec)) => codec::is_pcm(codec) && !codec.ends_with("law"),
            _ => false,
        }
    }

    /// True for samples without a head, whose format only the extension of the file tells.
    pub fn is_headless(&self) -> bool {
        self.container == HEADLESS
    }

    /// True if every sample is stored as a number.
    pub fn is_pcm(&self) -> bool {
        self.codec.as_deref().is_some_and(codec::is_pcm)
    }

    /// True unless the codec is known to be lossless.
    pub fn is_lossy(&self) -> bool {
        self.codec.as_deref().is_none_or(|name| {
            !codec::is_pcm(name) && !["alac", "flac", "tta", "wavpack"].contains(&name)
        })
    }
}

/// Length in seconds of a number of frames.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn duration(frames: u64, rate: u32) -> f64 {
    frames as f64 / f64::from(rate)
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
