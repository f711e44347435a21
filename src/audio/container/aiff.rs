//! AIFF and AIFF-C, and the head of Sun audio (AU).
//!
//! Sources: "Audio Interchange File Format" 1.3, "AIFF-C" draft of 1991, `<audio/au.h>` of Solaris;
//! for the names of codecs `libavformat/isom_tags.c` and `libavformat/au.c`.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::errors::{Result, decode_error};

use super::MAX_CHANNELS;
use super::blocks::Blocks;
use super::layout::{Walker, check_table};
use super::samples::{Number, Samples, channels, parameters, pcm};
use super::sound_track::SoundTrack;

/// Codecs of AIFF-C that are only named.
const NAMED: [(&[u8; 4], &str); 12] = [
    (b"GSM ", "gsm"),
    (b"agsm", "gsm"),
    (b"ms\0\x02", "adpcm_ms"),
    (b"ms\0\x11", "adpcm_ima_wav"),
    (b"ms\0\x31", "gsm_ms"),
    (b"MAC3", "mace3"),
    (b"MAC6", "mace6"),
    (b"QDMC", "qdmc"),
    (b"QDM2", "qdm2"),
    (b"Qclp", "qcelp"),
    (b"G722", "adpcm_g722"),
    (b"ADP4", "adpcm_adx"),
];

/// Encodings of AU by their numbers, with the bytes of a sample.
const AU_ENCODINGS: [(u32, Option<Number>, u32); 8] = [
    (1, None, 1),
    (2, Some(Number::Signed), 1),
    (3, Some(Number::Signed), 2),
    (4, Some(Number::Signed), 3),
    (5, Some(Number::Signed), 4),
    (6, Some(Number::Float), 4),
    (7, Some(Number::Float), 8),
    (27, None, 1),
];

/// Length of an AU header without its annotation.
const AU_HEADER: u64 = 24;

/// The chunk `COMM`.
struct Common {
    channels: u16,
    frames: u32,
    bits: u16,
    rate: u32,
    compression: [u8; 4],
}

/// Finds the audio of an AIFF file that may be cut or never finished.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let (mut at, mut common, mut data) = (walker.layout.start + 12, None, None);
    while let Some([a, b, c, d, len @ ..]) = walker.array_at::<8>(at) {
        walker.count_part()?;
        let len = u32::from_be_bytes(len);
        match &[a, b, c, d] {
            b"COMM" => {
                check_table(len.into())?;
                common = Common::read(walker, at + 8, len);
            }
            b"SSND" => data = data.or(Some((at + 8, u64::from(len)))),
            _ => {}
        }
        if common.is_some() && data.is_some() {
            break;
        }
        at += 8 + u64::from(len) + u64::from(len % 2);
    }
    let Some(common) = common else { return decode_error("aiff: missing common chunk") };
    let Some((data, declared)) = data else {
        walker.layout.samples = common.samples(walker.len(), Some(0));
        return Ok(());
    };
    if usize::from(common.channels) > MAX_CHANNELS || common.channels == 0 {
        return decode_error("aiff: invalid channel count");
    }
    let present = walker.len().saturating_sub(data);
    let is_unfinished = declared == 0 && present > 8 && common.frames == 0;
    walker.layout.is_repaired = walker.check_truncated(present, declared) || is_unfinished;
    // The audio begins behind an offset.
    let offset = u64::from(walker.array_at(data).map_or(0, u32::from_be_bytes));
    let (start, declared) = (data + 8 + offset, declared.saturating_sub(8 + offset));
    let declared = if is_unfinished { present.saturating_sub(8 + offset) } else { declared };
    match common.samples(start.min(walker.len()), Some(declared)) {
        Some(samples) => walker.layout.samples = Some(samples),
        None => walker.layout.tracks = vec![common.track()],
    }
    Ok(())
}

impl Common {
    /// Reads the chunk, of which anything may follow the fields.
    fn read(walker: &mut Walker, at: u64, len: u32) -> Option<Self> {
        let fields = walker.array_at::<18>(at)?;
        let compression = if len >= 22 { walker.array_at(at + 18)? } else { *b"NONE" };
        Some(Self {
            channels: u16::from_be_bytes([fields[0], fields[1]]),
            frames: u32::from_be_bytes([fields[2], fields[3], fields[4], fields[5]]),
            bits: u16::from_be_bytes([fields[6], fields[7]]),
            rate: extended(fields.last_chunk()?),
            compression,
        })
    }

    fn samples(&self, start: u64, declared: Option<u64>) -> Option<Samples> {
        let count = u64::from(self.channels);
        // Only the codes of Microsoft leave open how long a block is.
        let blocks = Blocks::of_name(self.compression, self.rate, self.channels.into(), || None);
        if let Some(mut blocks) = blocks {
            blocks.parameters.with_channels(self.placed());
            return blocks.samples(start, declared);
        }
        let (codec, bytes) = self.codec()?;
        let parameters = parameters(codec, self.rate, self.placed(), bytes);
        Samples::of_frames(parameters, count * u64::from(bytes.max(1)), start, declared)
    }

    /// The codec and the bytes of a sample, of 0 where a decoder knows it.
    fn codec(&self) -> Option<(AudioCodecId, u32)> {
        let bytes = u32::from(self.bits).div_ceil(8);
        let number = |number, bytes, is_big| Some((pcm(number, bytes, is_big)?, bytes));
        match &self.compression {
            b"NONE" | b"none" | b"twos" => number(Number::Signed, bytes, true),
            b"sowt" => number(Number::Signed, bytes, false),
            b"raw " => number(Number::Unsigned, bytes, true),
            b"in24" => number(Number::Signed, 3, true),
            b"in32" => number(Number::Signed, 4, true),
            b"42ni" => number(Number::Signed, 3, false),
            b"23ni" => number(Number::Signed, 4, false),
            b"fl32" | b"FL32" => number(Number::Float, 4, true),
            b"fl64" | b"FL64" => number(Number::Float, 8, true),
            b"alaw" | b"ALAW" => Some((id::CODEC_ID_PCM_ALAW, 0)),
            b"ulaw" | b"ULAW" => Some((id::CODEC_ID_PCM_MULAW, 0)),
            _ => None,
        }
    }

    /// More than three channels have no places: programs disagree about them.
    fn placed(&self) -> Channels {
        if self.channels > 3 {
            return Channels::Discrete(self.channels);
        }
        channels(self.channels.into())
    }

    fn track(&self) -> SoundTrack {
        let named = NAMED.iter().find(|(compression, _)| **compression == self.compression);
        SoundTrack {
            rate: Some(self.rate).filter(|rate| *rate > 0),
            channels: Some(self.channels.into()),
            ..SoundTrack::of_codec(named.map(|(_, codec)| *codec))
        }
    }
}

/// Rounds a number of 80 bits to a whole one: a sampling rate.
fn extended(bytes: &[u8; 10]) -> u32 {
    let exponent = i32::from(u16::from_be_bytes([bytes[0] & 0x7f, bytes[1]])) - 16383;
    let mantissa = u64::from_be_bytes(bytes[2..].try_into().unwrap_or_default());
    match u32::try_from(exponent) {
        Ok(exponent @ 0..=31) => {
            let rounded = (mantissa >> (62 - exponent)).div_ceil(2);
            u32::try_from(rounded).unwrap_or(u32::MAX)
        }
        Ok(_) => u32::MAX,
        Err(_) => 0,
    }
}

/// Finds the audio of an AU file.
pub(super) fn walk_au(walker: &mut Walker) -> Result<()> {
    let base = walker.layout.start;
    let Some(header) = walker.array_at::<24>(base) else {
        return decode_error("au: a head of less than 24 bytes");
    };
    let number =
        |at: usize| header[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let [offset, len, encoding, rate, count] = [4, 8, 12, 16, 20].map(number);
    let start = base + u64::from(offset).max(AU_HEADER);
    let present = walker.len().saturating_sub(start);
    let declared = Some(u64::from(len)).filter(|len| *len < u32::MAX.into());
    if let Some(declared) = declared {
        walker.check_truncated(present, declared);
    }
    let encoding = AU_ENCODINGS.iter().find(|(known, ..)| *known == encoding);
    let samples = encoding.and_then(|(code, number, bytes)| {
        let (codec, bytes) = match (number, code) {
            (Some(number), _) => (pcm(*number, *bytes, true)?, *bytes),
            (None, 1) => (id::CODEC_ID_PCM_MULAW, 0),
            (None, _) => (id::CODEC_ID_PCM_ALAW, 0),
        };
        let block = u64::from(count) * u64::from(bytes.max(1));
        let parameters = parameters(codec, rate, channels(count), bytes);
        Samples::of_frames(parameters, block, start.min(walker.len()), declared)
    });
    if samples.is_none() {
        let name = (23..=26).contains(&number(12)).then_some("adpcm_g726");
        let (rate, channels) = (Some(rate), usize::try_from(count).ok());
        walker.layout.tracks = vec![SoundTrack { rate, channels, ..SoundTrack::of_codec(name) }];
    }
    walker.layout.samples = samples;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::extended;

    #[test]
    fn a_rate_of_80_bits_is_rounded() {
        let rates = [
            (b"\x40\x0e\xac\x44\0\0\0\0\0\0", 44_100),
            (b"\x40\x0b\xfa\0\0\0\0\0\0\0", 8_000),
            (b"\x40\x0f\xbb\x80\0\0\0\0\0\0", 96_000),
            (b"\0\0\0\0\0\0\0\0\0\0", 0),
        ];
        for (bytes, rate) in rates {
            assert_eq!(extended(bytes), rate);
        }
    }
}
