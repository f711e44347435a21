//! Opus, for symphonia, which has no decoder of it and reads its containers.

use opus_pure::OpusMSDecoder;
use symphonia::core::audio::{AudioBuffer, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::adapter::{Codec, trim};
use super::channel_order;

/// Rate of decoded Opus, whatever the rate of the source. Source: RFC 7845, section 5.1.
const RATE: i32 = 48_000;

/// Length of the longest packet, 120 ms, in frames. Source: RFC 6716, section 2.1.4.
const MAX_PACKET: usize = 5760;

pub(super) struct Opus {
    decoder: OpusMSDecoder,
    /// Frames that are still to be dropped at the start.
    to_skip: usize,
    samples: Vec<f32>,
}

/// The identification header. Source: RFC 7845, section 5.1.
#[derive(Default)]
struct Header {
    /// Frames to drop at the start.
    pre_skip: u16,
    /// Gain in 1/256 dB.
    gain: i16,
    /// Mapping of streams to channels.
    family: u8,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let pre_skip = bytes.get(10..12)?.try_into().ok()?;
        let gain = bytes.get(16..18)?.try_into().ok()?;
        let family = *bytes.get(18)?;
        // The version of MP4, number 0, is big-endian. Source: "Encapsulation of
        // Opus in ISO Base Media File AudioFormat", section 4.3.2.
        let (pre_skip, gain) = match bytes.get(8)? {
            0 => (u16::from_be_bytes(pre_skip), i16::from_be_bytes(gain)),
            _ => (u16::from_le_bytes(pre_skip), i16::from_le_bytes(gain)),
        };
        Some(Self { pre_skip, gain, family })
    }
}

impl Opus {
    fn new(header: &Header, count: usize) -> opus_pure::Result<Self> {
        let mut decoder = OpusMSDecoder::new(RATE, count, header.family)?;
        for stream in decoder.streams_mut() {
            stream.gain_q8 = header.gain.into();
        }
        let to_skip = header.pre_skip.into();
        Ok(Self { decoder, to_skip, samples: vec![0.0; MAX_PACKET * count] })
    }

    /// True if streams map to channels in the usual way, the only one that is supported.
    fn has_usual_layout(&self, header: Option<&[u8]>) -> bool {
        let layout = self.decoder.layout();
        match header.and_then(|header| header.get(19..)) {
            Some([streams, coupled, mapping @ ..]) if layout.mapping_family != 0 => {
                usize::from(*streams) == layout.nb_streams
                    && usize::from(*coupled) == layout.nb_coupled_streams
                    && mapping.starts_with(&layout.mapping)
            }
            _ => true,
        }
    }
}

impl Codec for Opus {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_OPUS,
        info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] },
    }];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let Some(channels) = &parameters.channels else {
            return unsupported_error("opus: an unknown number of channels");
        };
        let bytes = parameters.extra_data.as_deref();
        let header = bytes.and_then(Header::read).unwrap_or_default();
        let Ok(opus) = Self::new(&header, channels.count()) else {
            return unsupported_error("opus: an impossible header");
        };
        if !opus.has_usual_layout(bytes) {
            return unsupported_error("opus: an unusual layout of channels");
        }
        let count = u8::try_from(channels.count()).unwrap_or(u8::MAX);
        let spec = AudioSpec::new(RATE.cast_unsigned(), channel_order::channels(count));
        Ok((opus, spec, MAX_PACKET))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        // The decoder would invent samples for an empty packet.
        if packet.data.is_empty() {
            return decode_error("opus: an empty packet");
        }
        let frames = self.decoder.decode(packet.data, MAX_PACKET, &mut self.samples);
        let Ok(frames) = frames else { return decode_error("opus: an impossible packet") };
        let count = self.decoder.channels();
        let samples = &self.samples[..frames * count];
        channel_order::fill(buffer, frames, |channel| {
            samples.iter().skip(channel).step_by(count).copied()
        });
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        trim(buffer, skipped, packet);
        Ok(())
    }

    fn reset(&mut self) {
        // A stream that cannot be reset continues.
        let _ =
            self.decoder.streams_mut().iter_mut().try_for_each(opus_pure::OpusDecoder::reset_state);
    }
}
