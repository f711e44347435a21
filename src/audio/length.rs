//! Length of the audio in a file: declared by its header, and present.

use symphonia::core::formats::Track;

use super::clip::Clip;
use super::codec;
use super::container::{self, Layout};
use super::file::SourceFile;
use crate::error::Error;

/// Programs that write to a pipe put at least this many bytes in place of a length.
const PLACEHOLDER: f64 = 2_147_000_000.0;

/// Lengths of the audio in a file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Length {
    /// Seconds that the track's header declares.
    pub(super) declared: Option<f64>,
    /// Seconds that are present, unless packets have to be counted to know it.
    pub(super) present: Option<f64>,
    /// Bytes that are present and declared, if the file is cut.
    truncated: Option<(u64, u64)>,
}

impl Length {
    pub(super) fn of_layout(layout: &Layout) -> Self {
        Self { truncated: layout.truncated, ..Self::default() }
    }

    pub(super) fn of_track(self, file: &SourceFile, track: &Track) -> Self {
        let declared = container::seconds(track.time_base, track.duration);
        let Some(capacity) = pcm_seconds(file, track) else { return Self { declared, ..self } };
        let present = declared.map_or(capacity, |declared| declared.min(capacity));
        let is_placeholder = |seconds| is_placeholder(seconds / capacity, file.len());
        let declared = declared.map(|s| if is_placeholder(s) { present } else { s });
        Self { declared, present: Some(present), ..self }
    }

    /// Fails with [`Error::Damaged`] if less than half of the declared audio is present.
    pub(super) fn check(&self, container: &str, present: Option<f64>) -> Result<(), Error> {
        let reason = match (self.truncated, self.declared, present) {
            (Some((present, declared)), ..) if present < declared / 2 => {
                format!("{present} of {declared} bytes are there")
            }
            (_, Some(declared), Some(present)) if present < declared / 2.0 => {
                format!("{present:.1} s of {declared:.1} s are there")
            }
            _ => return Ok(()),
        };
        Err(Error::Damaged { container: container.to_uppercase(), reason })
    }
}

/// Seconds of audio that are present in a clip, as far as they are known.
///
/// Counts the packets, unless the length is known without that or `counted` while decoding. Fails
/// with [`Error::Damaged`] if less than half of the declared audio is present.
pub(super) fn present_seconds(clip: &Clip, counted: Option<f64>) -> Result<Option<f64>, Error> {
    let (length, container) = (clip.probed.length, &clip.format().container);
    let mut present = length.present.or(counted);
    if present.is_none()
        && let Ok(Some(packets)) = clip.packets()
    {
        present = packets.count_all()?.seconds;
    }
    length.check(container, present)?;
    Ok(present.or(clip.format().seconds))
}

/// True if a header declares so many times the length of the file that a program wrote it to a pipe.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn is_placeholder(times: f64, file_len: u64) -> bool {
    times * file_len as f64 >= PLACEHOLDER
}

/// Seconds of uncompressed audio that the whole file has room for.
fn pcm_seconds(file: &SourceFile, track: &Track) -> Option<f64> {
    let parameters = container::codec_parameters(track)?;
    codec::name_of(parameters.codec).filter(|name| codec::is_pcm(name))?;
    let channels = u32::try_from(parameters.channels.as_ref()?.count()).ok()?;
    let bits = parameters.bits_per_coded_sample.or(parameters.bits_per_sample)?;
    let bits_per_second =
        f64::from(parameters.sample_rate?) * f64::from(channels) * f64::from(bits);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Some(file.len() as f64 * 8.0 / bits_per_second)
}
