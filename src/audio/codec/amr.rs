//! AMR of narrow and of wide band.
//!
//! Sources: RFC 4867, section 5.3; 3GPP TS 26.101 and TS 26.201, tables 1a.

use codec_core::codecs::amr::{AmrCodec, AmrFrameType, AmrVariant};
use codec_core::types::{
    AudioCodec as _, CodecConfig, CodedFrame, FrameKind, VariableRateCodec as _,
};
use symphonia::core::audio::layouts::CHANNEL_LAYOUT_MONO;
use symphonia::core::audio::{AudioBuffer, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::common::FourCc;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::adapter::{Codec, mono_spec, push};

/// Identifiers, as symphonia has none.
pub(in crate::audio) const AMR_NB: AudioCodecId = AudioCodecId::new(FourCc::new(*b"samr"));
pub(in crate::audio) const AMR_WB: AudioCodecId = AudioCodecId::new(FourCc::new(*b"sawb"));

/// Frames in a packet of MP4, at most.
const MAX_FRAMES: usize = 64;

pub(super) struct Amr {
    codec: AmrCodec,
    variant: AmrVariant,
    /// Mode of the last frame of speech.
    mode: u8,
}

/// Bytes of a frame with its head, which says its type; `None` for a reserved type.
pub(in crate::audio) fn amr_frame_len(head: u8, is_wide_band: bool) -> Option<usize> {
    let variant = if is_wide_band { AmrVariant::WideBand } else { AmrVariant::NarrowBand };
    let kind = AmrFrameType::from_index(variant, head >> 3 & 0xf).ok()?;
    Some(1 + kind.octet_aligned_bytes())
}

/// Parameters of a track.
pub(in crate::audio) fn amr_parameters(codec: AudioCodecId) -> AudioCodecParameters {
    let mut parameters = AudioCodecParameters::new();
    let rate = if codec == AMR_WB { 16_000 } else { 8_000 };
    parameters.for_codec(codec).with_sample_rate(rate).with_channels(CHANNEL_LAYOUT_MONO);
    parameters
}

/// Parameters of a track in MP4 whose sample entry has the name of AMR.
pub(in crate::audio) fn amr_of_entry(name: [u8; 4]) -> Option<AudioCodecParameters> {
    match &name {
        b"samr" => Some(amr_parameters(AMR_NB)),
        b"sawb" => Some(amr_parameters(AMR_WB)),
        _ => None,
    }
}

impl Codec for Amr {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[
        SupportedAudioCodec {
            id: AMR_NB,
            info: CodecInfo { short_name: "amr_nb", long_name: "AMR", profiles: &[] },
        },
        SupportedAudioCodec {
            id: AMR_WB,
            info: CodecInfo { short_name: "amr_wb", long_name: "AMR-WB", profiles: &[] },
        },
    ];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let (config, variant) = match parameters.codec {
            AMR_WB => (CodecConfig::amr_wb(), AmrVariant::WideBand),
            _ => (CodecConfig::amr_nb(), AmrVariant::NarrowBand),
        };
        let Ok(codec) = AmrCodec::new(&config) else { return unsupported_error("amr: no decoder") };
        Ok((Self { codec, variant, mode: 0 }, mono_spec(parameters)?, 320 * MAX_FRAMES))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let mut rest = packet.data;
        for _ in 0..MAX_FRAMES {
            let Some((head, behind)) = rest.split_first() else { break };
            let kind = AmrFrameType::from_index(self.variant, head >> 3 & 0xf);
            let Ok(kind) = kind else { return decode_error("amr: a reserved type of frame") };
            let Some((data, behind)) = behind.split_at_checked(kind.octet_aligned_bytes()) else {
                return decode_error("amr: a torn frame");
            };
            let (kind, mode) = match kind {
                AmrFrameType::Speech(mode) => (FrameKind::Speech, mode.index()),
                AmrFrameType::Sid(_) => (FrameKind::ComfortNoise, self.mode),
                AmrFrameType::NoData => (FrameKind::NoData, self.mode),
                AmrFrameType::SpeechLost => (FrameKind::Lost, self.mode),
            };
            self.mode = mode;
            let quality_ok = head >> 2 & 1 == 1;
            let frame = CodedFrame { kind, mode, quality_ok, data: data.to_vec() };
            let Ok(samples) = self.codec.decode_frame(&frame) else {
                return decode_error("amr: an impossible frame");
            };
            push(buffer, &samples);
            rest = behind;
        }
        Ok(())
    }

    fn reset(&mut self) {
        // A decoder that cannot be reset continues.
        let _ = self.codec.reset();
    }
}
