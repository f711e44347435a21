//! Frames of AAC with a header each (ADTS), whose format may change on the way.
//!
//! Source: ISO/IEC 14496-3, section 1.A.2.2.

use std::collections::VecDeque;

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{
    CHANNEL_LAYOUT_AAC_3P0, CHANNEL_LAYOUT_AAC_4P0, CHANNEL_LAYOUT_AAC_5P0, CHANNEL_LAYOUT_AAC_5P1,
    CHANNEL_LAYOUT_AAC_7P1, CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO,
};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::errors::{Result, reset_error, unsupported_error};
use symphonia::core::formats::FormatInfo;
use symphonia::core::formats::well_known::FORMAT_ID_ADTS;
use symphonia::core::io::MediaSourceStream;

use super::synced::{FrameHeader, Synced};
use super::{Frames, Opened, Place};

const INFO: FormatInfo = FormatInfo {
    format: FORMAT_ID_ADTS,
    short_name: "aac",
    long_name: "AAC with a header a frame",
};

const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Channels by their number in a header.
const LAYOUTS: [Channels; 7] = [
    CHANNEL_LAYOUT_MONO,
    CHANNEL_LAYOUT_STEREO,
    CHANNEL_LAYOUT_AAC_3P0,
    CHANNEL_LAYOUT_AAC_4P0,
    CHANNEL_LAYOUT_AAC_5P0,
    CHANNEL_LAYOUT_AAC_5P1,
    CHANNEL_LAYOUT_AAC_7P1,
];

const HEADER_LEN: usize = 7;

/// Samples of a frame.
const SAMPLES: u64 = 1024;

/// Indexes of rate and channels.
type Format = (u8, u8);

/// Header of a frame: the format, and the lengths of itself and of the whole frame.
#[derive(Clone, Copy)]
pub(in crate::audio::container) struct AdtsHeader {
    format: Format,
    len: usize,
    pub(in crate::audio::container) frame_len: usize,
}

impl AdtsHeader {
    /// Reads the header of a frame.
    pub(in crate::audio::container) fn read(bytes: &[u8]) -> Option<Self> {
        let [0xff, second, third, fourth, fifth, sixth, _] = *bytes.first_chunk::<HEADER_LEN>()?
        else {
            return None;
        };
        let rate = third >> 2 & 0xf;
        let channels = (third & 1) << 2 | fourth >> 6;
        let frame_len =
            usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
        let len = if second & 1 == 0 { HEADER_LEN + 2 } else { HEADER_LEN };
        let is_valid = second & 0xf6 == 0xf0 && usize::from(rate) < RATES.len() && frame_len > len;
        is_valid.then_some(Self { format: (rate, channels), len, frame_len })
    }
}

impl FrameHeader for AdtsHeader {
    const LEN: usize = HEADER_LEN;
    const MAX_FRAME: usize = 1 << 13;

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes)
    }

    fn frame_len(&self) -> usize {
        self.frame_len
    }

    /// The format may change.
    fn is_like(&self, _: &Self) -> bool {
        true
    }
}

/// Frame, and the frames that are lost before it.
struct Frame {
    format: Format,
    data: Vec<u8>,
    lost: Option<u64>,
}

struct Adts {
    synced: Synced<AdtsHeader>,
    format: Format,
    /// Frames that have been read already.
    ahead: VecDeque<Frame>,
    /// Frames that are lost before the next one.
    lost: Option<u64>,
}

pub(super) fn open(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    let synced = Synced::new(stream);
    let mut adts = Adts { synced, format: (0, 0), ahead: VecDeque::new(), lost: None };
    adts.read(stream)?;
    let Some(first) = adts.ahead.front() else { return unsupported_error("adts: no frame") };
    adts.format = first.format;
    Ok((Box::new(adts), None))
}

impl Adts {
    /// Reads a frame ahead, unless the file ends.
    fn read(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<()> {
        let frame = self.synced.next(stream)?;
        let lost = self.synced.take_lost();
        match frame {
            Some((header, mut data)) => {
                data.drain(..header.len);
                self.ahead.push_back(Frame { format: header.format, data, lost });
            }
            None => self.lose(lost),
        }
        Ok(())
    }

    fn lose(&mut self, lost: Option<u64>) {
        if let Some(lost) = lost {
            self.lost = Some(self.lost.unwrap_or(0) + lost);
        }
    }
}

impl Frames for Adts {
    fn info(&self) -> &FormatInfo {
        &INFO
    }

    fn parameters(&self) -> AudioCodecParameters {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_AAC).with_sample_rate(RATES[usize::from(self.format.0)]);
        let layout = usize::from(self.format.1).checked_sub(1).and_then(|index| LAYOUTS.get(index));
        if let Some(layout) = layout {
            parameters.with_channels(layout.clone());
        }
        parameters
    }

    /// A change of the format needs two frames: a single one is damaged.
    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        loop {
            if self.ahead.is_empty() {
                self.read(stream)?;
            }
            let Some(frame) = self.ahead.front() else { return Ok(None) };
            let format = frame.format;
            if format != self.format {
                if self.ahead.len() < 2 {
                    self.read(stream)?;
                }
                if self.ahead.get(1).is_none_or(|next| next.format == format) {
                    self.format = format;
                    return reset_error();
                }
            }
            let Some(frame) = self.ahead.pop_front() else { return Ok(None) };
            self.lose(frame.lost);
            if format == self.format {
                return Ok(Some((frame.data, SAMPLES)));
            }
            self.lose(Some(1));
        }
    }

    fn place(&mut self) -> Place {
        let lost = self.lost.take().map(|frames| frames.saturating_mul(SAMPLES));
        Place { lost, ..Place::default() }
    }
}
