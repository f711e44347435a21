//! Codecs that can be decoded: those of symphonia, and those that have a file here.

use std::sync::OnceLock;

use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Result;

use self::adapter::Adapter;
use self::adpcm::Adpcm;
use self::amr::Amr;
use self::gsm::Gsm;
use self::mpeg_layer2::Layer2;
use self::opus::Opus;
use self::tta::Tta;
use self::vorbis::Vorbis;
use self::wavpack::WavPack;

pub(super) use self::aac::{lead, rate_of as aac_rate, with_extension};
pub(super) use self::adpcm::{IMA_BLOCK, IMA_FRAMES};
pub(super) use self::amr::{AMR_NB, AMR_WB, amr_frame_len, amr_of_entry, amr_parameters};
pub(super) use self::channel_order::usual as usual_channels;
pub(super) use self::flac::check_packet;
pub(super) use self::gsm::{GSM, GSM_FRAME, GSM_MS, GSM_PAIR};
pub(super) use self::tta::tta_frame_samples;
pub(super) use self::wavpack::wavpack_channels;

mod aac;
mod adapter;
mod adpcm;
mod amr;
mod channel_order;
mod flac;
mod gsm;
mod mpeg_layer2;
mod opus;
mod tta;
mod vorbis;
mod wavpack;

/// Names of the codecs that can be decoded from any container, PCM apart.
const NAMES: [&str; 8] = ["aac", "alac", "flac", "mp1", "mp2", "mp3", "opus", "vorbis"];

/// The same of PCM, behind `pcm_`.
const PCM_NAMES: [&str; 16] = [
    "s8", "u8", "s16le", "s16be", "u16le", "u16be", "s24le", "s24be", "s32le", "s32be", "f32le",
    "f32be", "f64le", "f64be", "alaw", "mulaw",
];

/// The decoders of symphonia, and those of this folder.
fn registry() -> &'static CodecRegistry {
    static REGISTRY: OnceLock<CodecRegistry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut registry);
        // Replaces the decoder of symphonia.
        registry.register_audio_decoder::<Adapter<Adpcm>>();
        registry.register_audio_decoder::<Adapter<Amr>>();
        registry.register_audio_decoder::<Adapter<Gsm>>();
        registry.register_audio_decoder::<Adapter<Layer2>>();
        registry.register_audio_decoder::<Adapter<Opus>>();
        registry.register_audio_decoder::<Adapter<Tta>>();
        registry.register_audio_decoder::<Adapter<Vorbis>>();
        registry.register_audio_decoder::<Adapter<WavPack>>();
        registry
    })
}

/// Short name of a codec, if it can be decoded.
pub(super) fn name_of(codec: AudioCodecId) -> Option<&'static str> {
    registry().get_audio_decoder(codec).map(|decoder| decoder.codec.info.short_name)
}

/// True for the name of a codec that can be decoded from any container, which is that of ffprobe.
/// ADPCM, AMR, GSM, TTA and `WavPack` can only be decoded where a walk finds their parameters.
pub(super) fn is_decodable(name: &str) -> bool {
    NAMES.contains(&name) || (is_pcm(name) && PCM_NAMES.contains(&&name[4..]))
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
