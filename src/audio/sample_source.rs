//! Source of the samples of a clip, whatever decodes it.

use super::clip::Clip;
use super::decode::{Block, Decoded, Decoder};
use super::ffmpeg::FfmpegDecoder;
use crate::error::Error;

/// Decoder of a clip.
pub(super) enum SampleSource {
    /// The decoders of this program.
    Here(Box<Decoder>),
    /// The program ffmpeg.
    Ffmpeg(Box<FfmpegDecoder>),
}

impl SampleSource {
    /// Opens the clip. With `measures`, levels are measured on the way.
    ///
    /// Fails with [`Error::Undecodable`] or [`Error::FfmpegFailed`] if nothing decodes it, and with
    /// [`Error::Damaged`].
    pub(super) fn open(clip: &Clip, measures: bool) -> Result<Self, Error> {
        if let Some(decoder) = clip.ffmpeg_decoder(measures) {
            return Ok(Self::Ffmpeg(Box::new(decoder?)));
        }
        match Decoder::open(clip, measures) {
            Err(Error::Undecodable { .. }) => Err(clip.undecodable()),
            decoder => Ok(Self::Here(Box::new(decoder?))),
        }
    }

    /// Decodes the next block; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, Error> {
        match self {
            Self::Here(decoder) => decoder.next(),
            Self::Ffmpeg(decoder) => decoder.next(),
        }
    }

    /// The result, complete once there is no more block.
    pub(super) fn finish(self) -> Decoded {
        match self {
            Self::Here(decoder) => decoder.finish(),
            Self::Ffmpeg(decoder) => decoder.finish(),
        }
    }

    /// Reads the rest without decoding it; returns the seconds of all packets, if they can be
    /// counted.
    pub(super) fn count_rest(self) -> Result<Option<f64>, Error> {
        match self {
            Self::Here(decoder) => decoder.count_rest(),
            Self::Ffmpeg(_) => Ok(None),
        }
    }
}

/// Decodes a whole clip.
pub(super) fn decode_all(clip: &Clip, measures: bool) -> Result<Decoded, Error> {
    let mut source = SampleSource::open(clip, measures)?;
    while source.next()?.is_some() {}
    Ok(source.finish())
}
