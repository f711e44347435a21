//! AMR: frames of 20 ms with a byte before each, behind a mark or in CAF.
//!
//! Source: RFC 4867, sections 3.6 and 5.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::formats::{FormatId, FormatInfo};
use symphonia::core::io::{MediaSourceStream, ReadBytes};

use super::super::layout::{Layout, Walker};
use super::super::sound_track::SoundTrack;
use super::{Frames, Opened, or_end};
use crate::audio::codec::{AMR_NB, AMR_WB, amr_frame_len, amr_parameters};

const NARROW_BAND: &[u8] = b"#!AMR\n";
const WIDE_BAND: &[u8] = b"#!AMR-WB\n";

const INFO: FormatInfo = FormatInfo {
    format: FormatId::new(symphonia::core::common::FourCc::new(*b"amr ")),
    short_name: "amr",
    long_name: "AMR",
};

struct Amr {
    is_wide_band: bool,
}

/// Finds the frames behind the mark, and describes them. More than one channel is not decoded.
pub(super) fn walk(walker: &mut Walker) {
    let head = walker.start_of(walker.layout.start, WIDE_BAND.len());
    let is_wide_band = head.starts_with(WIDE_BAND.trim_ascii_end());
    let (codec, mark) = if is_wide_band { (AMR_WB, WIDE_BAND) } else { (AMR_NB, NARROW_BAND) };
    let mut track = SoundTrack::of_parameters(0, amr_parameters(codec));
    if head.starts_with(mark) {
        walker.layout.start += mark.len() as u64;
    } else {
        (track.parameters, track.channels) = (None, None);
    }
    walker.layout.tracks = vec![track];
}

/// Frames of the only track.
pub(super) fn open(layout: &Layout) -> Result<Opened> {
    let parameters = layout.tracks.first().and_then(|track| track.parameters.as_ref());
    match parameters {
        Some(parameters) => Ok((Box::new(Amr { is_wide_band: parameters.codec == AMR_WB }), None)),
        None => unsupported_error("amr: more than one channel"),
    }
}

impl Frames for Amr {
    fn info(&self) -> &FormatInfo {
        &INFO
    }

    fn parameters(&self) -> AudioCodecParameters {
        amr_parameters(if self.is_wide_band { AMR_WB } else { AMR_NB })
    }

    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        let Some(head) = or_end(stream.read_byte())? else { return Ok(None) };
        let Some(len) = amr_frame_len(head, self.is_wide_band) else {
            return decode_error("amr: a reserved type of frame");
        };
        let mut frame = vec![head; len];
        if or_end(stream.read_buf_exact(&mut frame[1..]))?.is_none() {
            return Ok(None);
        }
        Ok(Some((frame, if self.is_wide_band { 320 } else { 160 })))
    }
}
