//! FLAC: blocks of metadata before the frames.
//!
//! Source: RFC 9639, section 8.

use symphonia::core::errors::Result;

use super::layout::{MAX_PARTS, Walker, too_large};

const STREAM_INFO: u8 = 0;
const PADDING: u8 = 1;

/// Turns metadata beyond the limit into padding.
pub(super) fn walk(walker: &mut Walker<'_>) -> Result<()> {
    let mut at = walker.layout.start + 4;
    for _ in 0..MAX_PARTS {
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
    too_large()
}
