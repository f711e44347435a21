//! Header of an MPEG audio frame: the format of what follows, which may change within a file.
//!
//! Source: ISO/IEC 11172-3, section 2.4.1.3; ISO/IEC 13818-3, section 2.4.2.3.

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::formats::Track;
use symphonia::core::units::{TimeBase, Timestamp};

/// Codecs whose frames have such a header.
pub(super) const MPEG: [AudioCodecId; 3] = [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3];

/// Kilobits a second by the index of a header: layer I of MPEG-1, its layers II and III, layer I of
/// MPEG-2, and its layers II and III. Source: ISO/IEC 11172-3, section 2.4.2.3; ISO/IEC 13818-3.
const BIT_RATES: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Samples a second of MPEG-1 by the index of a header.
const RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// Number of MPEG-1 in a header, and of the extension to low sampling rates that is no standard.
const VERSION_1: u8 = 3;
const VERSION_2_5: u8 = 0;

/// Value of the mode of a single channel.
const MONO: u8 = 3;

/// Format of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MpegFormat {
    version: u8,
    /// 1 to 3.
    pub(super) layer: u8,
    pub(super) rate: u32,
    pub(super) is_mono: bool,
}

/// Header of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct MpegHeader {
    pub(super) format: MpegFormat,
    /// Bits a second in thousands; zero for a rate that no table has (free format).
    pub(super) bit_rate: u32,
    /// Length of the frame in bytes; zero for free format.
    pub(super) len: usize,
}

impl MpegHeader {
    /// Length of a header in bytes.
    pub(super) const LEN: usize = 4;

    /// Reads the header of a frame.
    pub(super) fn read(frame: &[u8]) -> Option<Self> {
        let [0xff, second, third, fourth, ..] = *frame else { return None };
        let (version, layer) = (second >> 3 & 3, 4 - (second >> 1 & 3));
        // Version 1 and layer 0 are reserved.
        if second & 0xe0 != 0xe0 || version == 1 || layer == 4 {
            return None;
        }
        let divisor = match version {
            VERSION_1 => 1,
            VERSION_2_5 => 4,
            _ => 2,
        };
        let rate = RATES.get(usize::from(third >> 2 & 3))? / divisor;
        let table = match (version, layer) {
            (VERSION_1, layer) => usize::from(layer) - 1,
            (_, 1) => 3,
            _ => 4,
        };
        let bit_rate = *BIT_RATES[table].get(usize::from(third >> 4))?;
        let format = MpegFormat { version, layer, rate, is_mono: fourth >> 6 == MONO };
        let (slot, padding) = (format.slot(), u32::from(third >> 1 & 1));
        let per_slot = format.samples() / 8 / slot;
        let slots = if bit_rate == 0 { 0 } else { per_slot * 1000 * bit_rate / rate + padding };
        Some(Self { format, bit_rate, len: usize::try_from(slots * slot).ok()? })
    }

    /// True for frames of layer II that are larger than the decoder takes, in whatever form.
    pub(super) fn is_too_large(&self) -> bool {
        let format = self.format;
        let is_widest = (format.layer, format.rate, self.bit_rate) == (2, 32_000, 384);
        format.is_mono && is_widest
    }
}

impl MpegFormat {
    /// Reads the format of a frame.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        MpegHeader::read(frame).map(|header| header.format)
    }

    /// Samples of a frame.
    pub(super) fn samples(self) -> u32 {
        match self.layer {
            1 => 384,
            3 if self.version != VERSION_1 => 576,
            _ => 1152,
        }
    }

    /// Unit of the length of a frame in bytes.
    pub(super) fn slot(self) -> u32 {
        if self.layer == 1 { 4 } else { 1 }
    }

    /// True for MPEG-1, whose rates are 32 kHz and above.
    pub(super) fn is_version_1(self) -> bool {
        self.version == VERSION_1
    }

    /// True if frames of both formats may follow each other: only the channels may differ.
    pub(super) fn is_like(self, other: Self) -> bool {
        (self.version, self.layer, self.rate) == (other.version, other.layer, other.rate)
    }

    pub(super) fn codec(self) -> AudioCodecId {
        MPEG[usize::from(self.layer) - 1]
    }

    pub(super) fn channels(self) -> Channels {
        if self.is_mono { CHANNEL_LAYOUT_MONO } else { CHANNEL_LAYOUT_STEREO }
    }

    /// The track with the parameters of this format, unless it has them.
    pub(super) fn apply_to(self, track: &Track) -> Option<Track> {
        let mut parameters = super::codec_parameters(track)?.clone();
        let channels = self.channels();
        if parameters.codec == self.codec()
            && parameters.sample_rate == Some(self.rate)
            && parameters.channels.as_ref().is_some_and(|known| known.count() == channels.count())
        {
            return None;
        }
        parameters.for_codec(self.codec()).with_sample_rate(self.rate).with_channels(channels);
        let mut track = track.clone();
        track.with_codec_params(CodecParameters::Audio(parameters));
        track.time_base = TimeBase::try_from_recip(self.rate);
        (track.start_ts, track.num_frames, track.duration) = (Timestamp::ZERO, None, None);
        Some(track)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_frame_goes_by_its_header() {
        let len = |bytes: &[u8; 4]| MpegHeader::read(bytes).map(|header| header.len);
        assert_eq!(len(b"\xff\xfb\x90\0"), Some(417));
        assert_eq!(len(b"\xff\xfd\x84\0"), Some(384));
        assert_eq!(len(b"\xff\xf3\x40\0"), Some(104));
        assert_eq!(len(b"\xff\xff\x94\0"), Some(288));
        assert_eq!(len(b"\xff\xff\xff\xff"), None);
        assert_eq!(len(b"\xff\xfb\x00\0"), Some(0));
    }
}
