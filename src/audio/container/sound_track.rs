//! Track of sound by the tables of its container, whether or not it can be decoded.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;

use super::encoding::Encoding;
use crate::audio::codec;
use crate::text;

/// Length limit of the code of a language, in characters.
const MAX_LANGUAGE: usize = 35;

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
    /// Language by its code, if the container tells one.
    pub(in crate::audio) language: Option<String>,
    /// True if the container marks it as none that is played by default.
    pub(in crate::audio) is_secondary: bool,
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

/// Language code of a container, unless it stands for none.
pub(super) fn language(code: &str) -> Option<String> {
    let code = code.trim_end_matches('\0').to_ascii_lowercase();
    let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (is_code && code != "und").then(|| text::one_line(&code, MAX_LANGUAGE))
}
