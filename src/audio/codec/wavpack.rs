//! `WavPack`.

use std::borrow::Cow;

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

/// Length of the header of a block, and of what its length does not count.
const HEADER: usize = 32;
const UNCOUNTED: usize = 8;

/// Flags of the first and the last block of a time.
const FIRST_AND_LAST: u32 = 0x1800;

pub(super) struct WavPack {
    channels: usize,
    /// Version of the format, where the blocks lack their headers.
    version: Option<[u8; 2]>,
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

/// Blocks of a packet of Matroska, with the headers that it leaves out.
///
/// Source: "Matroska Codec Specifications", `A_WAVPACK4`: the number of frames, then for each block
/// its flags, its checksum and, unless it is the only one, its length.
fn with_headers(packet: &[u8], version: [u8; 2]) -> Option<Cow<'_, [u8]>> {
    let (frames, mut rest) = packet.split_first_chunk::<4>()?;
    let mut blocks = Vec::with_capacity(packet.len() + HEADER);
    while !rest.is_empty() {
        let (flags, behind) = rest.split_first_chunk::<4>()?;
        let (checksum, behind) = behind.split_first_chunk::<4>()?;
        let is_only = u32::from_le_bytes(*flags) & FIRST_AND_LAST == FIRST_AND_LAST;
        let (content, behind) = if is_only {
            (behind, &[][..])
        } else {
            let (len, behind) = behind.split_first_chunk()?;
            behind.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)?
        };
        let len = u32::try_from(content.len() + HEADER - UNCOUNTED).ok()?;
        blocks.extend(b"wvpk");
        blocks.extend(len.to_le_bytes());
        blocks.extend(version);
        // Track and index, the unknown length of the whole, and the position.
        blocks.extend([0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        blocks.extend([*frames, *flags, *checksum].concat());
        blocks.extend(content);
        rest = behind;
    }
    Some(blocks.into())
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
        let version = parameters.extra_data.as_deref().and_then(|version| version.first_chunk());
        let version = version.copied();
        Ok((Self { channels: channels.count(), version }, spec, MAX_FRAMES))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let limit = (MAX_FRAMES * self.channels) as u64;
        let rebuilt = self.version.map(|version| with_headers(packet.data, version));
        let Some(data) = rebuilt.unwrap_or(Some(packet.data.into())) else {
            return decode_error("wavpack: a torn packet");
        };
        let block = first_audio_block(&data).ok().flatten();
        let decoded = decode_multichannel_stream_muted_bounded(&data, limit);
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
