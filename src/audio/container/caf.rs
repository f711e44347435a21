//! Core Audio Format: chunks with lengths of 64 bits.
//!
//! Source: Apple "Core Audio Format Specification 1.0".

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::errors::{Result, decode_error};

use super::blocks::Blocks;
use super::family::Family;
use super::layout::{Walker, check_table};
use super::sample_entry::codec_of;
use super::samples::{Number, Samples, channels, parameters, pcm};
use super::sound_track::SoundTrack;
use crate::audio::codec::amr_of_entry;

/// Chunks that symphonia reads into memory.
const TABLES: [[u8; 4]; 4] = [*b"pakt", *b"kuki", *b"desc", *b"chan"];

/// The longest packet of any codec, in frames.
const MAX_PACKET_FRAMES: u32 = 1 << 16;

/// More frames than any codec has in a byte.
const MAX_FRAMES_PER_BYTE: u32 = 8;

/// Tag of a layout of channels that is a mask, as in WAV.
const BY_MASK: u32 = 1 << 16;

/// Bytes before the audio in its chunk.
const EDIT_COUNT: u64 = 4;

/// The chunk `desc`.
struct Description {
    rate: f64,
    codec: [u8; 4],
    flags: u32,
    packet: u32,
    packet_frames: u32,
    channels: u32,
}

/// Finds the audio of a CAF file, and corrects its length if it is cut or, being -1, unknown.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let mut at = walker.layout.start + 8;
    let (mut description, mut mask, mut data) = (None, None, None);
    loop {
        walker.count_part()?;
        let Some([a, b, c, d, len @ ..]) = walker.array_at::<12>(at) else { break };
        let (name, len) = ([a, b, c, d], u64::try_from(i64::from_be_bytes(len)));
        let content = at + 12;
        if let Ok(len) = len
            && TABLES.contains(&name)
        {
            check_table(len)?;
        }
        match &name {
            b"desc" => description = Description::read(walker, content)?,
            b"chan" => mask = read_mask(walker, content),
            b"data" => {
                let present = walker.len().saturating_sub(content);
                let declared = len.unwrap_or(present);
                if len.is_err() || walker.check_truncated(present, declared) {
                    walker.repair(at + 4, &present.to_be_bytes());
                }
                data = Some((content + EDIT_COUNT, declared.saturating_sub(EDIT_COUNT)));
            }
            _ => {}
        }
        let Ok(len) = len else { break };
        at = content.saturating_add(len);
    }
    let (Some(description), Some((start, declared))) = (description, data) else { return Ok(()) };
    description.finish(walker, mask, start, declared);
    Ok(())
}

/// Mask of the channels, if they have one.
fn read_mask(walker: &mut Walker, layout: u64) -> Option<u32> {
    let is_mask = u32::from_be_bytes(walker.array_at(layout)?) == BY_MASK;
    let mask = u32::from_be_bytes(walker.array_at(layout + 4)?);
    is_mask.then_some(mask)
}

impl Description {
    /// Reads the chunk. Fails if it declares more frames in a packet than can be there.
    fn read(walker: &mut Walker, at: u64) -> Result<Option<Self>> {
        let Some(fields) = walker.array_at::<32>(at) else { return Ok(None) };
        let number =
            |at: usize| fields[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let [flags, packet, packet_frames, channels] = [12, 16, 20, 24].map(number);
        // Without a size of the packets, a table has the size of each.
        let max_frames =
            if packet == 0 { u32::MAX } else { packet.saturating_mul(MAX_FRAMES_PER_BYTE) };
        if packet_frames > max_frames.min(MAX_PACKET_FRAMES) {
            return decode_error("caf: more frames than fit into a packet");
        }
        let rate = f64::from_be_bytes(*fields.first_chunk().unwrap_or(&[0; 8]));
        let codec = *fields[8..].first_chunk().unwrap_or(&[0; 4]);
        Ok(Some(Self { rate, codec, flags, packet, packet_frames, channels }))
    }

    fn finish(&self, walker: &mut Walker, mask: Option<u32>, start: u64, declared: u64) {
        let start = start.min(walker.len());
        if let Some(samples) = self.samples(mask, start, declared) {
            walker.layout.samples = Some(samples);
            return;
        }
        if let Some(parameters) = amr_of_entry(self.codec).filter(|_| self.channels == 1) {
            // Each frame tells its length, as in a file of its own.
            let layout = &mut walker.layout;
            (layout.family, layout.start) = (Family::Amr, start);
            layout.end = start.saturating_add(declared).min(layout.end);
            layout.tracks = vec![SoundTrack::of_parameters(0, parameters)];
            return;
        }
        let codec = codec_of(self.codec);
        let track = SoundTrack {
            rate: Some(self.rate()).filter(|rate| *rate > 0),
            channels: usize::try_from(self.channels).ok(),
            ..SoundTrack::of_codec(codec)
        };
        // Symphonia reads the packets of what can be decoded, and says what is wrong with a head.
        if !track.is_decodable() && self.codec != *b"lpcm" {
            walker.layout.tracks = vec![track];
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    fn rate(&self) -> u32 {
        self.rate.round() as u32
    }

    /// Samples of PCM, A-law and µ-law, and blocks of ADPCM and GSM; `None` for another codec.
    fn samples(&self, mask: Option<u32>, start: u64, declared: u64) -> Option<Samples> {
        let (codec, bytes) = match &self.codec {
            b"lpcm" if self.packet_frames == 1 && self.channels > 0 => {
                let bytes = self.packet / self.channels;
                let number = if self.flags & 1 == 0 { Number::Signed } else { Number::Float };
                (pcm(number, bytes, self.flags & 2 == 0)?, bytes)
            }
            b"alaw" => (id::CODEC_ID_PCM_ALAW, 0),
            b"ulaw" => (id::CODEC_ID_PCM_MULAW, 0),
            name => {
                let len = || Some(self.packet.into());
                let blocks = Blocks::of_name(*name, self.rate(), self.channels, len)?;
                return blocks.samples(start, Some(declared));
            }
        };
        let mask = mask.filter(|mask| mask.count_ones() == self.channels);
        let placed = match mask.and_then(Position::from_wave_channel_mask) {
            Some(positions) => Channels::Positioned(positions),
            None => channels(self.channels),
        };
        let block = u64::from(self.channels) * u64::from(bytes.max(1));
        let parameters = parameters(codec, self.rate(), placed, bytes);
        Samples::of_frames(parameters, block, start, Some(declared))
    }
}
