//! Opus for symphonia, which reads its containers and has no decoder for it.

use opus_pure::OpusMSDecoder;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Opus is decoded at this rate, whatever the encoder was given. Source: RFC 7845, section 5.1.
const RATE: i32 = 48_000;

/// The longest packet, 120 ms, in frames. Source: RFC 6716, section 2.1.4.
const LONGEST_PACKET: usize = 5760;

pub(super) struct OpusDecoder {
    parameters: AudioCodecParameters,
    decoder: OpusMSDecoder,
    /// Frames that are still to be left out at the start.
    to_skip: usize,
    samples: Vec<f32>,
    buffer: AudioBuffer<f32>,
}

/// What a decoder has to know before the first packet. Source: RFC 7845, section 5.1.
#[derive(Default)]
struct Head {
    /// Frames to leave out at the start.
    pre_skip: u16,
    /// What to amplify by, in 1/256 dB.
    gain: i16,
    /// How streams make up channels.
    family: u8,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let pre_skip = bytes.get(10..12)?.try_into().ok()?;
        let gain = bytes.get(16..18)?.try_into().ok()?;
        let family = *bytes.get(18)?;
        // MP4 has its own version of it, number 0, the other way round. Source: "Encapsulation of
        // Opus in ISO Base Media File AudioFormat", section 4.3.2.
        let (pre_skip, gain) = match bytes.get(8)? {
            0 => (u16::from_be_bytes(pre_skip), i16::from_be_bytes(gain)),
            _ => (u16::from_le_bytes(pre_skip), i16::from_le_bytes(gain)),
        };
        Some(Self { pre_skip, gain, family })
    }
}

impl OpusDecoder {
    fn new(parameters: &AudioCodecParameters, channels: Channels) -> opus_pure::Result<Self> {
        let count = channels.count();
        let head = parameters.extra_data.as_deref().and_then(Head::read).unwrap_or_default();
        let mut decoder = OpusMSDecoder::new(RATE, count, head.family)?;
        for stream in decoder.streams_mut() {
            stream.gain_q8 = head.gain.into();
        }
        Ok(Self {
            parameters: parameters.clone(),
            decoder,
            to_skip: head.pre_skip.into(),
            samples: vec![0.0; LONGEST_PACKET * count],
            buffer: AudioBuffer::new(
                AudioSpec::new(RATE.cast_unsigned(), channels),
                LONGEST_PACKET,
            ),
        })
    }
}

impl OpusDecoder {
    /// Whether the streams make up the channels as they usually do; no other way is known here.
    fn is_laid_out_as(&self, parameters: &AudioCodecParameters) -> bool {
        let layout = self.decoder.layout();
        let table = parameters.extra_data.as_deref().and_then(|head| head.get(19..));
        match table {
            Some([streams, coupled, mapping @ ..]) if layout.mapping_family != 0 => {
                usize::from(*streams) == layout.nb_streams
                    && usize::from(*coupled) == layout.nb_coupled_streams
                    && mapping.starts_with(&layout.mapping)
            }
            _ => true,
        }
    }
}

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        let Some(channels) = parameters.channels.clone() else {
            return unsupported_error("opus: an unknown number of channels");
        };
        match Self::new(parameters, channels) {
            Ok(decoder) if decoder.is_laid_out_as(parameters) => Ok(Box::new(decoder)),
            Ok(_) => unsupported_error("opus: an unusual layout of channels"),
            Err(_) => unsupported_error("opus: an impossible head"),
        }
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        &[SupportedAudioCodec {
            id: CODEC_ID_OPUS,
            info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] },
        }]
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        // What cannot be reset goes on as it is.
        let _ =
            self.decoder.streams_mut().iter_mut().try_for_each(opus_pure::OpusDecoder::reset_state);
    }

    fn codec_info(&self) -> &CodecInfo {
        &Self::supported_codecs()[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        // An empty packet would be made up from the one before it.
        if packet.data.is_empty() {
            return decode_error("opus: an empty packet");
        }
        let frames = self.decoder.decode(packet.data, LONGEST_PACKET, &mut self.samples);
        let Ok(frames) = frames else { return decode_error("opus: an impossible packet") };
        let samples = &self.samples[..frames * self.decoder.channels()];
        self.buffer.render_uninit(Some(frames));
        self.buffer.copy_from_slice_interleaved(&samples);
        let trimmed = |duration: u64| usize::try_from(duration).unwrap_or(usize::MAX);
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        let start = skipped.max(trimmed(packet.trim_start.get())).min(frames);
        let end = trimmed(packet.trim_end.get()).min(frames - start);
        self.buffer.trim(start, end);
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}
