//! Elements of EBML and their values.
//!
//! Source: RFC 8794, sections 4 to 7.

use std::ops::Range;

use symphonia::core::errors::Result;

use super::ebml::length;
use super::layout::Walker;

/// The longest text or array of bytes that is read.
const MAX_VALUE: u64 = 256;

/// An element: its identifier, the offset of that, and its content.
pub(super) struct Element {
    pub(super) id: u32,
    pub(super) at: u64,
    pub(super) content: Range<u64>,
}

/// The elements in a range of the file.
pub(super) fn children(walker: &mut Walker, range: Range<u64>) -> Result<Vec<Element>> {
    let (mut at, mut elements) = (range.start, Vec::new());
    while at < range.end {
        walker.count_part()?;
        let Some([first]) = walker.array_at(at) else { break };
        let id_width = u64::from(first.leading_zeros()) + 1;
        let Some((len, width)) = length(walker, at + id_width).filter(|_| id_width <= 4) else {
            break;
        };
        let id = (0..id_width).try_fold(0, |id, byte| {
            walker.array_at(at + byte).map(|[byte]| id << 8 | u32::from(byte))
        });
        let content = at + id_width + width;
        let end = content.saturating_add(len).min(range.end);
        // The head itself may be cut.
        let content = content.min(end)..end;
        elements.extend(id.map(|id| Element { id, at, content }));
        at = end;
    }
    Ok(elements)
}

/// Bytes of a value, unless it is too long.
pub(super) fn bytes(walker: &mut Walker, range: &Range<u64>) -> Vec<u8> {
    let len = range.end - range.start;
    let len = usize::try_from(len).ok().filter(|_| len <= MAX_VALUE);
    len.and_then(|len| walker.bytes_at(range.start, len)).unwrap_or_default()
}

pub(super) fn number(walker: &mut Walker, range: &Range<u64>) -> u64 {
    bytes(walker, range).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub(super) fn float(walker: &mut Walker, range: &Range<u64>) -> Option<f64> {
    let bytes = bytes(walker, range);
    let wide = || Some(f64::from_be_bytes(bytes.as_slice().try_into().ok()?));
    <[u8; 4]>::try_from(bytes.as_slice())
        .map_or_else(|_| wide(), |narrow| Some(f32::from_be_bytes(narrow).into()))
}
