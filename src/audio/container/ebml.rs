//! EBML (Matroska, WebM): elements of an identifier, a length and content.
//!
//! Sources: RFC 8794 (EBML), RFC 9559 (Matroska).

use symphonia::core::errors::Result;

use super::layout::{Walker, check_table};
use super::matroska_tracks;

const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];
const SEEK_HEAD: [u8; 4] = [0x11, 0x4d, 0x9b, 0x74];
const TRACKS: [u8; 4] = [0x16, 0x54, 0xae, 0x6b];
const CHAPTERS: [u8; 4] = [0x10, 0x43, 0xa7, 0x70];

/// Identifier that no element has.
const UNKNOWN: [u8; 4] = [0x11, 0x4d, 0x9b, 0x01];

/// Gives a segment that is cut an open end, and hides metadata before the first cluster beyond the
/// limit.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let base = walker.layout.start + 4;
    let Some((header, width)) = length(walker, base) else { return Ok(()) };
    let segment = base + width + header;
    let Some((len, width)) = length(walker, segment + 4) else { return Ok(()) };
    let content = segment + 4 + width;
    let present = walker.len().saturating_sub(content);
    if walker.array_at(segment) == Some(SEGMENT) && len > present {
        open_end(walker, segment + 4, (len, width), present);
    }
    hide_metadata(walker, content)
}

/// Sets a length to that of an open end, which is all ones, and keeps symphonia from looking for
/// elements behind the end of the file.
fn open_end(walker: &mut Walker, at: u64, (len, width): (u64, u64), present: u64) {
    walker.layout.is_stream = true;
    // The end of a live stream is open from the start.
    if len == (1 << (7 * width)) - 1 {
        return;
    }
    let mut open = [0xff; 8];
    open[0] = 0xff >> (width - 1);
    walker.repair(at, &open[..usize::try_from(width).unwrap_or(1)]);
    walker.check_truncated(present, len);
}

fn hide_metadata(walker: &mut Walker, mut at: u64) -> Result<()> {
    loop {
        walker.count_part()?;
        let Some([first]) = walker.array_at(at) else { return Ok(()) };
        let id_width = u64::from(first.leading_zeros()) + 1;
        let Some((len, width)) = length(walker, at + id_width) else { return Ok(()) };
        match walker.array_at::<4>(at) {
            Some(CLUSTER) | None => return Ok(()),
            Some(TRACKS) => {
                check_table(len)?;
                let content = at + id_width + width;
                matroska_tracks::walk(walker, content, content.saturating_add(len))?;
            }
            // The one leads to tags behind the clusters, which nobody has walked. Of the others,
            // symphonia demands elements that are optional.
            Some(SEEK_HEAD | CHAPTERS) => walker.hide(at, &UNKNOWN),
            Some(_) if id_width == 4 => walker.limit_metadata(len, at, &UNKNOWN),
            _ => {}
        }
        at = at.saturating_add(id_width + width).saturating_add(len);
    }
}

/// Length of an element, and the number of bytes that hold it.
pub(super) fn length(walker: &mut Walker, at: u64) -> Option<(u64, u64)> {
    let [first] = walker.array_at(at)?;
    let width = u64::from(first.leading_zeros()) + 1;
    if width > 8 {
        return None;
    }
    let len = (1..width).try_fold(u64::from(first) & (0xff >> width), |len, next| {
        walker.array_at(at + next).map(|[byte]| len << 8 | u64::from(byte))
    });
    Some((len?, width))
}
