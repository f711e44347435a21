//! Pages of an Ogg file that are damaged or missing.
//!
//! Source: RFC 3533, section 6.

use std::collections::HashMap;

use super::layout::Walker;
use super::losses::LostPages;
use super::ogg::{CONTINUED, PAGE, Page, START_OF_STREAM};

/// Bytes that are searched at once for the next page.
const BLOCK: usize = 64 << 10;

/// Damaged pages of a file that are looked at.
const MAX_DAMAGED: usize = 4096;

/// Last whole page of a logical stream.
#[derive(Default)]
struct Last {
    number: u32,
    position: u64,
    /// True if pages are lost since the last packet.
    is_behind_loss: bool,
}

/// Finds lost pages. The checksums of headers, which end at `headers_end`, do not matter. Notes
/// that the last page is damaged.
pub(super) fn find_lost(walker: &mut Walker, headers_end: u64) {
    let mut streams = HashMap::<u32, Last>::new();
    let (mut at, mut damaged) = (walker.layout.start, 0);
    let mut is_last_damaged = false;
    while let Some(page) = Page::read(walker, at) {
        if page.0.starts_with(PAGE) && (at < headers_end || page.is_intact()) {
            at += page.0.len() as u64;
            is_last_damaged = false;
            let lost = visit(&mut streams, &page);
            walker.layout.lost_pages.extend(lost);
            continue;
        }
        damaged += 1;
        is_last_damaged = true;
        match next_page(walker, at + 1) {
            Some(next) if damaged < MAX_DAMAGED => at = next,
            _ => break,
        }
    }
    walker.layout.is_last_page_damaged = is_last_damaged;
}

/// Notes a page of its stream; returns what is lost before it.
fn visit(streams: &mut HashMap<u32, Last>, page: &Page) -> Option<LostPages> {
    let stream = page.number(14)?;
    let number = page.number(18)?;
    let position = u64::from_le_bytes(page.0[6..14].try_into().ok()?);
    if page.0[5] & START_OF_STREAM != 0 {
        streams.insert(stream, Last { number, ..Last::default() });
        return None;
    }
    let last = streams.get_mut(&stream)?;
    let is_behind_loss = number > last.number.saturating_add(1);
    last.number = number;
    let mut packets = page.ends();
    if is_behind_loss {
        // The rest of a packet that began on a lost page.
        packets = packets.saturating_sub(usize::from(page.0[5] & CONTINUED != 0));
    }
    last.is_behind_loss |= is_behind_loss;
    if position == u64::MAX || page.ends() == 0 {
        return None;
    }
    let start = std::mem::replace(&mut last.position, position);
    let is_behind_loss = std::mem::take(&mut last.is_behind_loss);
    is_behind_loss.then_some(LostPages { stream, start, end: position, packets })
}

/// Offset of the next mark of a page.
fn next_page(walker: &mut Walker, mut at: u64) -> Option<u64> {
    loop {
        let left = walker.len().checked_sub(at).filter(|left| *left >= PAGE.len() as u64)?;
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK);
        let block = walker.bytes_at(at, len)?;
        if let Some(found) = block.windows(PAGE.len()).position(|bytes| bytes == PAGE) {
            return Some(at + found as u64);
        }
        if len < BLOCK {
            return None;
        }
        at += (len - PAGE.len() + 1) as u64;
    }
}
