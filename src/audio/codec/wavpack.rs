//! `WavPack`.

use oxideav_wavpack::{
    decode_multichannel_stream_muted_bounded, first_audio_block, multichannel_layout,
};
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::audio::{AudioBuffer, AudioMut, AudioSpec, Channels};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_WAVPACK;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::adapter::Codec;

/// Frames of the longest packet; an encoder writes up to a second.
const MAX_FRAMES: usize = 1 << 18;

pub(super) struct WavPack {
    channels: usize,
}

/// Channels of the blocks of one time.
pub(in crate::audio) fn wavpack_channels(blocks: &[u8]) -> Option<Channels> {
    let layout = multichannel_layout(blocks).ok()?;
    Some(match layout.channels {
        0 => return None,
        1 => CHANNEL_LAYOUT_MONO,
        2 => CHANNEL_LAYOUT_STEREO,
        count => Channels::Discrete(u16::try_from(count).ok()?),
    })
}

impl Codec for WavPack {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_WAVPACK,
        info: CodecInfo { short_name: "wavpack", long_name: "WavPack", profiles: &[] },
    }];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let (Some(rate), Some(channels)) = (parameters.sample_rate, &parameters.channels) else {
            return unsupported_error("wavpack: an unknown format");
        };
        let spec = AudioSpec::new(rate, channels.clone());
        Ok((Self { channels: channels.count() }, spec, MAX_FRAMES))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let limit = (MAX_FRAMES * self.channels) as u64;
        let block = first_audio_block(packet.data).ok().flatten();
        let decoded = decode_multichannel_stream_muted_bounded(packet.data, limit);
        let (Some(block), Ok((decoded, true))) = (block, decoded) else {
            return decode_error("wavpack: a damaged packet");
        };
        if decoded.channels != self.channels {
            return decode_error("wavpack: another number of channels");
        }
        let is_float = block.is_float();
        let scale = f32::powi(2.0, 1 - 8 * i32::from(block.header.flags.bytes_per_sample()));
        buffer.render_uninit(Some(decoded.samples.len() / self.channels));
        #[expect(clippy::cast_precision_loss, reason = "as exact as the samples of any decoder")]
        let sample = |bits: i32| {
            if is_float { f32::from_bits(bits.cast_unsigned()) } else { bits as f32 * scale }
        };
        for (channel, plane) in buffer.iter_planes_mut().enumerate() {
            let samples = decoded.samples.iter().skip(channel).step_by(self.channels);
            plane.iter_mut().zip(samples).for_each(|(target, bits)| *target = sample(*bits));
        }
        Ok(())
    }

    fn reset(&mut self) {}
}
