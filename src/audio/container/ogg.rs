//! Ogg: pages, of which the last one of a stream says so.
//!
//! Source: RFC 3533, section 6.

use symphonia::core::errors::Result;

use super::layout::Walker;

/// Mark of a page.
const PAGE: &[u8; 4] = b"OggS";

/// Flag of the last page of a logical stream.
const END_OF_STREAM: u8 = 4;

/// Length of the header of a page, up to the table of its segments.
const HEADER_LEN: u64 = 27;

/// Length of the longest page: all of its segments are full.
const MAX_PAGE_LEN: u64 = HEADER_LEN + 255 + 255 * 255;

/// Notes that the last page is torn, or not the last one of its stream.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let start = walker.len().saturating_sub(MAX_PAGE_LEN).max(walker.layout.start);
    let mut end = Vec::new();
    walker.read_from(start, &mut end)?;
    let last = end.windows(PAGE.len()).rposition(|bytes| bytes == PAGE);
    walker.layout.is_cut = last.is_some_and(|last| !is_whole_last_page(&end[last..]));
    Ok(())
}

/// True if the bytes are one whole page, and the last one of a stream.
fn is_whole_last_page(page: &[u8]) -> bool {
    let header_len = usize::try_from(HEADER_LEN).unwrap_or(usize::MAX);
    let Some((header, rest)) = page.split_at_checked(header_len) else { return false };
    let segments = usize::from(header[26]);
    let len: usize = rest.iter().take(segments).map(|len| usize::from(*len)).sum();
    header[5] & END_OF_STREAM != 0 && rest.len() >= segments + len
}
