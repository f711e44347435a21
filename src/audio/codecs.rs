//! What can be decoded here.

use std::sync::OnceLock;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::registry::CodecRegistry;

use super::opus::OpusDecoder;

/// What the short names of sound that is not compressed begin with.
const PCM: &str = "pcm_";

/// The decoders, Opus among them.
pub(super) fn codecs() -> &'static CodecRegistry {
    static CODECS: OnceLock<CodecRegistry> = OnceLock::new();
    CODECS.get_or_init(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<OpusDecoder>();
        codecs
    })
}

/// The usual short name of a codec that can be decoded here.
pub(super) fn name_of(codec: AudioCodecId) -> Option<&'static str> {
    codecs().get_audio_decoder(codec).map(|known| known.codec.info.short_name)
}

/// Whether a codec writes every sample down as a number.
pub(super) fn is_pcm(name: &str) -> bool {
    name.starts_with(PCM)
}
