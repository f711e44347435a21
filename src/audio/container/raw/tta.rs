//! TTA files: a head, the sizes of all frames, then the frames.
//!
//! Source: "TTA Format Description", <https://tausoft.org/wiki/True_Audio_Codec_Format>.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_TTA;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::formats::{FormatId, FormatInfo};
use symphonia::core::io::{MediaSourceStream, ReadBytes};

use super::super::layout::{Walker, check_table};
use super::super::samples::{channels, parameters};
use super::super::sound_track::SoundTrack;
use super::{Frames, Opened, or_end};
use crate::audio::codec::tta_frame_samples;

const INFO: FormatInfo = FormatInfo {
    format: FormatId::new(symphonia::core::common::FourCc::new(*b"tta1")),
    short_name: "tta",
    long_name: "TTA",
};

/// Length of the head and of a checksum, in bytes.
const HEADER: usize = 22;
const CHECKSUM: u64 = 4;

/// Format that needs no password.
const PLAIN: u16 = 1;

/// Bits of a sample that can be decoded.
const BITS: std::ops::RangeInclusive<u16> = 16..=24;

/// Channels of the decoder.
const MAX_CHANNELS: u16 = 6;

/// Rate from which on a frame of a second takes too much memory.
const MAX_RATE: u32 = 768_000;

/// The largest frame in bytes.
const MAX_FRAME: usize = 2 << 20;

struct Tta {
    parameters: AudioCodecParameters,
    /// Sizes of the frames that are left, the next one last.
    sizes: Vec<u32>,
    /// Samples of a frame, and those that are left.
    frame: u64,
    left: u64,
}

/// The head of a file.
struct Header {
    format: u16,
    channels: u16,
    bits: u16,
    rate: u32,
    samples: u32,
}

impl Header {
    fn read(bytes: &[u8; HEADER]) -> Self {
        let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let long = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self {
            format: short(4),
            channels: short(6),
            bits: short(8),
            rate: long(10),
            samples: long(14),
        }
    }

    /// Number of frames.
    fn count(&self) -> u32 {
        self.samples.div_ceil(tta_frame_samples(self.rate).max(1))
    }

    fn parameters(&self) -> Option<AudioCodecParameters> {
        let is_known = self.format == PLAIN && BITS.contains(&self.bits) && self.rate <= MAX_RATE;
        let is_possible = (1..=MAX_CHANNELS).contains(&self.channels) && self.rate > 0;
        let mut parameters = parameters(CODEC_ID_TTA, self.rate, channels(self.channels.into()), 0);
        parameters.with_bits_per_sample(self.bits.into());
        (is_known && is_possible).then_some(parameters)
    }
}

/// Describes the track, which is only named if it needs a password or has other samples.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let Some(bytes) = walker.array_at::<HEADER>(walker.layout.start) else {
        walker.layout.tracks = vec![SoundTrack::of_codec(Some("tta"))];
        return Ok(());
    };
    let header = Header::read(&bytes);
    let track = match header.parameters() {
        Some(parameters) => {
            check_table(u64::from(header.count()) * CHECKSUM)?;
            SoundTrack::of_parameters(0, parameters)
        }
        None => SoundTrack {
            rate: Some(header.rate).filter(|rate| *rate > 0),
            channels: Some(header.channels.into()).filter(|channels| *channels > 0),
            ..SoundTrack::of_codec(Some("tta"))
        },
    };
    walker.layout.tracks = vec![track];
    Ok(())
}

/// Reads the head and the sizes of the frames.
pub(super) fn open(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    let mut bytes = [0; HEADER];
    stream.read_buf_exact(&mut bytes)?;
    let header = Header::read(&bytes);
    let Some(parameters) = header.parameters() else {
        return unsupported_error("tta: another form");
    };
    let mut sizes = Vec::new();
    for _ in 0..header.count() {
        sizes.push(stream.read_u32()?);
    }
    sizes.reverse();
    stream.ignore_bytes(CHECKSUM)?;
    let frame = u64::from(tta_frame_samples(header.rate));
    let left = u64::from(header.samples);
    Ok((Box::new(Tta { parameters, sizes, frame, left }), Some(left)))
}

impl Frames for Tta {
    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        let Some(size) = self.sizes.pop() else { return Ok(None) };
        let samples = self.frame.min(self.left);
        self.left -= samples;
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        if len > MAX_FRAME {
            return decode_error("tta: a frame of that size");
        }
        let Some(frame) = or_end(stream.read_boxed_slice_exact(len))? else { return Ok(None) };
        Ok(Some((frame.into_vec(), samples)))
    }

    fn info(&self) -> &FormatInfo {
        &INFO
    }

    fn parameters(&self) -> AudioCodecParameters {
        self.parameters.clone()
    }
}
