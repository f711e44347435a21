//! Chunks of a name, a length and content: RIFF (WAV, RF64, BW64), its big-endian model AIFF, CAF
//! with lengths of 64 bits, and the blocks of metadata before the frames of FLAC.
//!
//! Sources: EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64), "Audio Interchange File Format" 1.3, Apple
//! "Core Audio Format Specification 1.0", RFC 9639 (FLAC), section 8.

use symphonia::core::errors::{Result, decode_error};

use super::MAX_CHANNELS;
use super::layout::{Walker, check_table};

/// Programs that write to a pipe put at least this many bytes in place of a length.
pub(in crate::audio) const PLACEHOLDER: u32 = 2_147_000_000;

/// Length field of a chunk whose length is unknown.
const UNKNOWN: [u8; 4] = [0xff; 4];

/// Length of an RF64 or BW64 header before the length of its audio: the chunk `ds64` comes first.
const DS64_DATA_LEN: u64 = 28;

/// Chunks of CAF that symphonia reads into memory.
const CAF_TABLES: [[u8; 4]; 4] = [*b"pakt", *b"kuki", *b"desc", *b"chan"];

/// Offset of the bytes per packet in the description of a CAF file; the frames follow.
const CAF_PACKET: u64 = 16;

/// The longest packet of any codec, in frames.
const MAX_PACKET_FRAMES: u32 = 1 << 16;

/// More frames than any codec has in a byte.
const MAX_FRAMES_PER_BYTE: u32 = 8;

/// Tags, which symphonia reads recursively.
const ID3: [u8; 4] = *b"ID3 ";

/// Kinds of FLAC blocks.
const STREAM_INFO: u8 = 0;
const PADDING: u8 = 1;

/// Corrects the lengths of a WAV file: those that a stopped recorder left at zero, and those that
/// RF64 and BW64 keep in another chunk.
pub(super) fn walk_wav(walker: &mut Walker) -> Result<()> {
    let base = walker.layout.start;
    let needed = [*b"fmt ", *b"ds64", *b"fact"];
    let data = find_audio(walker, base + 12, u32::from_le_bytes, *b"data", &needed)?;
    let (Some((data, len)), Some(riff)) = (data, walker.array_at::<8>(base)) else {
        return Ok(());
    };
    let present = walker.len().saturating_sub(data);
    let [.., a, b, c, d] = riff;
    let end = base + u64::from(u32::from_le_bytes([a, b, c, d])) + 8;
    if !riff.starts_with(b"RIFF") {
        let declared = (walker.array_at(base + 12) == Some(*b"ds64"))
            .then(|| walker.array_at(base + DS64_DATA_LEN))
            .flatten()
            .map_or(u64::MAX, u64::from_le_bytes);
        walker.repair(base, b"RIFF");
        walker.repair(base + 4, &UNKNOWN);
        walker.repair(data - 4, &u32::try_from(declared).unwrap_or(u32::MAX).to_le_bytes());
        if declared < u64::MAX {
            walker.check_truncated(present, declared);
        }
        return Ok(());
    }
    // A finished recording without a single sample may have metadata behind its data.
    let is_unfinished = len == 0 && present > 0 && !(end..=end + 1).contains(&walker.len());
    if !is_unfinished && len < PLACEHOLDER {
        walker.check_truncated(present, len.into());
    }
    if is_unfinished || end < data + u64::from(len) {
        walker.repair(base + 4, &UNKNOWN);
    }
    if is_unfinished {
        walker.repair(data - 4, &UNKNOWN);
    }
    Ok(())
}

/// Corrects the lengths of an AIFF file that was cut or never finished.
pub(super) fn walk_aiff(walker: &mut Walker) -> Result<()> {
    let needed = [*b"COMM", *b"FVER"];
    let (mut at, mut first) = (walker.layout.start + 12, None);
    // Symphonia also reads the chunks behind the audio.
    while let Some(found) = find_audio(walker, at, u32::from_be_bytes, *b"SSND", &needed)? {
        first.get_or_insert(found);
        at = found.0 + padded(found.1);
    }
    let Some((data, declared)) = first else { return Ok(()) };
    let (present, declared) = (walker.len().saturating_sub(data), u64::from(declared));
    if walker.check_truncated(present, declared) || declared == 0 {
        let bytes = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
        let base = walker.layout.start;
        walker.repair(base + 4, &bytes(walker.len() - base - 8));
        walker.repair(data - 4, &bytes(present));
    }
    Ok(())
}

/// Corrects the length of the audio in a CAF file if it is cut or, being -1, unknown.
pub(super) fn walk_caf(walker: &mut Walker) -> Result<()> {
    let mut at = walker.layout.start + 8;
    loop {
        walker.count_part()?;
        let Some([a, b, c, d, len @ ..]) = walker.array_at::<12>(at) else { return Ok(()) };
        let (name, len) = ([a, b, c, d], u64::try_from(i64::from_be_bytes(len)));
        let content = at + 12;
        if name == *b"data" {
            let present = walker.len().saturating_sub(content);
            if len.map_or(true, |declared| walker.check_truncated(present, declared)) {
                walker.repair(at + 4, &present.to_be_bytes());
            }
        }
        let Ok(len) = len else { return Ok(()) };
        if CAF_TABLES.contains(&name) {
            check_table(len)?;
        }
        if name == *b"desc" {
            check_packet(walker, content)?;
        }
        at = content.saturating_add(len);
    }
}

/// Fails if a CAF file declares more frames in a packet than can be there.
fn check_packet(walker: &mut Walker, description: u64) -> Result<()> {
    let mut number = |at| walker.array_at(at).map_or(0, u32::from_be_bytes);
    let (bytes, frames) = (number(description + CAF_PACKET), number(description + CAF_PACKET + 4));
    // Without a size of the packets, a table has the size of each.
    let max_frames = if bytes == 0 { u32::MAX } else { bytes.saturating_mul(MAX_FRAMES_PER_BYTE) };
    if frames > max_frames.min(MAX_PACKET_FRAMES) {
        return decode_error("caf: more frames than fit into a packet");
    }
    Ok(())
}

/// Fails if an AIFF file declares more channels than any recording has.
fn check_channels(walker: &mut Walker, common: u64) -> Result<()> {
    let channels = walker.array_at(common).map_or(0, u16::from_be_bytes);
    if usize::from(channels) > MAX_CHANNELS {
        return decode_error("aiff: invalid channel count");
    }
    Ok(())
}

/// Turns metadata of a FLAC file beyond the limit into padding.
pub(super) fn walk_flac(walker: &mut Walker) -> Result<()> {
    let mut at = walker.layout.start + 4;
    loop {
        walker.count_part()?;
        let Some([kind, a, b, c]) = walker.array_at(at) else { return Ok(()) };
        let len = u64::from(u32::from_be_bytes([0, a, b, c]));
        let (is_last, kind) = (kind & 0x80, kind & 0x7f);
        if ![STREAM_INFO, PADDING].contains(&kind) {
            walker.limit_metadata(len, at, &[is_last | PADDING]);
        }
        if is_last != 0 {
            return Ok(());
        }
        at += 4 + len;
    }
}

/// Walks the chunks from an offset up to the audio; returns its offset and declared length.
fn find_audio(
    walker: &mut Walker,
    mut at: u64,
    number: fn([u8; 4]) -> u32,
    audio: [u8; 4],
    needed: &[[u8; 4]],
) -> Result<Option<(u64, u32)>> {
    loop {
        walker.count_part()?;
        let Some([a, b, c, d, len @ ..]) = walker.array_at::<8>(at) else { return Ok(None) };
        let (name, len) = ([a, b, c, d], number(len));
        if name == audio {
            return Ok(Some((at + 8, len)));
        }
        if name == *b"COMM" {
            check_channels(walker, at + 8)?;
        }
        if needed.contains(&name) {
            check_table(len.into())?;
        } else if name.eq_ignore_ascii_case(&ID3) {
            walker.hide(at, b"JUNK");
        } else {
            walker.limit_metadata(len.into(), at, b"JUNK");
        }
        at += 8 + padded(len);
    }
}

/// Length of the content of a chunk with its padding.
fn padded(len: u32) -> u64 {
    u64::from(len) + u64::from(len % 2)
}
