//! TTA.

use oxideav_tta::{FrameDescriptor, StreamHeader, decode_frame};
use symphonia::core::audio::{AudioBuffer, AudioMut as _, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_TTA;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::adapter::Codec;

pub(super) struct Tta {
    header: StreamHeader,
}

/// Samples of a frame: 256/245 of a second.
pub(in crate::audio) fn tta_frame_samples(rate: u32) -> u32 {
    u32::try_from(u64::from(rate) * 256 / 245).unwrap_or(u32::MAX)
}

impl Codec for Tta {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_TTA,
        info: CodecInfo { short_name: "tta", long_name: "TTA", profiles: &[] },
    }];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let (Some(sample_rate), Some(channels), Some(bits)) =
            (parameters.sample_rate, &parameters.channels, parameters.bits_per_sample)
        else {
            return unsupported_error("tta: an unknown format");
        };
        let spec = AudioSpec::new(sample_rate, channels.clone());
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let header = StreamHeader {
            format: 1,
            channels: u16::try_from(channels.count()).unwrap_or(u16::MAX),
            bits_per_sample: narrow(bits),
            sample_rate,
            total_samples: 0,
        };
        let max_packet = usize::try_from(tta_frame_samples(sample_rate)).unwrap_or(usize::MAX);
        Ok((Self { header }, spec, max_packet))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let (Ok(disk_size), Ok(sample_count)) =
            (u32::try_from(packet.data.len()), u32::try_from(packet.dur.get()))
        else {
            return decode_error("tta: an impossible frame");
        };
        let sample_count = sample_count.min(tta_frame_samples(self.header.sample_rate));
        let frame = FrameDescriptor { file_offset: 0, disk_size, sample_count, is_last: false };
        let Ok(samples) = decode_frame(&self.header, &frame, packet.data) else {
            return decode_error("tta: a damaged frame");
        };
        let count = usize::from(self.header.channels);
        buffer.render_uninit(Some(samples.len() / count));
        let bits = 8 * self.header.bits_per_sample.div_ceil(8);
        let scale = f32::powi(2.0, 1 - i32::from(bits));
        for (channel, plane) in buffer.iter_planes_mut().enumerate() {
            let samples = samples.iter().skip(channel).step_by(count);
            #[expect(clippy::cast_precision_loss, reason = "24 bits")]
            plane.iter_mut().zip(samples).for_each(|(target, sample)| {
                *target = *sample as f32 * scale;
            });
        }
        Ok(())
    }

    fn reset(&mut self) {}
}
