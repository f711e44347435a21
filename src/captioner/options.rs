//! Options of a captioner.

use std::num::NonZeroUsize;

use crate::audio::{Ffmpeg, UploadOptions};
#[cfg(doc)]
use crate::client::ClientOptions;

/// Options of a captioner. The model and the token limit are set in
/// [`ClientOptions`].
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
#[non_exhaustive]
pub struct CaptionerOptions {
    /// Conversion and windows of the audio.
    pub upload: UploadOptions,
    /// Decoder of audio that cannot be decoded here. `None`, the default, starts no other program.
    pub ffmpeg: Option<Ffmpeg>,
    /// Number of the audio track to caption, counted from 1. `None`, the default, takes the one that
    /// players take.
    pub track: Option<NonZeroUsize>,
    /// True to download every URL and upload its content. A URL is always downloaded if the
    /// service cannot reach it, if it is split into windows, or if its duration is needed.
    pub inline: bool,
    /// True to reject audio of unknown duration.
    pub needs_length: bool,
    /// True to include a waveform where [`UploadOptions::measures`] is set. The manifest has none,
    /// so that cached files are measured again.
    pub needs_waveform: bool,
    /// True to measure levels even if the manifest has them.
    pub remeasure: bool,
    /// Limit of requests in flight, at least 1. `None`, the default, begins with 4 and finds how
    /// many the service gains from, at most 64.
    pub jobs: Option<usize>,
}

impl CaptionerOptions {
    /// Sets the conversion and the windows of the audio.
    #[must_use]
    pub fn upload(self, upload: UploadOptions) -> Self {
        Self { upload, ..self }
    }

    /// Sets [`ffmpeg`](Self::ffmpeg).
    #[must_use]
    pub fn ffmpeg(self, ffmpeg: impl Into<Option<Ffmpeg>>) -> Self {
        Self { ffmpeg: ffmpeg.into(), ..self }
    }

    /// Sets [`track`](Self::track).
    #[must_use]
    pub fn track(self, track: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { track: track.into(), ..self }
    }

    /// Sets [`inline`](Self::inline).
    #[must_use]
    pub fn inline(self, inline: bool) -> Self {
        Self { inline, ..self }
    }

    /// Sets the limit of requests in flight.
    #[must_use]
    pub fn jobs(self, jobs: usize) -> Self {
        Self { jobs: Some(jobs), ..self }
    }
}
