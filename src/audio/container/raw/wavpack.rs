//! `WavPack` files: blocks, of which several hold the channels of the same time.
//!
//! Source: "`WavPack` 4 & 5 Binary File / Block Format".

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_WAVPACK;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::formats::{FormatId, FormatInfo};
use symphonia::core::io::{MediaSourceStream, ReadBytes};

use super::super::layout::Walker;
use super::super::sound_track::SoundTrack;
use super::{Frames, Opened, or_end};
use crate::audio::codec::wavpack_channels;

const INFO: FormatInfo = FormatInfo {
    format: FormatId::new(symphonia::core::common::FourCc::new(*b"wvpk")),
    short_name: "wv",
    long_name: "WavPack",
};

const MARK: &[u8; 4] = b"wvpk";
const HEADER_LEN: usize = 32;

/// The largest block, and the blocks of the same time, in bytes.
const MAX_BLOCK: u32 = 1 << 20;
const MAX_PACKET: usize = 2 << 20;

/// Blocks with the channels of the same time, at most.
const MAX_BLOCKS: usize = 32;

/// Flags of a block: bits of DSD, the last one of its time, and its rate as an index.
const DSD: u32 = 1 << 31;
const LAST: u32 = 0x1000;
const RATE_SHIFT: u32 = 23;
const RATES: [u32; 15] = [
    6_000, 8_000, 9_600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000,
    88_200, 96_000, 192_000,
];

struct WavPack {
    rate: u32,
    channels: Channels,
    /// First packet, which the head is read from.
    first: Option<(Vec<u8>, u64)>,
}

/// Names the track if it is one that is not decoded: DSD, or of a rate that blocks spell out.
pub(super) fn walk(walker: &mut Walker) {
    let header = walker.array_at::<HEADER_LEN>(walker.layout.start);
    let flags = header.map_or(0, |h| u32::from_le_bytes([h[24], h[25], h[26], h[27]]));
    if flags & DSD != 0 || rate_of(flags).is_none() {
        walker.layout.tracks = vec![SoundTrack::of_codec(Some("wavpack"))];
    }
}

fn rate_of(flags: u32) -> Option<u32> {
    RATES.get((flags >> RATE_SHIFT & 0xf) as usize).copied()
}

pub(super) fn open(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    let Some(first) = read_blocks(stream)? else { return decode_error("wavpack: no block") };
    let blocks = &first.0;
    let number = |at: usize| {
        u32::from_le_bytes([blocks[at], blocks[at + 1], blocks[at + 2], blocks[at + 3]])
    };
    let (total, flags) = (number(12), number(24));
    let Some(rate) = rate_of(flags) else {
        return unsupported_error("wavpack: a rate of its own");
    };
    let Some(channels) = wavpack_channels(blocks) else {
        return decode_error("wavpack: a damaged first block");
    };
    let length = (total != u32::MAX).then_some(u64::from(total));
    Ok((Box::new(WavPack { rate, channels, first: Some(first) }), length))
}

/// Reads the blocks of the next time, and its frames. Skips what is none.
fn read_blocks(stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
    let mut blocks = Vec::new();
    for _ in 0..MAX_BLOCKS {
        let mut header = [0; HEADER_LEN];
        if or_end(stream.read_buf_exact(&mut header))?.is_none() {
            return Ok(None);
        }
        while !header.starts_with(MARK) {
            header.rotate_left(1);
            let Some(byte) = or_end(stream.read_byte())? else { return Ok(None) };
            header[HEADER_LEN - 1] = byte;
        }
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let (len, frames, flags) = (number(4), number(20), number(24));
        if !(24..MAX_BLOCK).contains(&len) || blocks.len() + len as usize > MAX_PACKET {
            return decode_error("wavpack: an impossible block");
        }
        let start = blocks.len();
        blocks.extend(header);
        blocks.resize(start + 8 + len as usize, 0);
        if or_end(stream.read_buf_exact(&mut blocks[start + HEADER_LEN..]))?.is_none() {
            return Ok(None);
        }
        // Blocks without audio hold metadata.
        if frames == 0 {
            blocks.truncate(start);
        } else if flags & LAST != 0 {
            return Ok(Some((blocks, u64::from(frames))));
        }
    }
    decode_error("wavpack: too many blocks")
}

impl Frames for WavPack {
    fn info(&self) -> &FormatInfo {
        &INFO
    }

    fn parameters(&self) -> AudioCodecParameters {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_WAVPACK).with_sample_rate(self.rate);
        parameters.with_channels(self.channels.clone());
        parameters
    }

    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => read_blocks(stream),
        }
    }
}
