//! Blocks of a constant size that hold several frames: ADPCM and GSM.
//!
//! Sources: "New Multimedia Data Types and Data Techniques" (ADPCM of WAV), RFC 2361 (GSM of WAV),
//! Apple "`QuickTime` File Format", "Sound sample descriptions" (`ima4`, `agsm`, and the tags of WAV
//! behind `ms`).

use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use super::samples::{Samples, channels, parameters};
use crate::audio::codec::{GSM, GSM_FRAME, GSM_MS, GSM_PAIR, IMA_BLOCK, IMA_FRAMES};

/// Tags of WAV.
pub(super) const ADPCM_MS: u16 = 2;
pub(super) const ADPCM_IMA: u16 = 0x11;
pub(super) const GSM_610: u16 = 0x31;

/// Samples of a frame of GSM.
const GSM_FRAMES: u64 = 160;

/// Blocks, or frames of uncompressed audio.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    pub(super) parameters: AudioCodecParameters,
    /// Bytes of a block.
    pub(super) len: u64,
}

impl Blocks {
    fn new(codec: AudioCodecId, rate: u32, count: u32, len: u64, frames: u64) -> Self {
        let mut parameters = parameters(codec, rate, channels(count), 0);
        parameters.with_frames_per_block(frames);
        Self { parameters, len }
    }

    /// Blocks that a tag of WAV names, each of so many bytes.
    pub(super) fn of_tag(tag: u16, rate: u32, count: u32, len: u64) -> Option<Self> {
        // Four bits a sample, behind the first samples of each channel.
        let (codec, head, first) = match tag {
            ADPCM_MS => (id::CODEC_ID_ADPCM_MS, 7, 2),
            ADPCM_IMA => (id::CODEC_ID_ADPCM_IMA_WAV, 4, 1),
            GSM_610 if count == 1 && len == GSM_PAIR as u64 => {
                return Some(Self::new(GSM_MS, rate, count, len, 2 * GSM_FRAMES));
            }
            _ => return None,
        };
        if !(1..=2).contains(&count) {
            return None;
        }
        let rest = len.checked_sub(head * u64::from(count))?;
        Some(Self::new(codec, rate, count, len, rest * 2 / u64::from(count) + first))
    }

    /// Blocks that a code of AIFF-C, CAF or MOV names; their bytes are needed where it does not
    /// tell them.
    pub(super) fn of_name(
        name: [u8; 4],
        rate: u32,
        count: u32,
        len: impl FnOnce() -> Option<u64>,
    ) -> Option<Self> {
        match &name {
            b"ima4" | b"IMA4" if count > 0 => {
                let (len, codec) = (IMA_BLOCK as u64 * u64::from(count), id::CODEC_ID_ADPCM_IMA_QT);
                Some(Self::new(codec, rate, count, len, IMA_FRAMES as u64))
            }
            b"agsm" | b"GSM " if count == 1 => {
                Some(Self::new(GSM, rate, count, GSM_FRAME as u64, GSM_FRAMES))
            }
            b"ms\0\x31" => {
                let len = len().filter(|len| *len > 0).unwrap_or(GSM_PAIR as u64);
                Self::of_tag(GSM_610, rate, count, len)
            }
            [b'm', b's', tag @ ..] => Self::of_tag(u16::from_be_bytes(*tag), rate, count, len()?),
            _ => None,
        }
    }

    /// Frames of a block.
    pub(super) fn frames(&self) -> u64 {
        self.parameters.frames_per_block.unwrap_or(1)
    }

    /// The blocks from an offset on.
    pub(super) fn samples(self, start: u64, declared: Option<u64>) -> Option<Samples> {
        let frames = self.frames();
        Samples::of_blocks(self.parameters, self.len, frames, start, declared)
    }
}
