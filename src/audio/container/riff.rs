//! RIFF (WAV, RF64, BW64) and its big-endian model, AIFF: chunks of a name, a length and content.
//!
//! Sources: EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64), "Audio Interchange File Format" 1.3.

use symphonia::core::errors::Result;

use super::layout::{MAX_PARTS, Walker, check_table, too_large};

/// Length field of a chunk whose length is unknown.
const UNKNOWN: [u8; 4] = [0xff; 4];

/// Length of an RF64 or BW64 header before the length of its audio: the chunk `ds64` comes first.
const DS64_DATA_LEN: u64 = 28;

/// Corrects the lengths of a WAV file: those that a stopped recorder left at zero, and those that
/// RF64 and BW64 keep in another chunk.
pub(super) fn walk_wav(walker: &mut Walker<'_>) -> Result<()> {
    let base = walker.layout.start;
    let needed = [*b"fmt ", *b"ds64", *b"fact"];
    let data = find_audio(walker, u32::from_le_bytes, *b"data", &needed)?;
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
    if is_unfinished || end < data + u64::from(len) {
        walker.repair(base + 4, &UNKNOWN);
    }
    if is_unfinished {
        walker.repair(data - 4, &UNKNOWN);
    }
    Ok(())
}

/// Corrects the lengths of an AIFF file that was cut or never finished.
pub(super) fn walk_aiff(walker: &mut Walker<'_>) -> Result<()> {
    let needed = [*b"COMM", *b"FVER"];
    let data = find_audio(walker, u32::from_be_bytes, *b"SSND", &needed)?;
    let Some((data, declared)) = data else { return Ok(()) };
    let (present, declared) = (walker.len().saturating_sub(data), u64::from(declared));
    if walker.check_truncated(present, declared) || declared == 0 {
        let bytes = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
        let base = walker.layout.start;
        walker.repair(base + 4, &bytes(walker.len() - base - 8));
        walker.repair(data - 4, &bytes(present));
    }
    Ok(())
}

/// Walks the chunks up to the audio; returns its offset and declared length.
fn find_audio(
    walker: &mut Walker<'_>,
    number: fn([u8; 4]) -> u32,
    audio: [u8; 4],
    needed: &[[u8; 4]],
) -> Result<Option<(u64, u32)>> {
    let mut at = walker.layout.start + 12;
    for _ in 0..MAX_PARTS {
        let Some([a, b, c, d, len @ ..]) = walker.array_at::<8>(at) else { return Ok(None) };
        let (name, len) = ([a, b, c, d], number(len));
        if name == audio {
            return Ok(Some((at + 8, len)));
        }
        if needed.contains(&name) {
            check_table(len.into())?;
        } else {
            walker.limit_metadata(len.into(), at, b"JUNK");
        }
        at += 8 + u64::from(len) + u64::from(len % 2);
    }
    too_large()
}
