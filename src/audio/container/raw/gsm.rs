//! GSM 06.10: in WAV in pairs of frames, and in a file of its own.
//!
//! Sources: RFC 2361, appendix on format 0x0031; RFC 3551, section 4.5.8.

use symphonia::core::audio::layouts::CHANNEL_LAYOUT_MONO;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::formats::{FormatId, FormatInfo};
use symphonia::core::io::{MediaSourceStream, ReadBytes};

use super::{Frames, Opened, or_end};
use crate::audio::codec::{GSM, GSM_FRAME, GSM_MS, GSM_PAIR};

const WAV: FormatInfo = FormatInfo {
    format: FormatId::new(symphonia::core::common::FourCc::new(*b"gsmw")),
    short_name: "wav",
    long_name: "WAV with GSM",
};

const RAW: FormatInfo = FormatInfo {
    format: FormatId::new(symphonia::core::common::FourCc::new(*b"gsm ")),
    short_name: "gsm",
    long_name: "GSM",
};

/// Samples of a frame.
const SAMPLES: u64 = 160;

struct Gsm {
    info: FormatInfo,
    rate: u32,
    /// Bytes of a packet.
    len: usize,
    /// Bytes that are left.
    left: u64,
}

/// Frames without a head.
pub(super) fn open_frames() -> Opened {
    (Box::new(Gsm { info: RAW, rate: 8_000, len: GSM_FRAME, left: u64::MAX }), None)
}

pub(super) fn open_wav(stream: &mut MediaSourceStream<'_>) -> Result<Opened> {
    stream.ignore_bytes(12)?;
    let mut rate = None;
    loop {
        let (name, len) = (stream.read_quad_bytes()?, stream.read_u32()?);
        let padded = u64::from(len) + u64::from(len % 2);
        match &name {
            b"fmt " if len >= 16 => {
                let (_, channels, found) =
                    (stream.read_u16()?, stream.read_u16()?, stream.read_u32()?);
                if channels != 1 {
                    return unsupported_error("gsm: more than one channel");
                }
                rate = Some(found);
                stream.ignore_bytes(padded - 8)?;
            }
            b"data" => {
                let Some(rate) = rate else { return decode_error("gsm: no format") };
                let left = if len == 0 || len == u32::MAX { u64::MAX } else { u64::from(len) };
                let length = (left != u64::MAX).then(|| left / GSM_PAIR as u64 * 2 * SAMPLES);
                return Ok((Box::new(Gsm { info: WAV, rate, len: GSM_PAIR, left }), length));
            }
            _ => stream.ignore_bytes(padded)?,
        }
    }
}

impl Frames for Gsm {
    fn info(&self) -> &FormatInfo {
        &self.info
    }

    fn parameters(&self) -> AudioCodecParameters {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(if self.len == GSM_PAIR { GSM_MS } else { GSM });
        parameters.with_sample_rate(self.rate).with_channels(CHANNEL_LAYOUT_MONO);
        parameters
    }

    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>> {
        let Some(left) = self.left.checked_sub(self.len as u64) else { return Ok(None) };
        self.left = left;
        let mut frame = vec![0; self.len];
        if or_end(stream.read_buf_exact(&mut frame))?.is_none() {
            return Ok(None);
        }
        Ok(Some((frame, SAMPLES * if self.len == GSM_PAIR { 2 } else { 1 })))
    }
}
