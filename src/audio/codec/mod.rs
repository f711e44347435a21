//! Codecs that can be decoded: those of symphonia, and those that have a file here.

use std::sync::OnceLock;

use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Result;

use self::adapter::Adapter;
use self::amr::Amr;
use self::gsm::Gsm;
use self::opus::Opus;
use self::vorbis::Vorbis;
use self::wavpack::WavPack;

pub(super) use self::aac::{lead, with_extension};
pub(super) use self::amr::{AMR_NB, AMR_WB, amr_frame_len, amr_parameters};
pub(super) use self::channel_order::usual as usual_channels;
pub(super) use self::flac::check_packet;
pub(super) use self::gsm::{GSM, GSM_FRAME, GSM_MS, GSM_PAIR};
pub(super) use self::wavpack::wavpack_channels;

mod aac;
mod adapter;
mod amr;
mod channel_order;
mod flac;
mod gsm;
mod opus;
mod vorbis;
mod wavpack;

/// The decoders of symphonia, and those of this folder.
fn registry() -> &'static CodecRegistry {
    static REGISTRY: OnceLock<CodecRegistry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut registry);
        registry.register_audio_decoder::<Adapter<Amr>>();
        registry.register_audio_decoder::<Adapter<Gsm>>();
        registry.register_audio_decoder::<Adapter<Opus>>();
        registry.register_audio_decoder::<Adapter<Vorbis>>();
        registry.register_audio_decoder::<Adapter<WavPack>>();
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

/// Makes the decoder of a track.
pub(super) fn make_decoder(parameters: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>> {
    let core = aac::core_of(parameters);
    let parameters = core.as_ref().unwrap_or(parameters);
    registry().make_audio_decoder(parameters, &AudioDecoderOptions::default())
}
