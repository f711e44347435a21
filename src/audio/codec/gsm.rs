//! GSM 06.10 full rate.

use oxideav_gsm::{DecoderState, GSM_BYTE_FRAME_LEN, MSGSM_BLOCK_LEN, UnpackedFrame};
use symphonia::core::audio::{Audio as _, AudioBuffer, AudioSpec};
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

/// Samples of a packet, at most, and those of a frame.
const MAX_SAMPLES: usize = 16_000;
const FRAME_SAMPLES: usize = 160;

#[derive(Default)]
pub(super) struct Gsm {
    state: DecoderState,
    is_in_pairs: bool,
}

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
        let is_in_pairs = parameters.codec == GSM_MS;
        Ok((Self { is_in_pairs, ..Self::default() }, mono_spec(parameters)?, MAX_SAMPLES))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let len = if self.is_in_pairs { GSM_PAIR } else { GSM_FRAME };
        for block in packet.data.chunks(len) {
            if buffer.frames() + 2 * FRAME_SAMPLES > MAX_SAMPLES {
                return decode_error("gsm: a packet of that length");
            }
            let frames = if self.is_in_pairs {
                UnpackedFrame::pair_from_msgsm_block(block).map(|pair| vec![pair.0, pair.1])
            } else {
                UnpackedFrame::from_gsm_byte_frame(block).map(|frame| vec![frame])
            };
            let Ok(frames) = frames else { return decode_error("gsm: a damaged frame") };
            for frame in frames {
                push(buffer, &self.state.decode_frame(&frame));
            }
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.state.reset();
    }
}
