//! What is around the sound: containers, read by symphonia.

use std::ops::RangeInclusive;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::{Duration, TimeBase};

use super::bulk::{self, LARGEST_HEAD, LimitExceeded};
use super::file::SoundFile;
use super::mended::ReadLimit;
use super::{codecs, mend};
use crate::error::Error;

/// How far into bytes of an unknown kind the first frame of sound is looked for: past a torn
/// frame or some padding, not so far that noise looks like music.
const DEPTH: u32 = 16 * 1024;

/// Samples a second that recordings have: from seismographs to ultrasound, in Hz.
const RATES: RangeInclusive<u32> = 100..=768_000;

/// Up to here a rate may be any number; the filter of an odd one above would take too much memory.
const ODD_RATES: u32 = 192_000;

/// The most channels that recordings have: ambisonics of the seventh order.
const MOST_CHANNELS: usize = 64;

/// What a writer to a pipe puts where a length belongs is at least so many bytes.
const PLACEHOLDER: f64 = 2_147_000_000.0;

/// Finds out which container it is and reads its head.
pub(super) fn open(file: &SoundFile) -> Result<Box<dyn FormatReader>, SymphoniaError> {
    let options = ProbeOptions { max_probe_depth: DEPTH, ..ProbeOptions::default() };
    let mut probe = Probe::new_with_options(&options);
    symphonia::default::register_enabled_formats(&mut probe);
    let limit = ReadLimit::new(LARGEST_HEAD);
    let reader = bulk::set_aside(file, mend::reader(file));
    let reader =
        reader.map_err(|LimitExceeded| SymphoniaError::LimitError("a head of that size"))?;
    let source = Box::new(reader.within(limit.clone()));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    // Pictures are not looked at, and may be of any size.
    let metadata = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(0));
    let format = FormatOptions::default();
    let opened = probe.probe(&Hint::new(), stream, format, metadata);
    limit.lift();
    opened
}

/// The track that is listened to: the first one of sound.
pub(super) fn first_sound(reader: &dyn FormatReader) -> Option<&Track> {
    reader.first_track(TrackType::Audio)
}

/// How the sound in a track is coded, where the container tells.
pub(super) fn coding(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref()?.audio()
}

/// Fails with [`Error::Damaged`] where the numbers of a sound make no sense.
pub(super) fn check(container: &str, rate: u32, channels: usize) -> Result<(), Error> {
    let reason = if !RATES.contains(&rate) || (rate > ODD_RATES && !rate.is_multiple_of(100)) {
        format!("a sampling rate of {rate} Hz")
    } else if !(1..=MOST_CHANNELS).contains(&channels) {
        format!("{channels} channels")
    } else {
        return Ok(());
    };
    Err(Error::Damaged { container: container.to_uppercase(), reason })
}

/// The length by the container's own account, in seconds.
pub(super) fn told_seconds(
    file: &SoundFile,
    reader: &dyn FormatReader,
    track: &Track,
) -> Option<f64> {
    let whole = reader.media_info();
    told_of_track(file, track).or_else(|| seconds(whole.time_base, whole.duration))
}

/// The length by the track's own account, in seconds.
pub(super) fn told_of_track(file: &SoundFile, track: &Track) -> Option<f64> {
    let told = seconds(track.time_base, track.duration)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let is_placeholder = |most: &f64| told / most * file.len() as f64 >= PLACEHOLDER;
    Some(pcm_seconds(file, track).filter(is_placeholder).map_or(told, |most| told.min(most)))
}

/// A length in seconds, where it is told and not nothing.
pub(super) fn seconds(base: Option<TimeBase>, duration: Option<Duration>) -> Option<f64> {
    let seconds = base?.calc_duration(duration?)?.as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}

/// The most sound that the file has room for, where it is not compressed.
pub(super) fn pcm_seconds(file: &SoundFile, track: &Track) -> Option<f64> {
    let coding = coding(track)?;
    codecs::name_of(coding.codec).filter(|name| codecs::is_pcm(name))?;
    let channels = u32::try_from(coding.channels.as_ref()?.count()).ok()?;
    let bits = coding.bits_per_coded_sample.or(coding.bits_per_sample)?;
    let bits_a_second = f64::from(coding.sample_rate?) * f64::from(channels) * f64::from(bits);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Some(file.len() as f64 * 8.0 / bits_a_second)
}
