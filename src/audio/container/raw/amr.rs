//! AMR files: a mark, then frames of 20 ms with a byte before each.
//!
//! Source: RFC 4867, sections 3.6 and 5.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::formats::{FormatId, FormatInfo};
use symphonia::core::io::{MediaSourceStream, ReadBytes};

use super::super::layout::Walker;
use super::super::sound_track::SoundTrack;
use super::{Frames, Opened, or_end};
use crate::audio::codec::{AMR_NB, AMR_WB, amr_frame_len, amr_parameters};

const NARROW_BAND: &[u8] = b"#!AMR\n";
const WIDE_BAND: &[u8] = b"#!AMR-WB";
const WIDE_BAND_REST: &[u8] = b"WB\n";

const INFO: FormatInfo = FormatInfo {
    format: FormatId::new(symphonia::core::common::FourCc::new(*b"amr ")),
    short_name: "amr",
    long_name: "AMR",
};

struct Amr {
    is_wide_band: bool,
}

/// Describes the track, which is decoded unless it has more than one channel.
pub(super) fn walk(walker: &mut Walker) {
    let head = walker.start_of(walker.layout.start, WIDE_BAND.len() + 1);
    let is_wide_band = head.starts_with(WIDE_BAND);
    let codec = if is_wide_band { AMR_WB } else { AMR_NB };
    let mut track = SoundTrack::of_parameters(0, amr_parameters(codec));
    let is_mono = head.starts_with(NARROW_BAND) || (is_wide_band && head.ends_with(b"\n"));
    if !is_mono {
        (track.parameters, track.channels) = (None, None);
    }
    walker.layout.tracks = vec![track];
}

pub(super) fn open(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    let mut mark = [0; 6];
    stream.read_buf_exact(&mut mark)?;
    let is_wide_band = mark == *b"#!AMR-";
    if is_wide_band {
        let mut rest = [0; 3];
        stream.read_buf_exact(&mut rest)?;
        if rest != *WIDE_BAND_REST {
            return unsupported_error("amr: more than one channel");
        }
    } else if mark != *NARROW_BAND {
        return unsupported_error("amr: an unknown mark");
    }
    Ok((Box::new(Amr { is_wide_band }), None))
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
