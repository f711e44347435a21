//! Description of a stream of MPEG-4 in an `esds` box.

use super::layout::Walker;

/// The longest description of a decoder that is read, in bytes.
const MAX_CONFIG: u64 = 1024;

/// Type of the object in an `esds` box, and the description of its decoder.
///
/// Source: ISO/IEC 14496-1, section 7.2.6.
pub(super) fn read_object(walker: &mut Walker, content: u64, end: u64) -> Option<(u8, Vec<u8>)> {
    let len = usize::try_from(end.saturating_sub(content + 4).min(MAX_CONFIG)).ok()?;
    let bytes = walker.bytes_at(content + 4, len)?;
    let (tag, rest) = descriptor(&bytes)?;
    let rest = match tag {
        3 => {
            let flags = *rest.get(2)?;
            // A number of another stream, a URL and a clock may follow.
            let url = if flags & 0x40 == 0 { 0 } else { 1 + usize::from(*rest.get(3)?) };
            let skipped = 3 + url + usize::from(flags >> 7) * 2 + usize::from(flags >> 5 & 1) * 2;
            descriptor(rest.get(skipped..)?)?.1
        }
        4 => rest,
        _ => return None,
    };
    let object = *rest.first()?;
    let config = rest.get(13..).and_then(descriptor).filter(|(tag, _)| *tag == 5);
    Some((object, config.map(|(_, config)| config.to_vec()).unwrap_or_default()))
}

/// Tag and content of a descriptor; its length, of one to four bytes, is not trusted.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let width = rest.iter().take(3).take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let len = rest.get(..width)?.iter().fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f));
    let content = rest.get(width..)?;
    Some((*tag, content.get(..len).unwrap_or(content)))
}
