//! What is around the sound: containers, read by symphonia.

use std::ops::RangeInclusive;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::{Duration, TimeBase};

use super::codecs;
use super::file::{ClipReader, SoundFile};
use super::format::Format;
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
pub(super) fn open(file: &SoundFile) -> Result<Box<dyn FormatReader>, Fault> {
    let options = ProbeOptions { max_probe_depth: DEPTH, ..ProbeOptions::default() };
    let mut probe = Probe::new_with_options(&options);
    symphonia::default::register_enabled_formats(&mut probe);
    let stream =
        MediaSourceStream::new(Box::new(file.reader()), MediaSourceStreamOptions::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    probe.probe(&Hint::new(), stream, format, metadata)
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
fn told_of_track(file: &SoundFile, track: &Track) -> Option<f64> {
    let told = seconds(track.time_base, track.duration)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let is_placeholder = |most: &f64| told / most * file.len() as f64 >= PLACEHOLDER;
    Some(pcm_seconds(file, track).filter(is_placeholder).map_or(told, |most| told.min(most)))
}

/// A length in seconds, where it is told and not nothing.
fn seconds(base: Option<TimeBase>, duration: Option<Duration>) -> Option<f64> {
    let seconds = base?.calc_duration(duration?)?.as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}

/// What the packets of a track come to.
pub(super) struct Count {
    pub(super) packets: u64,
    /// Without what is around them.
    pub(super) bytes: u64,
    /// Their length, where they tell it.
    pub(super) seconds: Option<f64>,
}

/// Reads a track to its end, or to where it is cut.
pub(super) fn count(reader: &mut dyn FormatReader, track: &Track) -> Count {
    let (mut packets, mut bytes, mut sum, mut last) = (0, 0, Duration::ZERO, track.start_ts);
    while let Ok(Some(packet)) = reader.next_packet() {
        if packet.track_id == track.id {
            packets += 1;
            bytes += packet.data.len() as u64;
            sum = sum.saturating_add(packet.dur);
            last = last.max(packet.pts);
        }
    }
    // Matroska tells when a packet begins, and not how long it is.
    let length = if sum > Duration::ZERO { Some(sum) } else { last.duration_from(track.start_ts) };
    Count { packets, bytes, seconds: seconds(track.time_base, length) }
}

/// How long the sound is that is really there, as far as it can be read here.
///
/// Fails with [`Error::Damaged`] where that is less than half of what the track's head tells.
pub(super) fn whole_seconds(file: &SoundFile, format: &Format) -> Result<Option<f64>, Error> {
    let Ok(mut reader) = open(file) else { return Ok(format.seconds) };
    let Some(track) = first_sound(reader.as_ref()).cloned() else { return Ok(format.seconds) };
    let told = told_of_track(file, &track);
    let there = match (pcm_seconds(file, &track), told) {
        (Some(most), Some(told)) => Some(most.min(told)),
        (Some(most), None) => Some(most),
        (None, _) => count(reader.as_mut(), &track).seconds,
    };
    match (told, there) {
        (Some(told), Some(there)) if there < told / 2.0 => Err(Error::Damaged {
            container: format.container.to_uppercase(),
            reason: format!("{there:.1} s of {told:.1} s are there"),
        }),
        _ => Ok(there.or(format.seconds)),
    }
}

/// The most sound that the file has room for, where it is not compressed.
fn pcm_seconds(file: &SoundFile, track: &Track) -> Option<f64> {
    let coding = coding(track)?;
    codecs::name_of(coding.codec).filter(|name| codecs::is_pcm(name))?;
    let channels = u32::try_from(coding.channels.as_ref()?.count()).ok()?;
    let bits = coding.bits_per_coded_sample.or(coding.bits_per_sample)?;
    let bits_a_second = f64::from(coding.sample_rate?) * f64::from(channels) * f64::from(bits);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Some(file.len() as f64 * 8.0 / bits_a_second)
}

impl MediaSource for ClipReader {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.file_len())
    }
}
