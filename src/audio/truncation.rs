//! Recordings that are cut short.

use std::fmt;

use super::clip::Clip;
use super::guard::guarded;
use super::sample_source::decode_all;

/// Difference of two lengths in seconds that an encoder's padding explains.
const MIN_MISSING: f64 = 0.05;

/// The same as a part of the whole.
const MIN_MISSING_PART: f64 = 0.002;

/// The same for the length that ffmpeg reports, of containers that declare it in whole seconds or with
/// the silence before the sound.
const MAX_ROUNDED: f64 = 0.5;
const MAX_ROUNDED_PART: f64 = 0.01;

/// Formats whose header declares the length of the whole, and nothing the place of its end.
const COUNTED: [&str; 2] = ["flac", "mp3"];

/// A recording whose end is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Truncation {
    /// The header declares more audio than is present.
    Cut {
        /// Seconds that are present.
        present: f64,
        /// Seconds that the header declares.
        declared: f64,
    },
    /// The container has no end, and declares no length.
    NoEnd {
        /// Seconds that are present, if known.
        present: Option<f64>,
    },
    /// The file became longer while its start was captioned.
    Growing,
}

impl fmt::Display for Truncation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { present, declared } => {
                write!(f, "{present:.1} of {declared:.1} s are there")
            }
            Self::NoEnd { present: Some(present) } => {
                write!(f, "the end is missing ({present:.1} s are there)")
            }
            Self::NoEnd { present: None } => f.write_str("the end is missing"),
            Self::Growing => f.write_str("the file still grows; its start was captioned"),
        }
    }
}

impl Truncation {
    /// True if more is missing than a length that a container rounds.
    fn is_beyond_rounding(self) -> bool {
        matches!(self, Self::Cut { present, declared }
            if declared - present > MAX_ROUNDED.max(declared * MAX_ROUNDED_PART))
    }

    /// Seconds that are present, if they were counted.
    pub(crate) fn present(self) -> Option<f64> {
        match self {
            Self::Cut { present, .. } => Some(present),
            Self::NoEnd { present } => present,
            Self::Growing => None,
        }
    }
}

impl Clip {
    /// True if the recording may be cut, so that its packets have to be counted to know.
    pub(crate) fn may_be_truncated(&self) -> bool {
        let (layout, format) = (&self.probed.layout, self.format());
        let is_counted = COUNTED.contains(&format.container.as_str());
        layout.truncated.is_some()
            || layout.is_cut
            || layout.is_open_ended
            || ((is_counted || self.is_decoded_by_ffmpeg()) && self.probed.declared.is_some())
    }

    /// Compares the length that is present with the declared one. Reads all packets unless they
    /// were `counted`, in seconds, while decoding: in async code, call it on a blocking thread.
    pub(crate) fn truncation(&self, counted: Option<f64>) -> Option<Truncation> {
        let (probed, layout) = (&self.probed, &self.probed.layout);
        if !self.may_be_truncated() {
            return None;
        }
        // In Matroska, which is read as a stream, the bytes are not those of the audio alone.
        if let (Some((present, declared)), Some(rate), false) =
            (layout.truncated, probed.pcm_rate, layout.is_stream)
        {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let [present, declared] = [present, declared].map(|bytes| bytes as f64 / rate);
            return cut(present, declared);
        }
        let count = || {
            if self.is_decoded_by_ffmpeg() {
                return decode_all(self, false).map(|decoded| decoded.seconds);
            }
            let packets = self.packets().ok().flatten();
            packets.map_or(Ok(None), |packets| Ok(packets.count_all()?.seconds))
        };
        let present = counted.or_else(|| guarded(count).ok()?);
        let is_cut = layout.truncated.is_some() || layout.is_cut;
        let declared = probed.declared.or(self.format().seconds);
        present
            .zip(declared)
            .and_then(|(present, declared)| cut(present, declared))
            .filter(|cut| !self.is_decoded_by_ffmpeg() || cut.is_beyond_rounding())
            .or_else(|| is_cut.then_some(Truncation::NoEnd { present }))
    }
}

fn cut(present: f64, declared: f64) -> Option<Truncation> {
    let is_cut = declared - present > MIN_MISSING.max(declared * MIN_MISSING_PART);
    is_cut.then_some(Truncation::Cut { present, declared })
}
