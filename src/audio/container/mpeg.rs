//! Frames of MPEG audio or AAC (ADTS), and the tags around them.
//!
//! Sources: "ID3 tag version 2.4.0 - Main Structure", "`APEv2` specification".

use super::layout::Walker;

/// Zeros behind a tag that are skipped as padding, in bytes.
const MAX_PADDING: u64 = 1 << 20;

/// `ID3v2` tags that are skipped, one behind the other; programs that tag a file twice leave two.
const MAX_TAGS: usize = 16;

/// Starts behind the `ID3v2` tags and their padding: symphonia would look for frames in their
/// pictures.
pub(super) fn skip_tags(walker: &mut Walker) {
    for _ in 0..MAX_TAGS {
        if skip_tag(walker).is_none() {
            return;
        }
    }
}

/// Starts behind a tag at the start, if there is one.
fn skip_tag(walker: &mut Walker) -> Option<()> {
    let base = walker.layout.start;
    let header = walker.array_at::<10>(base).filter(|header| header.starts_with(b"ID3"))?;
    let len = header[6..].iter().fold(0, |len, byte| len << 7 | u64::from(byte & 0x7f));
    let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
    let start = skip_zeros(walker, base + 10 + len + footer);
    walker.layout.start = (start + 2 <= walker.len()).then_some(start)?;
    Some(())
}

fn skip_zeros(walker: &mut Walker, start: u64) -> u64 {
    let mut padding = start..start + MAX_PADDING;
    let end = padding.find(|at| walker.array_at(*at) != Some([0]));
    end.filter(|end| *end < walker.len()).unwrap_or(start)
}

/// Hides the length from symphonia, which would guess the duration from a few frames, and the tags
/// at the end, which it would take for damage.
pub(super) fn walk(walker: &mut Walker) {
    let end = end_of_frames(walker).unwrap_or(walker.len());
    walker.layout.end = end.max(walker.layout.start);
    walker.layout.is_stream = true;
}

/// Offset of the tags at the end: `ID3v1` of 128 bytes, and before it APE of any length.
fn end_of_frames(walker: &mut Walker) -> Option<u64> {
    let mut end = walker.len();
    if walker.array_at::<3>(end.checked_sub(128)?)? == *b"TAG" {
        end -= 128;
    }
    let footer = walker.array_at::<32>(end.checked_sub(32)?)?;
    if footer.starts_with(b"APETAGEX") {
        let len = u64::from(u32::from_le_bytes(footer[12..16].try_into().ok()?));
        let header = if footer[23] & 0x80 == 0 { 0 } else { 32 };
        end = end.checked_sub(len + header)?;
    }
    Some(end)
}
