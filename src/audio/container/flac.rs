//! FLAC: blocks of metadata before the frames.
//!
//! Source: RFC 9639, sections 8 and 9.

use symphonia::core::errors::Result;

use super::layout::Walker;

/// Kinds of blocks.
const STREAM_INFO: u8 = 0;
const PADDING: u8 = 1;
const COMMENTS: u8 = 4;
const CUE_SHEET: u8 = 5;

/// Lengths of the head of a cue sheet, of a track in it, and of a point in that.
const CUE_HEAD: u64 = 396;
const CUE_TRACK: u64 = 36;
const CUE_POINT: u64 = 12;

/// Place of the total number of samples in the file: its upper four bits share a byte.
const TOTAL: u64 = 21;

/// Turns the metadata, which nobody reads and which may be faulty, into padding, and hides the
/// length of a recording whose start was cut off: it is that of the whole.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let mut at = walker.layout.start + 4;
    loop {
        walker.count_part()?;
        let Some([kind, a, b, c]) = walker.array_at(at) else { return Ok(()) };
        let len = u64::from(u32::from_be_bytes([0, a, b, c]));
        let (is_last, kind) = (kind & 0x80, kind & 0x7f);
        match kind {
            COMMENTS if !has_whole_comments(walker, at + 4, len) => {
                walker.ignore("the comments are damaged and are ignored");
            }
            CUE_SHEET if !has_whole_cue_sheet(walker, at + 4, len) => {
                walker.ignore("the cue sheet is damaged and is ignored");
            }
            _ => {}
        }
        if ![STREAM_INFO, PADDING].contains(&kind) {
            walker.hide(at, &[is_last | PADDING]);
        }
        at += 4 + len;
        if is_last != 0 {
            break;
        }
    }
    if walker.array_at(at).is_some_and(begins_later) {
        let total = walker.layout.start + TOTAL;
        let upper = walker.array_at::<1>(total).map_or(0, |[byte]| byte & 0xf0);
        walker.repair(total, &[upper, 0, 0, 0, 0]);
        walker.layout.begins_later = true;
    }
    Ok(())
}

/// True if a frame is not the first one of its recording: its number is not zero.
fn begins_later(frame: [u8; 5]) -> bool {
    frame[0] == 0xff && frame[1] & 0xfc == 0xf8 && frame[4] != 0
}

/// True if a block of comments has the number of them that it declares, and their lengths fit into
/// it. Source: RFC 9639, section 8.6.
fn has_whole_comments(walker: &mut Walker, start: u64, len: u64) -> bool {
    let mut at = start;
    let mut number = |walker: &mut Walker, skipped: bool| {
        let number = u64::from(u32::from_le_bytes(walker.array_at(at)?));
        at += 4 + if skipped { number } else { 0 };
        (at <= start + len).then_some(number)
    };
    let Some(count) = number(walker, true).and_then(|_| number(walker, false)) else {
        return false;
    };
    (0..count).all(|_| number(walker, true).is_some())
}

/// True if the tracks of a cue sheet, which has one at least, end where its block ends. Source: RFC
/// 9639, section 8.7.
fn has_whole_cue_sheet(walker: &mut Walker, start: u64, len: u64) -> bool {
    let Some([tracks]) = walker.array_at(start + CUE_HEAD - 1) else { return false };
    let mut at = start + CUE_HEAD;
    for _ in 0..tracks {
        let Some([points]) = walker.array_at(at + CUE_TRACK - 1) else { return false };
        at += CUE_TRACK + u64::from(points) * CUE_POINT;
    }
    tracks > 0 && at == start + len
}
