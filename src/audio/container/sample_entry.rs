//! Sample descriptions of sound in ISO base media files (MP4, MOV, 3GP).
//!
//! Sources: Apple "`QuickTime` File Format", "Sound sample descriptions"; ISO/IEC 14496-12, section
//! 12.2; ISO/IEC 23003-5 (`ipcm`, `fpcm`); for the names of codecs `libavformat/isom_tags.c`.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known as id;

use super::blocks::Blocks;
use super::elementary_stream::read_object;
use super::layout::Walker;
use super::samples::{Number, channels, parameters, pcm};
use super::sound_track::{Block, SoundTrack};
use super::wave_format::WaveFormat;
use crate::audio::codec;

/// Length of the fields of a sample entry in its versions, the header of its box included.
const FIELDS: [u64; 3] = [36, 52, 72];

/// Length of the longest format of WAV that is read, in bytes.
const MAX_FORMAT: u64 = 64;

/// The longest cookie of ALAC in bytes, and the place of the number of channels in it.
const MAX_COOKIE: usize = 64;
const ALAC_CHANNELS: usize = 9;

/// Codecs in the words of ffprobe by the names of their sample entries.
const CODECS: [(&[u8; 4], &str); 38] = [
    (b"mp4a", "aac"),
    (b"alac", "alac"),
    (b"fLaC", "flac"),
    (b"flac", "flac"),
    (b"Opus", "opus"),
    (b"opus", "opus"),
    (b".mp1", "mp1"),
    (b".mp2", "mp2"),
    (b".mp3", "mp3"),
    (b"mp3 ", "mp3"),
    (b"ms\0\x55", "mp3"),
    (b"ms\0\x02", "adpcm_ms"),
    (b"ms\0\x11", "adpcm_ima_wav"),
    (b"ms\0\x31", "gsm_ms"),
    (b"ima4", "adpcm_ima_qt"),
    (b"samr", "amr_nb"),
    (b"sawb", "amr_wb"),
    (b"agsm", "gsm"),
    (b"ac-3", "ac3"),
    (b"sac3", "ac3"),
    (b"ec-3", "eac3"),
    (b"ac-4", "ac4"),
    (b"dtsc", "dts"),
    (b"dtsh", "dts"),
    (b"dtsl", "dts"),
    (b"dtse", "dts"),
    (b"mlpa", "truehd"),
    (b"spex", "speex"),
    (b"QDMC", "qdmc"),
    (b"QDM2", "qdm2"),
    (b"Qclp", "qcelp"),
    (b"sqcp", "qcelp"),
    (b"sevc", "evrc"),
    (b"MAC3", "mace3"),
    (b"MAC6", "mace6"),
    (b"WMA2", "wmav2"),
    (b"mhm1", "mpegh_3d_audio"),
    (b"aac ", "aac"),
];

/// Codecs by the object types of MPEG-4.
const OBJECT_TYPES: [(u8, &str); 12] = [
    (0x40, "aac"),
    (0x66, "aac"),
    (0x67, "aac"),
    (0x68, "aac"),
    (0x69, "mp3"),
    (0x6b, "mp3"),
    (0xa5, "ac3"),
    (0xa6, "eac3"),
    (0xa9, "dts"),
    (0xad, "opus"),
    (0xdd, "vorbis"),
    (0xe1, "qcelp"),
];

/// The codec of a sample entry, if it is known.
pub(super) fn codec_of(name: [u8; 4]) -> Option<&'static str> {
    CODECS.iter().find(|(known, _)| **known == name).map(|(_, codec)| *codec)
}

/// Fields of a sample entry.
struct Entry {
    name: [u8; 4],
    channels: u32,
    /// Bytes of a sample of PCM.
    bytes: u32,
    rate: f64,
    /// Flags of `lpcm`.
    flags: Option<u32>,
    /// False where a box says little-endian.
    is_big_endian: bool,
    /// Format that a protected entry hides.
    original: Option<[u8; 4]>,
    /// Type of the object and description of the decoder.
    object: Option<(u8, Vec<u8>)>,
    /// Rate in a box of the codec.
    codec_rate: Option<u32>,
    /// Cookie of ALAC in the place that is special to `QuickTime`.
    cookie: Option<Vec<u8>>,
    /// True if there is one box for each field that PCM of MPEG-4 needs.
    has_pcm_box: bool,
    /// Format in a box that has the name of the entry, and bytes of a block.
    wave: Option<WaveFormat>,
    block: Option<u32>,
}

/// Reads a sample entry at an offset.
pub(super) fn read(walker: &mut Walker, at: u64, end: u64) -> Option<SoundTrack> {
    let mut entry = Entry::read(walker, at)?;
    let version = u64::from(u16::from_be_bytes(walker.array_at(at + 16)?));
    let fields = *FIELDS.get(usize::try_from(version).ok()?)?;
    entry.read_boxes(walker, at + fields, end, 0);
    Some(entry.track())
}

impl Entry {
    fn read(walker: &mut Walker, at: u64) -> Option<Self> {
        let fields = walker.array_at::<36>(at)?;
        let short = |at: usize| Some(u16::from_be_bytes(*fields.get(at..)?.first_chunk()?));
        let name = *fields[4..].first_chunk()?;
        let mut entry = Self {
            name,
            channels: short(24)?.into(),
            bytes: u32::from(short(26)?).div_ceil(8),
            rate: f64::from(short(32)?),
            flags: None,
            // Only `sowt` and what a box says is little-endian.
            is_big_endian: name != *b"sowt",
            original: None,
            object: None,
            codec_rate: None,
            cookie: None,
            has_pcm_box: false,
            wave: None,
            block: None,
        };
        match short(16)? {
            1 if entry.channels > 0 => {
                let bytes = u32::from_be_bytes(walker.array_at(at + 40)?);
                entry.bytes = if (1..=8).contains(&bytes) { bytes } else { entry.bytes };
                entry.block = walker.array_at(at + 44).map(u32::from_be_bytes);
            }
            2 => {
                let v2 = walker.array_at::<36>(at + 36)?;
                let number = |at: usize| v2[at..].first_chunk().map(|n| u32::from_be_bytes(*n));
                entry.rate = f64::from_be_bytes(*v2[4..].first_chunk()?);
                entry.channels = number(12)?;
                entry.bytes = number(20)?.div_ceil(8);
                entry.flags = number(24);
            }
            _ => {}
        }
        Some(entry)
    }

    /// Reads the boxes behind the fields; `QuickTime` puts them into another one, `wave`.
    fn read_boxes(&mut self, walker: &mut Walker, mut at: u64, end: u64, depth: u32) {
        while at + 8 <= end {
            let Some([a, b, c, d, name @ ..]) = walker.array_at::<8>(at) else { return };
            let len = u64::from(u32::from_be_bytes([a, b, c, d]));
            let next = if len < 8 { end } else { (at + len).min(end) };
            let content = at + 8;
            match &name {
                b"wave" | b"sinf" if depth == 0 => {
                    self.read_boxes(walker, content, next, depth + 1);
                }
                b"enda" => {
                    let value = walker.array_at(content).map_or(0, u16::from_be_bytes);
                    self.is_big_endian &= value == 0;
                }
                b"pcmC" => {
                    let [.., flags, bits] = walker.array_at::<6>(content).unwrap_or_default();
                    self.is_big_endian = flags & 1 == 0;
                    (self.bytes, self.has_pcm_box) = (u32::from(bits).div_ceil(8), true);
                }
                [b'm', b's', ..] if depth == 1 && name == self.name => {
                    let len = next.saturating_sub(content).min(MAX_FORMAT);
                    let format = walker.bytes_at(content, usize::try_from(len).unwrap_or(0));
                    self.wave = format.and_then(|format| WaveFormat::read(&format, false));
                }
                b"frma" if depth == 1 => self.original = walker.array_at(content),
                b"esds" => self.object = read_object(walker, content, next),
                // The cookie of ALAC ends with the rate, the header of FLAC begins with it.
                b"alac" => {
                    self.codec_rate = walker.array_at(content + 24).map(u32::from_be_bytes);
                    let len = usize::try_from(next.saturating_sub(content + 4)).ok();
                    let len = len.filter(|len| depth > 0 && (24..=MAX_COOKIE).contains(len));
                    self.cookie = len.and_then(|len| walker.bytes_at(content + 4, len));
                }
                b"dfLa" => {
                    let rate = walker.array_at(content + 18).map(u32::from_be_bytes);
                    self.codec_rate = rate.map(|rate| rate >> 12);
                }
                _ => {}
            }
            at = next.max(at + 8);
        }
    }

    /// True if the samples are encrypted.
    fn is_protected(&self) -> bool {
        matches!(&self.name, b"enca" | b"encv" | b"drms" | b"p608")
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    fn track(&self) -> SoundTrack {
        let rate = self.rate.round() as u32;
        if let Some(Blocks { parameters, len }) = self.samples(rate).or_else(|| self.blocks(rate)) {
            let frames = parameters.frames_per_block.unwrap_or(1) as u32;
            let block = Some(Block { len: len as u32, frames });
            return SoundTrack { block, ..SoundTrack::of_parameters(0, parameters) };
        }
        if let Some(parameters) = self.alac().or_else(|| codec::amr_of_entry(self.name)) {
            return SoundTrack::of_parameters(0, parameters);
        }
        let name = if self.is_protected() { self.original.unwrap_or(*b"mp4a") } else { self.name };
        let mut codec = codec_of(name);
        let config = self.object.as_ref().map(|(_, config)| config.as_slice());
        if let (b"mp4a", Some((object, _))) = (&name, &self.object) {
            codec = OBJECT_TYPES.iter().find(|(known, _)| known == object).map(|(_, name)| *name);
        }
        let aac_rate = config.filter(|_| codec == Some("aac")).and_then(codec::aac_rate);
        let rate = match (codec, aac_rate) {
            (Some("opus"), _) => 48_000,
            (_, Some(rate)) => rate,
            _ => self.codec_rate.filter(|rate| *rate > 0).unwrap_or(rate),
        };
        SoundTrack {
            rate: Some(rate).filter(|rate| *rate > 0),
            channels: usize::try_from(self.channels).ok().filter(|channels| *channels > 0),
            is_protected: self.is_protected(),
            ..SoundTrack::of_codec(codec)
        }
    }

    /// Parameters of ALAC whose description symphonia does not find.
    fn alac(&self) -> Option<AudioCodecParameters> {
        let cookie = self.cookie.as_ref().filter(|_| self.name == *b"alac")?;
        let count = u32::from(*cookie.get(ALAC_CHANNELS)?);
        let mut parameters = parameters(id::CODEC_ID_ALAC, self.codec_rate?, channels(count), 0);
        parameters.with_extra_data(cookie.clone().into());
        Some(parameters)
    }

    /// Blocks of ADPCM and GSM.
    fn blocks(&self, rate: u32) -> Option<Blocks> {
        match &self.wave {
            Some(format) => format.blocks(),
            None => Blocks::of_name(self.name, rate, self.channels, || self.block.map(u64::from)),
        }
    }

    /// Frames of PCM, A-law and µ-law; `None` for another codec.
    fn samples(&self, rate: u32) -> Option<Blocks> {
        let number = |number, bytes| Some((pcm(number, bytes, self.is_big_endian)?, bytes));
        let (codec, bytes) = match &self.name {
            b"raw " | b"NONE" if self.bytes == 1 => number(Number::Unsigned, 1)?,
            b"raw " | b"NONE" | b"twos" | b"sowt" => number(Number::Signed, self.bytes)?,
            b"in24" => number(Number::Signed, 3)?,
            b"in32" => number(Number::Signed, 4)?,
            b"fl32" => number(Number::Float, 4)?,
            b"fl64" => number(Number::Float, 8)?,
            b"ipcm" if self.has_pcm_box => number(Number::Signed, self.bytes)?,
            b"fpcm" if self.has_pcm_box => number(Number::Float, self.bytes)?,
            b"lpcm" => {
                let flags = self.flags?;
                let number = match flags & 5 {
                    4 => Number::Signed,
                    0 => Number::Unsigned,
                    _ => Number::Float,
                };
                (pcm(number, self.bytes, flags & 2 != 0)?, self.bytes)
            }
            b"alaw" => (id::CODEC_ID_PCM_ALAW, 0),
            b"ulaw" => (id::CODEC_ID_PCM_MULAW, 0),
            _ => return None,
        };
        let parameters = parameters(codec, rate, channels(self.channels), bytes);
        Some(Blocks { parameters, len: u64::from(self.channels) * u64::from(bytes.max(1)) })
    }
}
