//! Tracks of Matroska files.
//!
//! Sources: RFC 9559, sections 5.1.4 and 6; "Matroska Codec Specifications"; for the names of codecs
//! `libavformat/matroska.c`.

use std::ops::Range;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_WAVPACK;
use symphonia::core::errors::Result;

use super::ebml_element::{Element, bytes, children, float, number};
use super::encoding::Encoding;
use super::layout::Walker;
use super::samples::{Number, channels, parameters, pcm};
use super::sound_track::{SoundTrack, language};
use super::wave_format::WaveFormat;
use crate::audio::codec;

const TRACK_ENTRY: u32 = 0xae;
const NUMBER: u32 = 0xd7;
const TYPE: u32 = 0x83;
const CODEC: u32 = 0x86;
const FLAG_DEFAULT: u32 = 0x88;
const LANGUAGE: u32 = 0x22_b59c;
const LANGUAGE_BCP47: u32 = 0x22_b59d;
const CODEC_PRIVATE: u32 = 0x63a2;
const AUDIO: u32 = 0xe1;
const SAMPLING_FREQUENCY: u32 = 0xb5;
const OUTPUT_FREQUENCY: u32 = 0x78b5;
const CHANNELS: u32 = 0x9f;
const BIT_DEPTH: u32 = 0x6264;
const VIDEO: u32 = 0xe0;
const ENCODINGS: u32 = 0x6d80;
const ENCODING: u32 = 0x6240;
const SCOPE: u32 = 0x5032;
const COMPRESSION: u32 = 0x5034;
const ALGORITHM: u32 = 0x4254;
const SETTINGS: u32 = 0x4255;
const ENCRYPTION: u32 = 0x5035;

/// Type of a track of sound.
const SOUND: u64 = 2;

/// Algorithms of compression.
const ZLIB: u64 = 0;
const STRIPPING: u64 = 3;

/// The part of a track that an encoding applies to: its packets.
const PACKETS: u64 = 1;

/// Identifier of an element without meaning.
const VOID: u8 = 0xec;

/// First letter of a codec that nobody has.
const NO_CODEC: u8 = b'X';

/// Codec that is described as in WAV, and the length of such a format without what is behind it.
const ACM: &str = "A_MS/ACM";
const WAVE_FORMAT: usize = 18;

const WAVPACK: &str = "A_WAVPACK4";

/// Codecs in the words of ffprobe by the start of their identifiers, the longer ones first.
const CODECS: [(&str, &str); 24] = [
    ("A_AAC", "aac"),
    ("A_AC3", "ac3"),
    ("A_AC4", "ac4"),
    ("A_ALAC", "alac"),
    ("A_DTS", "dts"),
    ("A_EAC3", "eac3"),
    ("A_FLAC", "flac"),
    ("A_MLP", "mlp"),
    ("A_MPEG/L1", "mp1"),
    ("A_MPEG/L2", "mp2"),
    ("A_MPEG/L3", "mp3"),
    ("A_OPUS", "opus"),
    ("A_QUICKTIME/QDM2", "qdm2"),
    ("A_QUICKTIME/QDMC", "qdmc"),
    ("A_REAL/14_4", "ra_144"),
    ("A_REAL/28_8", "ra_288"),
    ("A_REAL/ATRC", "atrac3"),
    ("A_REAL/COOK", "cook"),
    ("A_REAL/RALF", "ralf"),
    ("A_REAL/SIPR", "sipr"),
    ("A_TRUEHD", "truehd"),
    ("A_TTA1", "tta"),
    ("A_VORBIS", "vorbis"),
    ("A_WAVPACK4", "wavpack"),
];

/// Track that is being read.
#[derive(Default)]
struct Track {
    number: u64,
    kind: u64,
    codec: String,
    rate: Option<f64>,
    channels: Option<u64>,
    bits: u64,
    is_secondary: bool,
    language: Option<String>,
    encoding: Encoding,
    is_protected: bool,
    /// Description of the decoder, if it is short.
    private: Vec<u8>,
    /// Bytes that keep symphonia from reading a track without sound, by their offset.
    hidden: Vec<(u64, u8)>,
}

/// Reads the tracks of sound, and hides what belongs to the decoders of others.
pub(super) fn walk(walker: &mut Walker, start: u64, end: u64) -> Result<()> {
    for element in children(walker, start..end)? {
        if element.id != TRACK_ENTRY {
            continue;
        }
        let track = Track::read(walker, element.content)?;
        walker.layout.track_count += 1;
        if track.kind == SOUND {
            let (language, is_secondary) = (track.language.clone(), track.is_secondary);
            walker.layout.tracks.push(SoundTrack { language, is_secondary, ..track.describe() });
        } else {
            for (at, byte) in track.hidden {
                walker.hide(at, &[byte]);
            }
        }
    }
    Ok(())
}

impl Track {
    fn read(walker: &mut Walker, range: Range<u64>) -> Result<Self> {
        let mut track = Self::default();
        for Element { id, at, content } in children(walker, range)? {
            match id {
                NUMBER => track.number = number(walker, &content),
                TYPE => track.kind = number(walker, &content),
                FLAG_DEFAULT => track.is_secondary = number(walker, &content) == 0,
                LANGUAGE | LANGUAGE_BCP47 => {
                    track.language = language(&String::from_utf8_lossy(&bytes(walker, &content)));
                }
                CODEC => {
                    let name = String::from_utf8_lossy(&bytes(walker, &content)).into_owned();
                    name.trim_end_matches('\0').clone_into(&mut track.codec);
                    track.hidden.push((content.start, NO_CODEC));
                }
                VIDEO => track.hidden.push((at, VOID)),
                CODEC_PRIVATE => track.private = bytes(walker, &content),
                AUDIO => track.read_audio(walker, content)?,
                ENCODINGS => track.read_encodings(walker, content)?,
                _ => {}
            }
        }
        Ok(track)
    }

    fn read_audio(&mut self, walker: &mut Walker, range: Range<u64>) -> Result<()> {
        for Element { id, content, .. } in children(walker, range)? {
            match id {
                SAMPLING_FREQUENCY => self.rate = self.rate.or(float(walker, &content)),
                // HE-AAC: the rate of the output, not of the core.
                OUTPUT_FREQUENCY => self.rate = float(walker, &content).or(self.rate),
                CHANNELS => self.channels = Some(number(walker, &content)),
                BIT_DEPTH => self.bits = number(walker, &content),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_encodings(&mut self, walker: &mut Walker, range: Range<u64>) -> Result<()> {
        let encodings = children(walker, range)?;
        let encodings = encodings.into_iter().filter(|element| element.id == ENCODING);
        for (position, encoding) in encodings.enumerate() {
            let encoding = self.read_encoding(walker, encoding.content)?;
            self.encoding = if position == 0 { encoding } else { Encoding::Unknown };
        }
        Ok(())
    }

    fn read_encoding(&mut self, walker: &mut Walker, range: Range<u64>) -> Result<Encoding> {
        let (mut scope, mut algorithm, mut settings) = (PACKETS, None, Vec::new());
        for Element { id, content, .. } in children(walker, range)? {
            match id {
                SCOPE => scope = number(walker, &content),
                ENCRYPTION => self.is_protected = true,
                COMPRESSION => {
                    algorithm = Some(ZLIB);
                    for Element { id, content, .. } in children(walker, content)? {
                        match id {
                            ALGORITHM => algorithm = Some(number(walker, &content)),
                            SETTINGS => settings = bytes(walker, &content),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(match (scope, algorithm) {
            (PACKETS, Some(ZLIB)) => Encoding::Zlib,
            (PACKETS, Some(STRIPPING)) => Encoding::Stripped(settings),
            _ => Encoding::Unknown,
        })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    fn describe(self) -> SoundTrack {
        let is_opus = self.codec == "A_OPUS";
        let is_aac = self.codec.starts_with("A_AAC");
        let aac_rate = is_aac.then(|| codec::aac_rate(&self.private)).flatten();
        let rate = match aac_rate {
            Some(rate) => rate,
            None if is_opus => 48_000,
            None => self.rate.unwrap_or(8000.0).round() as u32,
        };
        let id = u32::try_from(self.number).unwrap_or_default();
        let channels = u32::try_from(self.channels.unwrap_or(1)).unwrap_or_default();
        if let Some(parameters) = self.parameters(rate, channels) {
            let (encoding, is_protected) = (self.encoding, self.is_protected);
            return SoundTrack {
                encoding,
                is_protected,
                ..SoundTrack::of_parameters(id, parameters)
            };
        }
        SoundTrack {
            id,
            codec: self.codec_name(),
            rate: Some(rate).filter(|rate| *rate > 0),
            channels: usize::try_from(channels).ok(),
            encoding: self.encoding,
            is_protected: self.is_protected,
            ..SoundTrack::default()
        }
    }

    /// Parameters that symphonia does not read; `None` for another codec.
    fn parameters(&self, rate: u32, count: u32) -> Option<AudioCodecParameters> {
        let bytes = u32::try_from(self.bits).ok()?.div_ceil(8);
        let integer = if bytes == 1 { Number::Unsigned } else { Number::Signed };
        let codec = match self.codec.as_str() {
            "A_PCM/INT/LIT" => pcm(integer, bytes, false),
            "A_PCM/INT/BIG" => pcm(integer, bytes, true),
            "A_PCM/FLOAT/IEEE" => pcm(Number::Float, bytes, false),
            ACM => {
                let behind = self.private.get(WAVE_FORMAT..).unwrap_or_default();
                return WaveFormat::read(&self.private, false)?.packets(behind);
            }
            WAVPACK => {
                let mut parameters = parameters(CODEC_ID_WAVPACK, rate, channels(count), 0);
                // Version of the format.
                parameters.with_extra_data(self.private.get(..2)?.into());
                return Some(parameters);
            }
            _ => None,
        };
        Some(parameters(codec?, rate, channels(count), bytes))
    }

    /// The codec in the words of ffprobe, if it is known.
    fn codec_name(&self) -> Option<String> {
        if self.codec == ACM {
            return WaveFormat::read(&self.private, false)?.codec();
        }
        let known = CODECS.iter().find(|(start, _)| self.codec.starts_with(start));
        known.map(|(_, name)| (*name).to_owned())
    }
}
