//! Codecs that can be decoded: those of symphonia, and Opus.

use std::sync::OnceLock;

use opus_pure::OpusMSDecoder;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{
    CodecRegistry, RegisterableAudioDecoder, SupportedAudioCodec,
};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Rate of decoded Opus, whatever the rate of the source. Source: RFC 7845, section 5.1.
const RATE: i32 = 48_000;

/// Length of the longest packet, 120 ms, in frames. Source: RFC 6716, section 2.1.4.
const MAX_PACKET: usize = 5760;

/// Names of the codecs that can be decoded, PCM apart.
const NAMES: [&str; 10] = [
    "aac",
    "adpcm_ima_qt",
    "adpcm_ima_wav",
    "adpcm_ms",
    "alac",
    "flac",
    "mp2",
    "mp3",
    "opus",
    "vorbis",
];

/// The same of PCM, behind `pcm_`.
const PCM_NAMES: [&str; 16] = [
    "s8", "u8", "s16le", "s16be", "u16le", "u16be", "s24le", "s24be", "s32le", "s32be", "f32le",
    "f32be", "f64le", "f64be", "alaw", "mulaw",
];

/// The decoders of symphonia, and Opus.
pub(super) fn registry() -> &'static CodecRegistry {
    static REGISTRY: OnceLock<CodecRegistry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut registry);
        registry.register_audio_decoder::<OpusDecoder>();
        registry
    })
}

/// Short name of a codec, if it can be decoded.
pub(super) fn name_of(codec: AudioCodecId) -> Option<&'static str> {
    registry().get_audio_decoder(codec).map(|decoder| decoder.codec.info.short_name)
}

/// True for the name of a codec that can be decoded, which is that of ffprobe.
pub(super) fn is_decodable(name: &str) -> bool {
    NAMES.contains(&name) || (is_pcm(name) && PCM_NAMES.contains(&&name[4..]))
}

/// True for the short name of a codec that stores every sample as a number.
pub(super) fn is_pcm(name: &str) -> bool {
    name.starts_with("pcm_")
}

/// Decoder of Opus for symphonia, which has none and reads its containers.
struct OpusDecoder {
    parameters: AudioCodecParameters,
    decoder: OpusMSDecoder,
    /// Frames that are still to be dropped at the start.
    to_skip: usize,
    samples: Vec<f32>,
    buffer: AudioBuffer<f32>,
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

impl OpusDecoder {
    fn new(parameters: &AudioCodecParameters, channels: Channels) -> opus_pure::Result<Self> {
        let count = channels.count();
        let header = parameters.extra_data.as_deref().and_then(Header::read).unwrap_or_default();
        let mut decoder = OpusMSDecoder::new(RATE, count, header.family)?;
        for stream in decoder.streams_mut() {
            stream.gain_q8 = header.gain.into();
        }
        Ok(Self {
            parameters: parameters.clone(),
            decoder,
            to_skip: header.pre_skip.into(),
            samples: vec![0.0; MAX_PACKET * count],
            buffer: AudioBuffer::new(AudioSpec::new(RATE.cast_unsigned(), channels), MAX_PACKET),
        })
    }

    /// True if streams map to channels in the usual way, the only one that is supported.
    fn has_usual_layout(&self) -> bool {
        let layout = self.decoder.layout();
        let table = self.parameters.extra_data.as_deref().and_then(|header| header.get(19..));
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
            Ok(decoder) if decoder.has_usual_layout() => Ok(Box::new(decoder)),
            Ok(_) => unsupported_error("opus: an unusual layout of channels"),
            Err(_) => unsupported_error("opus: an impossible header"),
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
        // A stream that cannot be reset continues.
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
        // The decoder would invent samples for an empty packet.
        if packet.data.is_empty() {
            return decode_error("opus: an empty packet");
        }
        let frames = self.decoder.decode(packet.data, MAX_PACKET, &mut self.samples);
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
