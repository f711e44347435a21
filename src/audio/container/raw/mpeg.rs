//! Frames of MPEG audio.
//!
//! Source: ISO/IEC 11172-3, section 2.4.1.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Result, unsupported_error};
use symphonia::core::formats::FormatInfo;
use symphonia::core::formats::well_known::{FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3};
use symphonia::core::io::MediaSourceStream;

use super::info_tag::InfoTag;
use super::synced::{FrameHeader, Synced};
use super::{Frames, Opened, Place};
use crate::audio::container::mpeg_frame::{MpegFormat, MpegHeader};

/// Containers by the layer of their frames.
const INFOS: [FormatInfo; 3] = [
    FormatInfo { format: FORMAT_ID_MP1, short_name: "mp1", long_name: "MPEG audio, layer I" },
    FormatInfo { format: FORMAT_ID_MP2, short_name: "mp2", long_name: "MPEG audio, layer II" },
    FormatInfo { format: FORMAT_ID_MP3, short_name: "mp3", long_name: "MPEG audio, layer III" },
];

/// Frames behind the declared end that an encoder leaves there. If there are more, another file is
/// appended.
const MAX_BEYOND_END: u32 = 2;

struct Mpeg {
    synced: Synced<MpegHeader>,
    format: MpegFormat,
    /// The first frame, which has been read already.
    first: Option<(MpegHeader, Vec<u8>)>,
    /// Samples that an encoder added and that are still to be left out.
    delay: u64,
    /// Samples of the sound that are still to come, if their number is declared.
    left: Option<u64>,
    /// Frames in a row that are behind the declared end.
    beyond_end: u32,
    place: Place,
}

impl FrameHeader for MpegHeader {
    const LEN: usize = Self::LEN;
    /// Layer II with 160 kbit/s at 8 kHz, and its padding.
    const MAX_FRAME: usize = 2881;

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes).filter(|header| header.len > Self::LEN)
    }

    fn frame_len(&self) -> usize {
        self.len
    }

    fn is_like(&self, other: &Self) -> bool {
        self.format.is_like(other.format)
    }
}

pub(super) fn open(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    let mut synced = Synced::new(stream);
    let Some((header, frame)) = synced.next(stream)? else {
        return unsupported_error("mpeg: no frame");
    };
    let tag = InfoTag::read(&frame, &header);
    let length = tag.and_then(|tag| tag.samples());
    let mpeg = Mpeg {
        synced,
        format: header.format,
        first: tag.is_none().then_some((header, frame)),
        delay: tag.map_or(0, |tag| tag.delay.into()),
        left: length,
        beyond_end: 0,
        place: Place::default(),
    };
    Ok((Box::new(mpeg), length))
}

impl Mpeg {
    /// Goes on with a file that is appended.
    fn begin(&mut self, tag: &InfoTag) {
        (self.delay, self.left, self.beyond_end) = (tag.delay.into(), tag.samples(), 0);
    }

    /// Samples of a frame that are left out at its start and at its end.
    fn trims(&mut self, format: MpegFormat) -> (u64, u64) {
        let samples = u64::from(format.samples());
        let start = self.delay.min(samples);
        self.delay -= start;
        // What is declared is that of the first file.
        self.left = self.left.filter(|_| format.is_like(self.format));
        let Some(left) = self.left else { return (start, 0) };
        let rest = samples - start;
        self.left = Some(left.saturating_sub(rest));
        self.beyond_end += u32::from(left == 0);
        if self.beyond_end > MAX_BEYOND_END {
            self.left = None;
            return (start, 0);
        }
        (start, rest.saturating_sub(left))
    }
}

impl Frames for Mpeg {
    fn info(&self) -> &FormatInfo {
        &INFOS[usize::from(self.format.layer) - 1]
    }

    fn parameters(&self) -> AudioCodecParameters {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(self.format.codec()).with_sample_rate(self.format.rate);
        parameters.with_channels(self.format.channels());
        parameters
    }

    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        let mut lost = None;
        loop {
            let frame = match self.first.take() {
                Some(frame) => Some(frame),
                None => self.synced.next(stream)?,
            };
            lost = self.synced.take_lost().or(lost);
            let Some((header, frame)) = frame else {
                self.place = Place { lost, ..Place::default() };
                return Ok(None);
            };
            if let Some(tag) = InfoTag::read(&frame, &header) {
                self.begin(&tag);
                continue;
            }
            let samples = u64::from(header.format.samples());
            let lost = lost.map(|frames| frames.saturating_mul(samples));
            // Lost samples are a part of those that are declared.
            self.left = self.left.map(|left| left.saturating_sub(lost.unwrap_or(0)));
            let (trim_start, trim_end) = self.trims(header.format);
            self.place = Place { lost, trim_start, trim_end };
            return Ok(Some((frame, samples)));
        }
    }

    fn place(&mut self) -> Place {
        std::mem::take(&mut self.place)
    }
}
