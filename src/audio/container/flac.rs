//! FLAC: blocks of metadata before the frames.
//!
//! Source: RFC 9639, sections 8 and 9.

use symphonia::core::errors::Result;

use super::layout::Walker;

/// Kinds of blocks.
const STREAM_INFO: u8 = 0;
const PADDING: u8 = 1;

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
