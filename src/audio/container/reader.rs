//! From the bytes of a container to its reader and the track that is decoded.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::{Layout, codec_parameters, raw};
use crate::audio::codec;

/// Bytes of an unknown kind in which the first frame is searched: enough to skip a torn frame or
/// padding, too few for noise to look like music.
const PROBE_DEPTH: u32 = 16 * 1024;

/// Opens a container.
pub(super) fn open(
    layout: &Layout,
    stream: MediaSourceStream<'static>,
) -> Result<Box<dyn FormatReader>, SymphoniaError> {
    match raw::open(layout.family, stream)? {
        Ok(reader) => Ok(reader),
        Err(stream) => probe(layout, stream),
    }
}

/// Opens a container that symphonia can read.
fn probe(
    layout: &Layout,
    stream: MediaSourceStream<'static>,
) -> Result<Box<dyn FormatReader>, SymphoniaError> {
    let options = ProbeOptions { max_probe_depth: PROBE_DEPTH, ..ProbeOptions::default() };
    let probe = layout.family.readers(Probe::new_with_options(&options));
    // Pictures are not needed, and may be of any size.
    let metadata = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(0));
    probe.probe(&Hint::new(), stream, FormatOptions::default(), metadata)
}

/// The track that is decoded, with the parameters that a player would show. Those of AMR are known.
pub(super) fn first_audio_track(
    reader: &dyn FormatReader,
    amr: Option<AudioCodecId>,
) -> Option<Track> {
    let mut track = reader.first_track(TrackType::Audio)?.clone();
    let parameters = match amr {
        Some(id) => Some(codec::amr_parameters(id)),
        None => codec_parameters(&track).and_then(codec::with_extension),
    };
    if let Some(parameters) = parameters {
        track.with_codec_params(CodecParameters::Audio(parameters));
    }
    Some(track)
}
