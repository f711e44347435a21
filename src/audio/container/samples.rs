//! Samples of a constant size behind a head: PCM, A-law, µ-law, and blocks of ADPCM and GSM.
//!
//! The heads of WAV, AIFF, CAF, AU and W64 are parsed by their walks; the samples are the same.

use std::num::NonZero;

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::{Result, SeekErrorKind, seek_error};
use symphonia::core::formats::{
    FORMAT_ID_NULL, FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::{MediaSourceStream, ReadBytes};
use symphonia::core::meta::{Metadata, MetadataLog};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

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

    /// Opens a reader on the source of a layout that begins at `base` and ends at `end`.
    pub(super) fn reader(
        &self,
        source: MediaSourceStream<'static>,
        base: u64,
        end: u64,
    ) -> SamplesReader {
        let blocks_per_packet = (PACKET_FRAMES / self.block_frames).max(1);
        let mut parameters = self.parameters.clone();
        let packet_frames = blocks_per_packet * self.block_frames.get();
        parameters
            .with_max_frames_per_packet(packet_frames)
            .with_frames_per_block(self.block_frames.get());
        let mut track = Track::new(0);
        if let Some(rate) = parameters.sample_rate.and_then(NonZero::new) {
            track.with_time_base(TimeBase::from_recip(rate));
        }
        track.with_codec_params(CodecParameters::Audio(parameters));
        if let Some(declared) = self.declared {
            let fit = (declared / self.block).saturating_mul(self.block_frames.get());
            let frames = self.frames.map_or(fit, |frames| frames.min(fit));
            track.with_num_frames(frames).with_duration(Duration::from(frames));
        }
        let declared_end = self.declared.map(|declared| self.start.saturating_add(declared));
        SamplesReader {
            end: declared_end.unwrap_or(u64::MAX).min(end) - base,
            start: self.start - base,
            block: self.block,
            block_frames: self.block_frames,
            blocks_per_packet,
            media_info: MediaInfo::from_track(&track),
            tracks: vec![track],
            source,
            metadata: MetadataLog::default(),
            blocks: 0,
        }
    }
}

/// Reader of [`Samples`].
pub(super) struct SamplesReader {
    source: MediaSourceStream<'static>,
    media_info: MediaInfo,
    tracks: Vec<Track>,
    metadata: MetadataLog,
    start: u64,
    end: u64,
    block: NonZero<u64>,
    block_frames: NonZero<u64>,
    blocks_per_packet: u64,
    /// Blocks read so far.
    blocks: u64,
}

impl FormatReader for SamplesReader {
    fn format_info(&self) -> &FormatInfo {
        &INFO
    }

    fn media_info(&self) -> &MediaInfo {
        &self.media_info
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.metadata.metadata()
    }

    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        seek_error(SeekErrorKind::Unseekable)
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        let position = self.source.pos();
        if position < self.start {
            self.source.ignore_bytes(self.start - position)?;
        }
        let left = self.end.saturating_sub(self.source.pos()) / self.block;
        let blocks = left.min(self.blocks_per_packet);
        let frames = |blocks: u64| blocks.saturating_mul(self.block_frames.get());
        let (Ok(start), true) = (Timestamp::try_from(frames(self.blocks)), blocks > 0) else {
            return Ok(None);
        };
        let duration = Duration::from(frames(blocks));
        let len = usize::try_from(blocks * self.block.get()).unwrap_or(usize::MAX);
        let content = self.source.read_boxed_slice_exact(len)?;
        self.blocks += blocks;
        Ok(Some(Packet::new(0, start, duration, content)))
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.source
    }
}
