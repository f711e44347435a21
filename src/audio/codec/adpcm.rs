//! ADPCM: blocks that are counted by their bytes, as not every container knows their duration.
//!
//! Sources: "New Multimedia Data Types and Data Techniques" (ADPCM of WAV); Apple "`QuickTime` File
//! Format" and `libavcodec/adpcm.c` (the form of `QuickTime`).

use symphonia::core::audio::{Audio, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ADPCM_IMA_QT, CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS,
};
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder as _, AudioDecoderOptions,
};
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::Duration;
use symphonia::default::codecs::AdpcmDecoder;

use super::adapter::Codec;

/// Bytes and frames of a block of `QuickTime`, for each channel.
pub(in crate::audio) const IMA_BLOCK: usize = 34;
pub(in crate::audio) const IMA_FRAMES: usize = 64;

/// Frames of the longest packet, unless a block has more.
const MAX_FRAMES: usize = 1 << 14;

/// Frames of the longest block, whose bytes a WAV file counts in 16 bits.
const MAX_BLOCK_FRAMES: usize = 1 << 17;

const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// Changes of the index of a step, by the size of a difference.
const CHANGES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// Bits of the last sample that the head of a block leaves out.
const LOST: i32 = 0x7f;

pub(super) struct Adpcm {
    kind: Kind,
    /// Bytes and frames of a block.
    block: usize,
    frames: usize,
}

enum Kind {
    Wav(Box<AdpcmDecoder>),
    /// The channels of `QuickTime`.
    Ima(Vec<Channel>),
}

/// Last sample of a channel, and the index of its next step.
#[derive(Clone, Default)]
struct Channel {
    sample: i32,
    step: i32,
}

impl Channel {
    /// Goes on from the head of a block: from the exact last sample, unless the head tells another
    /// one. A decoder that takes what the head tells instead makes an error of up to 127.
    fn read_head(&mut self, head: [u8; 2]) {
        let head = i32::from(i16::from_be_bytes(head));
        let (sample, step) = (head & !LOST, (head & LOST).min(88));
        if self.step != step || (sample - self.sample).abs() > LOST {
            *self = Self { sample, step };
        }
    }

    fn next(&mut self, code: u8) -> i32 {
        let step = STEPS[usize::try_from(self.step).unwrap_or(0)];
        // Each part is rounded by itself.
        let parts = [(4, step), (2, step >> 1), (1, step >> 2)];
        let parts = parts.iter().filter(|(bit, _)| code & bit != 0).map(|(_, part)| part);
        let (difference, is_negative) = ((step >> 3) + parts.sum::<i32>(), code & 8 != 0);
        let sample = self.sample + if is_negative { -difference } else { difference };
        self.sample = sample.clamp(-0x8000, 0x7fff);
        self.step = (self.step + CHANGES[usize::from(code & 7)]).clamp(0, 88);
        self.sample
    }
}

impl Codec for Adpcm {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[
        SupportedAudioCodec {
            id: CODEC_ID_ADPCM_MS,
            info: CodecInfo {
                short_name: "adpcm_ms",
                long_name: "ADPCM of Microsoft",
                profiles: &[],
            },
        },
        SupportedAudioCodec {
            id: CODEC_ID_ADPCM_IMA_WAV,
            info: CodecInfo {
                short_name: "adpcm_ima_wav",
                long_name: "ADPCM of IMA in WAV",
                profiles: &[],
            },
        },
        SupportedAudioCodec {
            id: CODEC_ID_ADPCM_IMA_QT,
            info: CodecInfo {
                short_name: "adpcm_ima_qt",
                long_name: "ADPCM of IMA in QuickTime",
                profiles: &[],
            },
        },
    ];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let (Some(rate), Some(channels)) = (parameters.sample_rate, &parameters.channels) else {
            return unsupported_error("adpcm: an unknown format");
        };
        let spec = AudioSpec::new(rate, channels.clone());
        let (count, frames) = (channels.count(), parameters.frames_per_block.unwrap_or(0));
        let frames = usize::try_from(frames).unwrap_or(0);
        if !(2..=MAX_BLOCK_FRAMES).contains(&frames) || count == 0 {
            return unsupported_error("adpcm: an impossible block");
        }
        let block = match parameters.codec {
            CODEC_ID_ADPCM_IMA_QT => IMA_BLOCK * count,
            CODEC_ID_ADPCM_MS => 7 * count + (frames - 2) * count / 2,
            _ => 4 * count + (frames - 1) * count / 2,
        };
        let max_packet = frames.max(MAX_FRAMES);
        let kind = if parameters.codec == CODEC_ID_ADPCM_IMA_QT {
            Kind::Ima(vec![Channel::default(); count])
        } else {
            let mut parameters = parameters.clone();
            parameters.with_max_frames_per_packet(max_packet as u64);
            Kind::Wav(Box::new(AdpcmDecoder::try_new(
                &parameters,
                &AudioDecoderOptions::default(),
            )?))
        };
        Ok((Self { kind, block, frames }, spec, max_packet))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let frames = packet.data.len() / self.block * self.frames;
        if frames == 0 || frames > buffer.capacity() {
            return decode_error("adpcm: an impossible packet");
        }
        buffer.render_uninit(Some(frames));
        match &mut self.kind {
            Kind::Wav(decoder) => decode_wav(decoder, packet, buffer),
            Kind::Ima(channels) => {
                for (number, block) in packet.data.chunks_exact(self.block).enumerate() {
                    decode_ima(channels, block, number * IMA_FRAMES, buffer);
                }
                Ok(())
            }
        }
    }

    fn reset(&mut self) {
        if let Kind::Ima(channels) = &mut self.kind {
            channels.fill(Channel::default());
        }
    }
}

fn decode_wav(
    decoder: &mut AdpcmDecoder,
    packet: &PacketRef<'_>,
    buffer: &mut AudioBuffer<f32>,
) -> Result<()> {
    let duration = Duration::from(buffer.frames() as u64);
    let packet = PacketRef::new(packet.track_id, packet.pts, duration, packet.data);
    let GenericAudioBufferRef::S32(samples) = decoder.decode_ref(&packet)? else {
        return decode_error("adpcm: another form of samples");
    };
    for (channel, plane) in buffer.iter_planes_mut().enumerate() {
        let samples = samples.plane(channel).unwrap_or_default();
        plane.iter_mut().zip(samples).for_each(|(target, sample)| *target = scaled(sample >> 16));
    }
    Ok(())
}

/// Decodes a block of `QuickTime`, in which the channels are one behind the other.
fn decode_ima(channels: &mut [Channel], block: &[u8], at: usize, buffer: &mut AudioBuffer<f32>) {
    let planes = buffer.iter_planes_mut();
    for ((channel, bytes), plane) in channels.iter_mut().zip(block.chunks(IMA_BLOCK)).zip(planes) {
        let Some((head, codes)) = bytes.split_first_chunk() else { continue };
        channel.read_head(*head);
        let codes = codes.iter().flat_map(|byte| [byte & 0xf, byte >> 4]);
        plane.iter_mut().skip(at).zip(codes).for_each(|(target, code)| {
            *target = scaled(channel.next(code));
        });
    }
}

/// A sample of 16 bits, full scale being 1.
#[expect(clippy::cast_precision_loss, reason = "16 bits")]
fn scaled(sample: i32) -> f32 {
    sample as f32 / 32768.0
}
