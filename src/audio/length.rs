//! Length of audio: what a header declares, what the bytes can hold, and what is present.

use symphonia::core::formats::Track;

use super::codec;
use super::container;
use super::source_file::SourceFile;

/// Bytes a second below which a declared length is not believed but counted: less than speech takes
/// in any codec.
const MIN_RATE: f64 = 250.0;

/// Bytes a second of the longest silence.
const MIN_COUNTED_RATE: f64 = 1.0;

/// Seconds that the header of a track declares, and seconds that are present unless packets have to
/// be counted to know it.
pub(super) fn lengths(file: &SourceFile, track: &Track) -> (Option<f64>, Option<f64>) {
    let known = track.duration.filter(|ticks| !container::is_unknown_duration(ticks.get()));
    let declared = container::seconds(track.time_base, known);
    let Some(bytes_per_second) = pcm_rate(track) else { return (declared, None) };
    let capacity = file_len(file) / bytes_per_second;
    let present = declared.map_or(capacity, |declared| declared.min(capacity));
    let is_placeholder = |seconds| seconds * bytes_per_second >= f64::from(container::PLACEHOLDER);
    let declared = declared.map(|s| if is_placeholder(s) { present } else { s });
    (declared, Some(present))
}

/// Bytes a second of uncompressed audio.
pub(super) fn pcm_rate(track: &Track) -> Option<f64> {
    let parameters = container::codec_parameters(track)?;
    codec::name_of(parameters.codec).filter(|name| codec::is_pcm(name))?;
    let channels = u32::try_from(parameters.channels.as_ref()?.count()).ok()?;
    let bits = parameters.bits_per_coded_sample.or(parameters.bits_per_sample)?;
    Some(f64::from(parameters.sample_rate?) * f64::from(channels) * f64::from(bits) / 8.0)
}

/// True if a declared length need not be counted.
pub(super) fn is_credible(file: &SourceFile, seconds: f64) -> bool {
    seconds * MIN_RATE <= file_len(file)
}

/// True if a file can hold as much audio as was counted, by the packets' own account.
pub(super) fn is_possible(file: &SourceFile, seconds: f64) -> bool {
    seconds * MIN_COUNTED_RATE <= file_len(file)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn file_len(file: &SourceFile) -> f64 {
    file.len() as f64
}
