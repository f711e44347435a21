//! GSM 06.10 full rate.

use oxideav_gsm::{DecoderState, GSM_BYTE_FRAME_LEN, MSGSM_BLOCK_LEN, UnpackedFrame};
use symphonia::core::audio::{AudioBuffer, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::common::FourCc;
use symphonia::core::errors::{Result, decode_error};
use symphonia::core::packet::PacketRef;

use super::adapter::{Codec, mono_spec, push};

/// Identifiers, as symphonia has none: of single frames, and of pairs in WAV.
pub(in crate::audio) const GSM: AudioCodecId = AudioCodecId::new(FourCc::new(*b"gsm "));
pub(in crate::audio) const GSM_MS: AudioCodecId = AudioCodecId::new(FourCc::new(*b"gsmm"));

/// Bytes of a frame, and of the two that WAV stores as one.
pub(in crate::audio) const GSM_FRAME: usize = GSM_BYTE_FRAME_LEN;
pub(in crate::audio) const GSM_PAIR: usize = MSGSM_BLOCK_LEN;

#[derive(Default)]
pub(super) struct Gsm(DecoderState);

impl Codec for Gsm {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[
        SupportedAudioCodec {
            id: GSM,
            info: CodecInfo { short_name: "gsm", long_name: "GSM 06.10", profiles: &[] },
        },
        SupportedAudioCodec {
            id: GSM_MS,
            info: CodecInfo { short_name: "gsm_ms", long_name: "GSM 06.10 in WAV", profiles: &[] },
        },
    ];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        Ok((Self::default(), mono_spec(parameters)?, 320))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let frames = match packet.data.len() {
            GSM_PAIR => {
                UnpackedFrame::pair_from_msgsm_block(packet.data).map(|pair| vec![pair.0, pair.1])
            }
            _ => UnpackedFrame::from_gsm_byte_frame(packet.data).map(|frame| vec![frame]),
        };
        let Ok(frames) = frames else { return decode_error("gsm: a damaged frame") };
        for frame in frames {
            push(buffer, &self.0.decode_frame(&frame));
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
