//! Header of an MPEG audio frame: the format of what follows, which may change within a file.
//!
//! Source: ISO/IEC 11172-3, section 2.4.1.3; ISO/IEC 13818-3, section 2.4.2.3.

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::formats::Track;
use symphonia::core::units::{TimeBase, Timestamp};

/// Codecs whose frames have such a header.
pub(super) const MPEG: [AudioCodecId; 3] = [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3];

/// Value of the mode of a single channel.
const MONO: u8 = 3;

/// Format of a frame.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct MpegFormat {
    codec: AudioCodecId,
    rate: u32,
    is_mono: bool,
}

impl MpegFormat {
    /// Reads the header of a frame.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let [0xff, second, third, fourth, ..] = *frame else { return None };
        let codec = match second >> 1 & 3 {
            1 => CODEC_ID_MP3,
            2 => CODEC_ID_MP2,
            3 => CODEC_ID_MP1,
            _ => return None,
        };
        // MPEG-1, and MPEG-2 and 2.5 with half and a quarter of its rates.
        let divisor = match second >> 3 & 3 {
            3 => 1,
            2 => 2,
            0 => 4,
            _ => return None,
        };
        let rate = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))? / divisor;
        Some(Self { codec, rate, is_mono: fourth >> 6 == MONO })
    }

    /// The track with the parameters of this format, unless it has them.
    pub(super) fn apply_to(self, track: &Track) -> Option<Track> {
        let mut parameters = super::codec_parameters(track)?.clone();
        let channels = if self.is_mono { 1 } else { 2 };
        if parameters.codec == self.codec
            && parameters.sample_rate == Some(self.rate)
            && parameters.channels.as_ref().is_some_and(|known| known.count() == channels)
        {
            return None;
        }
        parameters.for_codec(self.codec).with_sample_rate(self.rate);
        parameters.with_channels(match channels {
            1 => CHANNEL_LAYOUT_MONO,
            _ => CHANNEL_LAYOUT_STEREO,
        });
        let mut track = track.clone();
        track.with_codec_params(CodecParameters::Audio(parameters));
        track.time_base = TimeBase::try_from_recip(self.rate);
        (track.start_ts, track.num_frames, track.duration) = (Timestamp::ZERO, None, None);
        Some(track)
    }
}
