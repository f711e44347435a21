//! Samples of a constant size behind a head: PCM, A-law, µ-law, and blocks of ADPCM and GSM.
//!
//! The heads of WAV, AIFF, CAF, AU and W64 are parsed by their walks; the samples are the same.

use std::num::NonZero;

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::Result;
use symphonia::core::formats::{FORMAT_ID_NULL, FormatInfo};
use symphonia::core::io::{MediaSourceStream, ReadBytes};

use super::raw::Frames;
use crate::audio::codec::usual_channels;

/// Frames in a packet, unless a block has more.
const PACKET_FRAMES: u64 = 1152;

const INFO: FormatInfo =
    FormatInfo { format: FORMAT_ID_NULL, short_name: "samples", long_name: "Samples" };

/// Sample that is stored as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Signed,
    Unsigned,
    Float,
}

/// Codec of samples of so many bytes, if it is one that can be decoded.
pub(super) fn pcm(number: Number, bytes: u32, is_big_endian: bool) -> Option<AudioCodecId> {
    Some(match (number, bytes, is_big_endian) {
        (Number::Signed, 1, _) => id::CODEC_ID_PCM_S8,
        (Number::Unsigned, 1, _) => id::CODEC_ID_PCM_U8,
        (Number::Signed, 2, false) => id::CODEC_ID_PCM_S16LE,
        (Number::Signed, 2, true) => id::CODEC_ID_PCM_S16BE,
        (Number::Signed, 3, false) => id::CODEC_ID_PCM_S24LE,
        (Number::Signed, 3, true) => id::CODEC_ID_PCM_S24BE,
        (Number::Signed, 4, false) => id::CODEC_ID_PCM_S32LE,
        (Number::Signed, 4, true) => id::CODEC_ID_PCM_S32BE,
        (Number::Unsigned, 2, false) => id::CODEC_ID_PCM_U16LE,
        (Number::Unsigned, 2, true) => id::CODEC_ID_PCM_U16BE,
        (Number::Float, 4, false) => id::CODEC_ID_PCM_F32LE,
        (Number::Float, 4, true) => id::CODEC_ID_PCM_F32BE,
        (Number::Float, 8, false) => id::CODEC_ID_PCM_F64LE,
        (Number::Float, 8, true) => id::CODEC_ID_PCM_F64BE,
        _ => return None,
    })
}

/// Channels of a number, at their usual places if there are such.
pub(super) fn channels(count: u32) -> Channels {
    match count {
        1 => CHANNEL_LAYOUT_MONO,
        2 => CHANNEL_LAYOUT_STEREO,
        count => usual_channels(&Channels::Discrete(u16::try_from(count).unwrap_or(u16::MAX))),
    }
}

/// Parameters of samples, each of `bytes` bytes, of 0 where a decoder knows it.
pub(super) fn parameters(
    codec: AudioCodecId,
    rate: u32,
    channels: Channels,
    bytes: u32,
) -> AudioCodecParameters {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(codec).with_sample_rate(rate).with_channels(channels);
    if bytes > 0 {
        parameters.with_bits_per_sample(8 * bytes).with_bits_per_coded_sample(8 * bytes);
    }
    parameters
}

/// Samples of a file: their place and their format.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    /// Parameters of the decoder.
    pub(super) parameters: AudioCodecParameters,
    /// Offset of the first sample in the file.
    pub(super) start: u64,
    /// Bytes that the header declares, if it does.
    pub(super) declared: Option<u64>,
    /// Bytes of a block, which is a frame unless the codec is ADPCM.
    pub(super) block: NonZero<u64>,
    /// Frames in a block.
    pub(super) block_frames: NonZero<u64>,
    /// Frames of all blocks together, if the header declares fewer than fit into them.
    pub(super) frames: Option<u64>,
}

impl Samples {
    /// Samples that are one frame a block; `None` without a channel.
    pub(super) fn of_frames(
        parameters: AudioCodecParameters,
        block: u64,
        start: u64,
        declared: Option<u64>,
    ) -> Option<Self> {
        let (block, block_frames) = (NonZero::new(block)?, NonZero::<u64>::MIN);
        Some(Self { parameters, start, declared, block, block_frames, frames: None })
    }

    /// Blocks of several frames; `None` without a byte or a frame in them.
    pub(super) fn of_blocks(
        parameters: AudioCodecParameters,
        block: u64,
        block_frames: u64,
        start: u64,
        declared: Option<u64>,
    ) -> Option<Self> {
        let (block, block_frames) = (NonZero::new(block)?, NonZero::new(block_frames)?);
        Some(Self { parameters, start, declared, block, block_frames, frames: None })
    }

    /// Packets of a source that begins at `base` of the file and ends at `end`, and the number of
    /// frames that the header declares.
    pub(super) fn frames(&self, base: u64, end: u64) -> (SampleFrames, Option<u64>) {
        let blocks_per_packet = (PACKET_FRAMES / self.block_frames).max(1);
        let mut parameters = self.parameters.clone();
        parameters
            .with_max_frames_per_packet(blocks_per_packet * self.block_frames.get())
            .with_frames_per_block(self.block_frames.get());
        let declared = self.declared.map(|declared| {
            let fit = (declared / self.block).saturating_mul(self.block_frames.get());
            self.frames.map_or(fit, |frames| frames.min(fit))
        });
        let declared_end = self.declared.map(|declared| self.start.saturating_add(declared));
        let frames = SampleFrames {
            parameters,
            start: self.start - base,
            end: declared_end.unwrap_or(u64::MAX).min(end) - base,
            block: self.block,
            block_frames: self.block_frames,
            blocks_per_packet,
        };
        (frames, declared)
    }
}

/// Packets of [`Samples`].
pub(super) struct SampleFrames {
    parameters: AudioCodecParameters,
    start: u64,
    end: u64,
    block: NonZero<u64>,
    block_frames: NonZero<u64>,
    blocks_per_packet: u64,
}

impl Frames for SampleFrames {
    fn info(&self) -> &FormatInfo {
        &INFO
    }

    fn parameters(&self) -> AudioCodecParameters {
        self.parameters.clone()
    }

    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        let position = stream.pos();
        if position < self.start {
            stream.ignore_bytes(self.start - position)?;
        }
        let left = self.end.saturating_sub(stream.pos()) / self.block;
        let blocks = left.min(self.blocks_per_packet);
        if blocks == 0 {
            return Ok(None);
        }
        let len = usize::try_from(blocks * self.block.get()).unwrap_or(usize::MAX);
        let content = stream.read_boxed_slice_exact(len)?;
        Ok(Some((content.into_vec(), blocks.saturating_mul(self.block_frames.get()))))
    }
}
