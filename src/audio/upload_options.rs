//! Options and limits of an upload.

use std::ops::Range;
use std::time::Duration;

use super::audio_format::AudioFormat;
use super::clip::{Clip, encoded_len};
use super::guard::guarded;
use super::split::{MAX_SHIFT_SECONDS, Splitter};
use super::wav;
use crate::error::{Advice, Error};

/// Upload limit of the model's provider, in bytes of base64; a clip has to be smaller. Source:
/// Alibaba Model Studio, "Qwen3-Omni-Captioner", 2026-01: "less than 10 MB". The source leaves open
/// if that is 10^6 or 2^20 bytes; the smaller reading is the safe one.
pub const MAX_UPLOAD: u64 = 10_000_000;

/// The longest audio that the model takes, in seconds. Source: Alibaba Model Studio,
/// "Qwen3-Omni-Captioner", 2026-01: 40 minutes.
pub(crate) const MAX_SECONDS: f64 = 40.0 * 60.0;

/// Length up to which the model works best. Source: model card of
/// `Qwen/Qwen3-Omni-30B-A3B-Captioner`.
const BEST_WINDOW: Duration = Duration::from_secs(30);

/// Choice of when to convert audio to 16-bit mono WAV at [`SAMPLE_RATE`].
///
/// [`SAMPLE_RATE`]: super::SAMPLE_RATE
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Convert {
    /// Convert formats that the service does not name, and audio that becomes smaller: it is
    /// uncompressed, lossless or over the limit.
    #[default]
    Auto,
    /// Convert everything.
    Always,
    /// Upload every file unchanged.
    Never,
}

/// Options of an upload.
///
/// ```
/// use std::time::Duration;
/// use caption::{Convert, UploadOptions};
///
/// let upload = UploadOptions::default().convert(Convert::Always).window(Duration::from_secs(30));
/// assert!(upload.longest_window() > Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadOptions {
    /// When to convert.
    pub convert: Convert,
    /// Length of the windows that the audio is split into, at least 1 s; `None` for one piece.
    pub window: Option<Duration>,
    /// Upload limit in bytes of base64, of which a clip has to stay below; `None` for a service
    /// without limits, that of 40 minutes included.
    pub max_upload: Option<u64>,
    /// True if levels, loudness and silence are measured.
    pub measures: bool,
    /// True if only [portable formats](super::AudioFormat::is_portable) are uploaded unchanged.
    pub portable_only: bool,
}

impl Default for UploadOptions {
    /// One piece, within the limits of the service.
    fn default() -> Self {
        let (convert, max_upload) = (Convert::default(), Some(MAX_UPLOAD));
        Self { convert, window: None, max_upload, measures: false, portable_only: false }
    }
}

impl UploadOptions {
    /// Sets [`convert`](Self::convert).
    #[must_use]
    pub fn convert(self, convert: Convert) -> Self {
        Self { convert, ..self }
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub fn window(self, window: impl Into<Option<Duration>>) -> Self {
        Self { window: window.into(), ..self }
    }

    /// Sets [`max_upload`](Self::max_upload).
    #[must_use]
    pub fn max_upload(self, max_upload: impl Into<Option<u64>>) -> Self {
        Self { max_upload: max_upload.into(), ..self }
    }

    /// Sets [`measures`](Self::measures).
    #[must_use]
    pub fn measures(self, measures: bool) -> Self {
        Self { measures, ..self }
    }

    /// Sets [`portable_only`](Self::portable_only).
    #[must_use]
    pub fn portable_only(self, portable_only: bool) -> Self {
        Self { portable_only, ..self }
    }

    /// Splits a clip into windows of [`window`](Self::window), or into one, each with its start and
    /// end in seconds. Iterating blocks: in async code, do it on a blocking thread.
    ///
    /// Fails with [`Error::Undecodable`], and with [`Error::Damaged`] if less than half of the
    /// audio is present.
    pub fn windows(
        &self,
        clip: &Clip,
    ) -> Result<impl Iterator<Item = Result<(Range<f64>, Clip), Error>> + use<>, Error> {
        let mut splitter = self.splitter(clip)?;
        Ok(std::iter::from_fn(move || {
            let window = splitter.next_window().transpose()?;
            Some(window.map(|window| (window.start..window.end, window.clip)))
        }))
    }

    /// Splits a clip into windows of [`window`](Self::window), or into one. Blocks: in async code,
    /// call it on a blocking thread.
    ///
    /// Fails with [`Error::Undecodable`], and with [`Error::Damaged`] if less than half of the
    /// audio is present.
    pub(crate) fn splitter(&self, clip: &Clip) -> Result<Splitter, Error> {
        guarded(|| {
            clip.present_seconds(None)?;
            Splitter::open(clip, self.window.unwrap_or(Duration::MAX), self.measures)
        })
    }

    /// Largest file that can be uploaded in the end, in bytes of base64, if it has a limit before
    /// its preparation.
    pub(crate) fn largest_source(&self) -> Option<u64> {
        self.max_upload.filter(|_| self.convert == Convert::Never)
    }

    /// Number of requests for audio of this length.
    pub(crate) fn requests(&self, seconds: f64) -> u64 {
        let window = self.window.map_or(f64::INFINITY, |window| window.as_secs_f64());
        // A rest of less than a second belongs to the last window.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let windows = ((seconds - 1.0) / window).floor() as u64;
        windows.saturating_add(1)
    }

    /// Size in base64 of the upload for a clip, in bytes, estimated from its header.
    ///
    /// Fails like [`prepare`](super::prepare()) if the header is enough to know.
    pub(crate) fn upload_len(&self, clip: &Clip) -> Result<u64, Error> {
        self.check_decodable(clip)?;
        self.check_header(clip)?;
        match clip.format().seconds {
            Some(seconds) if self.window.is_some() || !self.passes_through(clip) => {
                Ok(encoded_len(wav::len(seconds)))
            }
            _ => Ok(clip.encoded_len()),
        }
    }

    /// Fails with [`Error::Undecodable`] if a clip cannot be decoded and has to be. What the service
    /// does not name is no gamble: it is sent as it is only on demand.
    pub(super) fn check_decodable(&self, clip: &Clip) -> Result<(), Error> {
        let is_sent_as_it_is = match self.convert {
            Convert::Always => false,
            Convert::Never => true,
            Convert::Auto => self.takes_undecoded(clip),
        };
        let is_fine = clip.is_decodable() || (is_sent_as_it_is && self.window.is_none());
        if is_fine { Ok(()) } else { Err(clip.undecodable()) }
    }

    /// Fails like [`prepare`](super::prepare()) if the header of a clip is enough to know that it
    /// does not fit into one request. Windows always do.
    pub(crate) fn check_header(&self, clip: &Clip) -> Result<(), Error> {
        if self.convert != Convert::Never || self.window.is_some() {
            clip.probed.check_length(None)?;
        }
        if self.window.is_some() {
            return Ok(());
        }
        let seconds = clip.probed.present.or(clip.format().seconds);
        if self.passes_through(clip) {
            return self.check(clip, seconds);
        }
        match seconds {
            Some(seconds) if seconds > self.max_seconds() => Err(self.too_long(Some(seconds))),
            _ => Ok(()),
        }
    }

    /// The longest audio that fits into one request once it is converted, in seconds.
    pub(super) fn max_seconds(&self) -> f64 {
        let Some(limit) = self.max_upload else { return wav::capacity(wav::MAX_LEN) };
        // Base64 comes in groups of four bytes, and has to stay below the limit.
        let bytes = limit.saturating_sub(1) / 4 * 3;
        wav::capacity(bytes.min(wav::MAX_LEN)).min(MAX_SECONDS)
    }

    /// The longest window that always fits into one request, in whole seconds.
    pub fn longest_window(&self) -> Duration {
        Duration::from_secs_f64((self.max_seconds() - 2.0 * MAX_SHIFT_SECONDS).floor().max(0.0))
    }

    /// True if a clip is uploaded unchanged.
    pub(super) fn passes_through(&self, clip: &Clip) -> bool {
        let format = clip.format();
        match self.convert {
            Convert::Always => false,
            Convert::Never => true,
            Convert::Auto if !clip.is_decodable() => self.takes_undecoded(clip),
            Convert::Auto => {
                let is_small = |seconds| clip.len() <= wav::len(seconds);
                self.is_accepted(format)
                    && clip.track().is_none()
                    && !format.is_repaired
                    && (format.is_lossy() || format.seconds.is_some_and(is_small))
                    && self.fits(clip)
            }
        }
    }

    /// True if audio that cannot be decoded is uploaded unchanged: the service names its format, so
    /// that it can decode it.
    pub(super) fn takes_undecoded(&self, clip: &Clip) -> bool {
        // The service would choose one of several tracks.
        self.convert == Convert::Auto && self.is_accepted(clip.format()) && clip.track().is_none()
    }

    fn is_accepted(&self, format: &AudioFormat) -> bool {
        if self.portable_only { format.is_portable() } else { format.is_named_by_service() }
    }

    fn fits(&self, clip: &Clip) -> bool {
        self.max_upload.is_none_or(|limit| clip.encoded_len() < limit)
    }

    /// Fails if a clip cannot be uploaded unchanged.
    pub(super) fn check(&self, clip: &Clip, seconds: Option<f64>) -> Result<(), Error> {
        let advice = match self.convert {
            Convert::Never => Advice::Convert,
            _ if !clip.is_decodable() => Advice::Shrink,
            _ => self.advice_to_cut(),
        };
        if let Some(limit) = self.max_upload.filter(|_| !self.fits(clip)) {
            return Err(Error::TooLarge { encoded: Some(clip.encoded_len()), limit, advice });
        }
        match seconds {
            Some(seconds) if self.max_upload.is_some() && seconds > MAX_SECONDS => {
                Err(Error::TooLong { seconds: Some(seconds), limit: MAX_SECONDS, advice })
            }
            _ => Ok(()),
        }
    }

    /// The error of converted audio that does not fit into one request.
    pub(super) fn too_long(&self, seconds: Option<f64>) -> Error {
        Error::TooLong { seconds, limit: self.max_seconds(), advice: self.advice_to_cut() }
    }

    /// Advice for converted audio that is too long.
    fn advice_to_cut(&self) -> Advice {
        match self.longest_window() {
            Duration::ZERO => Advice::Shrink,
            window => Advice::Cut { window: window.min(BEST_WINDOW) },
        }
    }
}
