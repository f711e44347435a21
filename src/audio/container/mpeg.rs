//! Frames of MPEG audio or AAC (ADTS), and the tags around them.
//!
//! Sources: "ID3 tag version 2.4.0 - Main Structure", "`APEv2` specification", ISO/IEC 11172-3,
//! ISO/IEC 13818-7.

use symphonia::core::errors::{Result, decode_error};

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

/// Finds the first frame, and hides the length from symphonia, which would guess the duration from
/// a few frames, and the tags at the end, which it would take for damage. Fails without frames.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let start = walker.layout.start;
    let Some((first, frames)) = find_frames(walker) else {
        return decode_error("no frames one behind the other");
    };
    let layout = &mut walker.layout;
    (layout.start, layout.frames, layout.is_stream) = (first, frames, true);
    layout.skipped = first - start;
    if layout.end == walker.len() {
        let end = end_of_frames(walker).unwrap_or(walker.len());
        walker.layout.end = end.max(first);
    }
    Ok(())
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

/// Bytes in which the first frame is searched: enough to skip a torn frame or padding.
const SEARCH_DEPTH: usize = 16 * 1024;

/// Consecutive frames of one kind that are no accident.
const MIN_FRAMES: usize = 4;

/// Kilobits a second by the index of a header: layer I of MPEG-1, its layers II and III, layer I of
/// MPEG-2, and its layers II and III. Source: ISO/IEC 11172-3, section 2.4.2.3; ISO/IEC 13818-3.
const BIT_RATES: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Samples a second of MPEG-1 by the index of a header.
const RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// Kind of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::audio) enum Frames {
    /// MPEG audio, with its layer.
    #[default]
    Mpeg,
    /// AAC with headers (ADTS).
    Adts,
}

/// Header of a frame.
struct Frame {
    kind: Frames,
    /// What all frames of a stream have in common.
    mark: [u8; 2],
    len: usize,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header: [u8; 6] = *bytes.first_chunk()?;
        if header[0] != 0xff || header[1] & 0xe0 != 0xe0 {
            return None;
        }
        if header[1] & 0xf6 == 0xf0 { Self::adts(header) } else { Self::mpeg(header) }
    }

    fn adts(header: [u8; 6]) -> Option<Self> {
        let len = usize::from(header[3] & 3) << 11
            | usize::from(header[4]) << 3
            | usize::from(header[5] >> 5);
        let is_valid = header[2] >> 2 & 0xf < 13 && len > 7;
        let mark = [header[1] & 0xfe, header[2] & 0xfc];
        is_valid.then_some(Self { kind: Frames::Adts, mark, len })
    }

    fn mpeg(header: [u8; 6]) -> Option<Self> {
        let (version, layer) = (header[1] >> 3 & 3, header[1] >> 1 & 3);
        let index = usize::from(header[2] >> 4);
        let padding = u32::from(header[2] >> 1 & 1);
        // Version 1 and layer 0 are reserved.
        if version == 1 || layer == 0 {
            return None;
        }
        let table = match (version, layer) {
            (3, layer) => 3 - usize::from(layer),
            (_, 3) => 3,
            _ => 4,
        };
        let bit_rate = 1000 * BIT_RATES[table].get(index).copied().filter(|rate| *rate > 0)?;
        let halvings = match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
        let rate = RATES.get(usize::from(header[2] >> 2 & 3))? >> halvings;
        let len = match (version, layer) {
            (_, 3) => (12 * bit_rate / rate + padding) * 4,
            (3, _) | (_, 2) => 144 * bit_rate / rate + padding,
            _ => 72 * bit_rate / rate + padding,
        };
        let mark = [header[1] & 0xfe, header[2] & 0x0c];
        Some(Self { kind: Frames::Mpeg, mark, len: usize::try_from(len).ok()? })
    }
}

/// Offset and kind of the first of several consecutive frames of one kind, or of frames up to the
/// end of the file.
pub(in crate::audio) fn find_frames(walker: &mut Walker) -> Option<(u64, Frames)> {
    let base = walker.layout.start;
    let depth = walker.start_of(base, SEARCH_DEPTH);
    (0..depth.len()).filter(|at| depth[*at] == 0xff).find_map(|at| {
        let offset = base + at as u64;
        let first = Frame::read(&depth[at..])?;
        is_chain(walker, offset, &first).then_some((offset, first.kind))
    })
}

/// True if frames like the first one follow it.
fn is_chain(walker: &mut Walker, offset: u64, first: &Frame) -> bool {
    let mut at = offset + first.len as u64;
    for number in 1..MIN_FRAMES {
        // The file may be cut in a frame, or end behind one, tags included.
        if at + 6 > walker.len() {
            return number > 1 || offset == walker.layout.start;
        }
        let header = walker.array_at::<6>(at).unwrap_or_default();
        let next = Frame::read(&header);
        let Some(next) = next.filter(|next| next.kind == first.kind && next.mark == first.mark)
        else {
            let is_tag = header.starts_with(b"TAG") || header.starts_with(b"APETAG");
            return is_tag && (number > 1 || offset == walker.layout.start);
        };
        at += next.len as u64;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_frame_goes_by_its_header() {
        let len = |bytes: &[u8; 6]| Frame::read(bytes).map(|frame| (frame.kind, frame.len));
        assert_eq!(len(b"\xff\xfb\x90\0\0\0"), Some((Frames::Mpeg, 417)));
        assert_eq!(len(b"\xff\xfd\x84\0\0\0"), Some((Frames::Mpeg, 384)));
        assert_eq!(len(b"\xff\xf3\x40\0\0\0"), Some((Frames::Mpeg, 104)));
        assert_eq!(len(b"\xff\xf1\x50\x80\x20\x1f"), Some((Frames::Adts, 256)));
        assert_eq!(len(b"\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(len(b"\xff\xfb\x00\0\0\0"), None);
    }
}
