//! What is done to sound before it is sent: nothing, or as little as it takes.

use std::time::Duration;

use super::clip::{Clip, encoded_len};
use super::split::{REACH_SECONDS, Splitter};
use super::wav;
use super::whole::whole_seconds;
use crate::error::{Advice, Error};

/// The longest base64 text that the model's provider takes, in bytes, itself not included.
/// Source: Alibaba Model Studio, "Qwen3-Omni-Captioner", 2026-01: "less than 10 MB". Whether that
/// is 10^6 or 2^20 bytes is not said; the smaller reading is the safe one.
pub const MAX_UPLOAD: u64 = 10_000_000;

/// The longest sound that the model takes, in seconds. Source: Alibaba Model Studio,
/// "Qwen3-Omni-Captioner", 2026-01: 40 minutes.
const LONGEST: f64 = 40.0 * 60.0;

/// The model is at its best up to here. Source: model card of
/// `Qwen/Qwen3-Omni-30B-A3B-Captioner`.
const BEST: Duration = Duration::from_secs(30);

/// When sound is converted to WAV with one channel of 16 bits at [`SAMPLE_RATE`].
///
/// [`SAMPLE_RATE`]: super::SAMPLE_RATE
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Convert {
    /// Where the service does not name the format, and where there is something to gain: it is
    /// not compressed, or without loss, or too large.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// How sound is made ready.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadOptions {
    /// Whether it is converted.
    pub convert: Convert,
    /// The length of the windows that it is cut into, at least 1 s; `None` leaves it whole.
    pub window: Option<Duration>,
    /// The longest base64 text that may be sent, in bytes, itself not included; `None` for a
    /// service without limits, that of 40 minutes included.
    pub max_upload: Option<u64>,
    /// Whether levels, loudness and silence are measured.
    pub measures: bool,
    /// Whether only what [every server takes](super::AudioFormat::is_portable) may be sent without being
    /// converted.
    pub portable_only: bool,
}

impl Default for UploadOptions {
    /// In one piece, within the limits of the service.
    fn default() -> Self {
        let (convert, max_upload) = (Convert::default(), Some(MAX_UPLOAD));
        Self { convert, window: None, max_upload, measures: false, portable_only: false }
    }
}

impl UploadOptions {
    /// Cuts a clip into windows, as [`UploadOptions::window`] says or in one. Reads: within async code, on
    /// a thread of its own.
    ///
    /// Fails with [`Error::Undecodable`], and with [`Error::Damaged`] where less than half of the
    /// sound is there.
    pub fn splitter(&self, clip: &Clip) -> Result<Splitter, Error> {
        whole_seconds(clip.file(), clip.format())?;
        Splitter::open(clip, self.window.unwrap_or(Duration::MAX), self.measures)
    }

    /// The longest base64 text that a file may come to before it is made ready, in bytes.
    pub(crate) fn largest_source(&self) -> Option<u64> {
        self.max_upload.filter(|_| self.convert == Convert::Never)
    }

    /// How many requests a sound of so many seconds takes.
    pub(crate) fn requests(&self, seconds: f64) -> u64 {
        let window = self.window.map_or(f64::INFINITY, |window| window.as_secs_f64());
        // Less than a second more goes with the last window.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let windows = ((seconds - 1.0) / window).floor() as u64;
        windows.saturating_add(1)
    }

    /// The size in base64 of what would be sent for a clip, in bytes.
    ///
    /// Fails like [`prepare`](super::prepare()) where the clip's own account of itself is enough to tell.
    pub(crate) fn upload_len(&self, clip: &Clip) -> Result<u64, Error> {
        if clip.format().codec.is_none()
            && (self.window.is_some() || self.convert == Convert::Always)
        {
            let container = clip.format().container.to_uppercase();
            return Err(Error::Undecodable { container });
        }
        if self.window.is_none() && self.passes_through(clip) {
            self.check(clip, clip.format().seconds)?;
            return Ok(clip.encoded_len());
        }
        let Some(seconds) = clip.format().seconds else { return Ok(clip.encoded_len()) };
        if self.window.is_none() && seconds > self.longest() {
            let (limit, advice) = (self.longest(), self.advice_to_cut());
            return Err(Error::TooLong { seconds: Some(seconds), limit, advice });
        }
        Ok(encoded_len(wav::len(seconds)))
    }

    /// The longest sound that can be sent in one piece once it is converted, in seconds.
    pub(super) fn longest(&self) -> f64 {
        let Some(limit) = self.max_upload else { return wav::capacity(wav::LARGEST) };
        // One byte less than the limit, and a multiple of four.
        let bytes = limit.saturating_sub(1) / 4 * 3;
        wav::capacity(bytes.min(wav::LARGEST)).min(LONGEST)
    }

    /// The longest window that is sure to fit, wherever the cuts around it fall; whole seconds.
    pub fn longest_window(&self) -> Duration {
        Duration::from_secs_f64((self.longest() - 2.0 * REACH_SECONDS).floor().max(0.0))
    }

    pub(super) fn passes_through(&self, clip: &Clip) -> bool {
        match self.convert {
            Convert::Always => false,
            Convert::Never => true,
            Convert::Auto => {
                let is_lean = || {
                    let seconds = clip.format().seconds;
                    seconds.is_some_and(|seconds| clip.len() <= wav::len(seconds))
                };
                let format = clip.format();
                let is_taken = if self.portable_only {
                    format.is_portable()
                } else {
                    format.is_named_by_service()
                };
                let is_better_left = is_taken
                    && !format.is_mended
                    && (format.is_lossy() || is_lean())
                    && self.fits(clip);
                // What cannot be decoded here may be what the service can.
                is_better_left || format.codec.is_none()
            }
        }
    }

    fn fits(&self, clip: &Clip) -> bool {
        self.max_upload.is_none_or(|limit| clip.encoded_len() < limit)
    }

    /// Fails where a clip cannot be sent as it is.
    pub(super) fn check(&self, clip: &Clip, seconds: Option<f64>) -> Result<(), Error> {
        let advice = match self.convert {
            Convert::Never => Advice::Convert,
            _ if clip.format().codec.is_none() => Advice::Shrink,
            _ => self.advice_to_cut(),
        };
        if let Some(limit) = self.max_upload.filter(|_| !self.fits(clip)) {
            return Err(Error::TooLarge { encoded: Some(clip.encoded_len()), limit, advice });
        }
        match seconds {
            Some(seconds) if self.max_upload.is_some() && seconds > LONGEST => {
                Err(Error::TooLong { seconds: Some(seconds), limit: LONGEST, advice })
            }
            _ => Ok(()),
        }
    }

    /// What to do about converted sound that is too long.
    pub(super) fn advice_to_cut(&self) -> Advice {
        match self.longest_window() {
            Duration::ZERO => Advice::Shrink,
            window => Advice::Cut { window: window.min(BEST) },
        }
    }
}
