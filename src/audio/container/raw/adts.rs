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
use symphonia::core::io::{MediaSourceStream, ReadBytes, SeekBuffered};

use super::{Frames, Opened, or_end};

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

/// Length of the longest frame, with the header behind it.
const MAX_FRAME: usize = (1 << 13) + HEADER_LEN;

/// Content that takes the place of a lost frame: an element that no decoder of two channels accepts.
const LOST: &[u8] = &[0xa0];

/// Lost frames in one place that are replaced.
const MAX_LOST: u64 = 200;

/// Indexes of rate and channels.
type Format = (u8, u8);

/// Format and content of a frame.
type Frame = (Format, Vec<u8>);

struct Adts {
    format: Format,
    /// Frames that have been read already.
    ahead: VecDeque<Frame>,
    /// Length of the last frame in bytes.
    last_len: u64,
}

/// A header: the format, and the lengths of itself and of the whole frame.
struct Header {
    format: Format,
    len: usize,
    frame_len: usize,
}

impl Header {
    fn read(bytes: [u8; HEADER_LEN]) -> Option<Self> {
        let [0xff, second, third, fourth, fifth, sixth, _] = bytes else { return None };
        let rate = third >> 2 & 0xf;
        let channels = (third & 1) << 2 | fourth >> 6;
        let frame_len =
            usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
        let len = if second & 1 == 0 { HEADER_LEN + 2 } else { HEADER_LEN };
        let is_valid = second & 0xf6 == 0xf0 && usize::from(rate) < RATES.len() && frame_len > len;
        is_valid.then_some(Self { format: (rate, channels), len, frame_len })
    }
}

pub(super) fn open(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    stream.ensure_seekback_buffer(2 * MAX_FRAME);
    let mut adts = Adts { format: (0, 0), ahead: VecDeque::new(), last_len: 0 };
    let Some((first, _)) = adts.read(stream)? else { return unsupported_error("adts: no frame") };
    adts.format = first.0;
    adts.ahead.push_back(first);
    Ok((Box::new(adts), None))
}

impl Adts {
    /// Reads the next frame, and the number of bytes before it that belong to none.
    fn read(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Frame, u64)>> {
        let mut skipped = 0;
        loop {
            let start = stream.pos();
            let Some(bytes) = read_bytes(stream)? else { return Ok(None) };
            if let Some(header) = Header::read(bytes) {
                let mut data = vec![0; header.frame_len - HEADER_LEN];
                if or_end(stream.read_buf_exact(&mut data))?.is_none() {
                    return Ok(None);
                }
                let end = stream.pos();
                let is_followed =
                    read_bytes(stream)?.is_none_or(|next| Header::read(next).is_some());
                stream.seek_buffered(end);
                // Behind bytes of no frame, a header may be one by chance.
                if is_followed || (skipped == 0 && self.last_len > 0) {
                    self.last_len = header.frame_len as u64;
                    data.drain(..header.len - HEADER_LEN);
                    return Ok(Some(((header.format, data), skipped)));
                }
            }
            stream.seek_buffered(start + 1);
            skipped += 1;
        }
    }
}

/// As many bytes at the position of a stream as a header has; `None` at the end.
fn read_bytes(stream: &mut MediaSourceStream<'_>) -> Result<Option<[u8; HEADER_LEN]>> {
    let mut bytes = [0; HEADER_LEN];
    Ok(or_end(stream.read_buf_exact(&mut bytes))?.map(|()| bytes))
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
        if self.ahead.is_empty() {
            let usual = self.last_len.max(1);
            let Some((frame, skipped)) = self.read(stream)? else { return Ok(None) };
            let lost = ((skipped + usual / 2) / usual).min(MAX_LOST);
            self.ahead.extend((0..lost).map(|_| (self.format, LOST.to_vec())));
            self.ahead.push_back(frame);
        }
        let Some((format, data)) = self.ahead.pop_front() else { return Ok(None) };
        if format == self.format {
            return Ok(Some((data, SAMPLES)));
        }
        let next = self.read(stream)?.map(|(frame, _)| frame);
        let is_change = next.as_ref().is_none_or(|next| next.0 == format);
        let data = if is_change { data } else { LOST.to_vec() };
        let kept = if is_change { format } else { self.format };
        self.ahead.push_back((kept, data));
        self.ahead.extend(next);
        if is_change {
            self.format = format;
            return reset_error();
        }
        self.next(stream)
    }
}
