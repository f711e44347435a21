//! Track of sound by the tables of its container, whether or not it can be decoded.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;

use super::encoding::Encoding;
use crate::audio::codec;

/// Size of what a container stores as one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Bytes and frames.
    pub(super) len: u32,
    pub(super) frames: u32,
}

/// Track of sound in a container.
#[derive(Debug, Clone, Default)]
pub(in crate::audio) struct SoundTrack {
    /// Number of the track in the container.
    pub(in crate::audio) id: u32,
    /// The codec in the words of ffprobe, if it is one that is known.
    pub(in crate::audio) codec: Option<String>,
    /// Samples a second, in Hz.
    pub(in crate::audio) rate: Option<u32>,
    /// Number of channels.
    pub(in crate::audio) channels: Option<usize>,
    /// Length in seconds.
    pub(in crate::audio) seconds: Option<f64>,
    /// Parameters in place of those that symphonia reads.
    pub(super) parameters: Option<Box<AudioCodecParameters>>,
    /// Size of the blocks, if it is constant.
    pub(super) block: Option<Block>,
    /// Encoding of the packets on top of the codec.
    pub(super) encoding: Encoding,
    /// True if the packets are encrypted.
    pub(in crate::audio) is_protected: bool,
}

impl SoundTrack {
    /// Track of which only the codec is known.
    pub(in crate::audio) fn of_codec(codec: Option<&str>) -> Self {
        Self { codec: codec.map(str::to_owned), ..Self::default() }
    }

    /// Track of parameters for a decoder.
    pub(super) fn of_parameters(id: u32, parameters: AudioCodecParameters) -> Self {
        Self {
            id,
            codec: codec::name_of(parameters.codec).map(str::to_owned),
            rate: parameters.sample_rate,
            channels: parameters.channels.as_ref().map(Channels::count),
            parameters: Some(Box::new(parameters)),
            ..Self::default()
        }
    }

    /// True if there is a decoder for the codec.
    pub(in crate::audio) fn is_decodable(&self) -> bool {
        !self.is_protected
            && self.encoding != Encoding::Unknown
            && match &self.parameters {
                Some(parameters) => codec::name_of(parameters.codec).is_some(),
                None => self.codec.as_deref().is_some_and(codec::is_decodable),
            }
    }
}
