//! Registry of the codecs that can be decoded.

use std::sync::OnceLock;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::registry::CodecRegistry;

use self::opus::OpusDecoder;

mod opus;

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

/// True for the short name of a codec that stores every sample as a number.
pub(super) fn is_pcm(name: &str) -> bool {
    name.starts_with("pcm_")
}
