//! From a codec of a crate to a decoder of symphonia.

use symphonia::core::audio::layouts::CHANNEL_LAYOUT_MONO;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, unsupported_error};
use symphonia::core::packet::PacketRef;

/// A codec that a crate decodes.
pub(super) trait Codec: Send + Sync + Sized + 'static {
    /// Identifiers and names.
    const SUPPORTED: &'static [SupportedAudioCodec];

    /// Makes the codec of a track; returns it with rate and channels, and the number of frames in
    /// the longest packet.
    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)>;

    /// Decodes a packet into an empty buffer.
    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()>;

    /// Forgets earlier packets.
    fn reset(&mut self);
}

/// Decoder with a codec.
pub(super) struct Adapter<C> {
    codec: C,
    parameters: AudioCodecParameters,
    buffer: AudioBuffer<f32>,
}

impl<C: Codec> RegisterableAudioDecoder for Adapter<C> {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        let (codec, spec, max_packet) = C::open(parameters)?;
        let (parameters, buffer) = (parameters.clone(), AudioBuffer::new(spec, max_packet));
        Ok(Box::new(Self { codec, parameters, buffer }))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        C::SUPPORTED
    }
}

impl<C: Codec> AudioDecoder for Adapter<C> {
    fn reset(&mut self) {
        self.codec.reset();
    }

    fn codec_info(&self) -> &CodecInfo {
        let is_this = |codec: &&SupportedAudioCodec| codec.id == self.parameters.codec;
        &C::SUPPORTED.iter().find(is_this).unwrap_or(&C::SUPPORTED[0]).info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        if let Err(error) = self.codec.decode(packet, &mut self.buffer) {
            self.buffer.clear();
            return Err(error);
        }
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

/// Drops frames at the start of a buffer, and those that the container cuts off at either end.
pub(super) fn trim(buffer: &mut AudioBuffer<f32>, skipped: usize, packet: &PacketRef<'_>) {
    let frames = buffer.frames();
    let cut = |duration: u64| usize::try_from(duration).unwrap_or(usize::MAX);
    let start = skipped.max(cut(packet.trim_start.get())).min(frames);
    buffer.trim(start, cut(packet.trim_end.get()).min(frames - start));
}

/// Rate and the only channel of a codec for speech.
pub(super) fn mono_spec(parameters: &AudioCodecParameters) -> Result<AudioSpec> {
    match parameters.sample_rate {
        Some(rate) => Ok(AudioSpec::new(rate, CHANNEL_LAYOUT_MONO)),
        None => unsupported_error("an unknown rate"),
    }
}

/// Appends samples to the only channel of a buffer that has room for them.
pub(super) fn push(buffer: &mut AudioBuffer<f32>, samples: &[i16]) {
    let start = buffer.frames();
    buffer.render_uninit(Some(samples.len()));
    if let Some(plane) = buffer.plane_mut(0) {
        let targets = plane.iter_mut().skip(start);
        targets.zip(samples).for_each(|(target, sample)| *target = f32::from(*sample) / 32768.0);
    }
}
