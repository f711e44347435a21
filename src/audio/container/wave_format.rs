//! Format chunk of WAV, W64 and AVI files: from a format tag to a codec.
//!
//! Sources: "New Multimedia Data Types and Data Techniques" (WAVEFORMATEX), Microsoft
//! "Multiple channel audio data and WAVE files" (WAVEFORMATEXTENSIBLE), and for the names of codecs
//! `libavformat/riff.c`.

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known as id;

use super::blocks::{ADPCM_IMA, ADPCM_MS, Blocks, GSM_610};
use super::samples::{Number, Samples, channels, parameters, pcm};
use super::sound_track::SoundTrack;
use crate::audio::codec::{self, amr_parameters};

/// Tags: of linear PCM, floats, what has a decoder, and a format whose tag is behind an extension.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const MP2: u16 = 0x50;
const MP3: u16 = 0x55;
const AMR_NB: [u16; 2] = [0x38, 0x57];
const AMR_WB: u16 = 0x58;
const AAC: u16 = 0xff;
const EXTENSIBLE: u16 = 0xfffe;

/// Offsets of the extension: valid bits, mask of the channels, and the tag of the real format.
const MASK: usize = 20;
const SUB_TAG: usize = 24;

/// Codecs in the words of ffprobe by their tags.
const CODECS: [(u16, &str); 40] = [
    (ADPCM_MS, "adpcm_ms"),
    (A_LAW, "pcm_alaw"),
    (MU_LAW, "pcm_mulaw"),
    (0x0a, "wmavoice"),
    (ADPCM_IMA, "adpcm_ima_wav"),
    (0x14, "adpcm_g726"),
    (0x20, "adpcm_yamaha"),
    (0x22, "truespeech"),
    (GSM_610, "gsm_ms"),
    (0x32, "gsm_ms"),
    (AMR_NB[0], "amr_nb"),
    (0x40, "adpcm_g726"),
    (0x42, "g723_1"),
    (0x45, "adpcm_g726"),
    (MP2, "mp2"),
    (MP3, "mp3"),
    (AMR_NB[1], "amr_nb"),
    (AMR_WB, "amr_wb"),
    (0x61, "adpcm_ima_dk4"),
    (0x62, "adpcm_ima_dk3"),
    (0x64, "adpcm_g726"),
    (0x75, "metasound"),
    (0x83, "g729"),
    (AAC, "aac"),
    (0x130, "sipr"),
    (0x160, "wmav1"),
    (0x161, "wmav2"),
    (0x162, "wmapro"),
    (0x163, "wmalossless"),
    (0x200, "adpcm_ct"),
    (0x215, "adpcm_swf"),
    (0x270, "atrac3"),
    (0x28f, "adpcm_g722"),
    (0x1600, "aac"),
    (0x1602, "aac_latm"),
    (0x2000, "ac3"),
    (0x2001, "dts"),
    (0x566f, "vorbis"),
    (0xa109, "speex"),
    (0xf1ac, "flac"),
];

/// Format of the audio in a WAV file, as its chunk `fmt ` tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct WaveFormat {
    tag: u16,
    channels: u16,
    rate: u32,
    bytes_per_second: u32,
    block: u16,
    bits: u16,
    mask: Option<u32>,
    is_big_endian: bool,
}

impl WaveFormat {
    /// Reads the chunk; `None` if it is too short. Whatever follows the fields is passed over.
    pub(super) fn read(chunk: &[u8], is_big_endian: bool) -> Option<Self> {
        let short = |at: usize| {
            let bytes = *chunk.get(at..)?.first_chunk()?;
            Some(if is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
        };
        let long = |at: usize| {
            let bytes = *chunk.get(at..)?.first_chunk()?;
            Some(if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
        };
        let mut format = Self {
            tag: short(0)?,
            channels: short(2)?,
            rate: long(4)?,
            bytes_per_second: long(8)?,
            block: short(12)?,
            bits: short(14).unwrap_or_default(),
            mask: None,
            is_big_endian,
        };
        if format.tag == EXTENSIBLE {
            format.mask = long(MASK);
            // Without the extension, as some programs write it, the bits tell PCM.
            format.tag = short(SUB_TAG).unwrap_or(PCM);
        }
        Some(format)
    }

    /// The codec in the words of ffprobe; `None` if it is not known.
    pub(super) fn codec(&self) -> Option<String> {
        let name = match self.tag {
            PCM | FLOAT => {
                let (letter, end) = match (self.tag, self.is_big_endian) {
                    (FLOAT, false) => ("f", "le"),
                    (FLOAT, true) => ("f", "be"),
                    (_, false) => ("s", "le"),
                    _ => ("s", "be"),
                };
                return Some(format!("pcm_{letter}{}{end}", self.bits));
            }
            tag => CODECS.iter().find(|(known, _)| *known == tag)?.1,
        };
        Some(name.to_owned())
    }

    /// Bytes of one sample. Samples that do not fill their bytes are aligned to the top.
    fn sample_bytes(&self) -> u32 {
        let by_bits = u32::from(self.bits).div_ceil(8);
        let by_block = u32::from(self.block) / u32::from(self.channels.max(1));
        let is_exact = by_block * u32::from(self.channels) == u32::from(self.block);
        if is_exact && (1..=8).contains(&by_block) && by_block > by_bits && by_bits > 0 {
            by_block
        } else {
            by_bits
        }
    }

    /// The samples from an offset, if they can be decoded.
    pub(super) fn samples(&self, start: u64, declared: Option<u64>) -> Option<Samples> {
        let count = u64::from(self.channels);
        let (codec, bytes) = match self.tag {
            PCM => {
                let bytes = self.sample_bytes();
                let number = if bytes == 1 { Number::Unsigned } else { Number::Signed };
                (pcm(number, bytes, self.is_big_endian)?, bytes)
            }
            FLOAT => {
                let bytes = self.sample_bytes();
                (pcm(Number::Float, bytes, self.is_big_endian)?, bytes)
            }
            A_LAW => (id::CODEC_ID_PCM_ALAW, 0),
            MU_LAW => (id::CODEC_ID_PCM_MULAW, 0),
            _ => return self.blocks()?.samples(start, declared),
        };
        let parameters = parameters(codec, self.rate, self.placed_channels(), bytes);
        Samples::of_frames(parameters, count * u64::from(bytes.max(1)), start, declared)
    }

    /// Parameters of the packets of a container that stores a format of WAV, with what is behind it.
    pub(super) fn packets(&self, behind: &[u8]) -> Option<AudioCodecParameters> {
        let codec = match self.tag {
            MP2 => id::CODEC_ID_MP2,
            MP3 => id::CODEC_ID_MP3,
            AAC => id::CODEC_ID_AAC,
            tag if AMR_NB.contains(&tag) && self.channels == 1 => {
                return Some(amr_parameters(codec::AMR_NB));
            }
            AMR_WB if self.channels == 1 => return Some(amr_parameters(codec::AMR_WB)),
            _ => return Some(self.samples(0, None)?.parameters),
        };
        let mut parameters = parameters(codec, self.rate, channels(self.channels.into()), 0);
        if self.tag == AAC {
            parameters.with_extra_data(behind.into());
        }
        Some(parameters)
    }

    /// Blocks of ADPCM with four bits a sample, or of GSM.
    pub(super) fn blocks(&self) -> Option<Blocks> {
        if [ADPCM_MS, ADPCM_IMA].contains(&self.tag) && self.bits != 4 {
            return None;
        }
        Blocks::of_tag(self.tag, self.rate, self.channels.into(), self.block.into())
    }

    /// Channels at the places of the mask, if it has as many.
    fn placed_channels(&self) -> Channels {
        let count = u32::from(self.channels);
        let mask = self.mask.filter(|mask| mask.count_ones() == count);
        match mask.and_then(Position::from_wave_channel_mask) {
            Some(positions) => Channels::Positioned(positions),
            None => channels(count),
        }
    }

    /// The track of a file with so many bytes of audio.
    pub(super) fn track(&self, bytes: u64) -> SoundTrack {
        let per_second = u64::from(self.bytes_per_second);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let seconds = (per_second > 0).then(|| bytes as f64 / per_second as f64);
        SoundTrack {
            codec: self.codec(),
            rate: Some(self.rate).filter(|rate| *rate > 0),
            channels: Some(usize::from(self.channels)).filter(|channels| *channels > 0),
            seconds,
            ..SoundTrack::default()
        }
    }

    /// True if the content is frames of MPEG audio or AAC (ADTS), which have heads of their own.
    pub(super) fn is_frames(&self) -> bool {
        matches!(self.tag, MP2 | MP3 | AAC | 0x1600)
    }

    /// Says what no recording has.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match (self.channels, self.bits) {
            (0, _) => Some("wav: invalid channel count"),
            (_, 0) if self.is_pcm() => Some("wav: no bits per sample"),
            _ => None,
        }
    }

    /// True if the content may be something else in the disguise of PCM.
    pub(super) fn is_pcm(&self) -> bool {
        self.tag == PCM
    }
}
