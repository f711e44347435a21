//! Core Audio Format: chunks with lengths of 64 bits.
//!
//! Source: Apple, "Core Audio Format Specification 1.0".

use symphonia::core::errors::Result;

use super::layout::{MAX_PARTS, Walker, check_table, too_large};

/// Chunks that symphonia reads into memory.
const TABLES: [[u8; 4]; 4] = [*b"pakt", *b"kuki", *b"desc", *b"chan"];

/// Corrects the length of the audio if it is cut or, being -1, unknown.
pub(super) fn walk(walker: &mut Walker<'_>) -> Result<()> {
    let mut at = walker.layout.start + 8;
    for _ in 0..MAX_PARTS {
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
        if TABLES.contains(&name) {
            check_table(len)?;
        }
        at = content.saturating_add(len);
    }
    too_large()
}
