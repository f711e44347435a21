//! Tags between frames: where files are joined, each has its own.
//!
//! Sources: "ID3 tag version 2.4.0 - Main Structure", "`APEv2` specification", "Lyrics3 made easy",
//! and for the enhanced `ID3v1` tag its description by Fredrik Lundh.

/// Bytes that tell a tag with its length.
pub(super) const DEPTH: usize = 32;

/// Tag at a position.
pub(super) enum Tag {
    /// With so many bytes.
    OfLength(u64),
    OfUnknownLength,
}

/// Reads the tag that bytes begin with. Short signatures count only behind a frame.
pub(super) fn read(bytes: &[u8], is_behind_frame: bool) -> Option<Tag> {
    let len = match bytes {
        [b'I', b'D', b'3', major, minor, flags, a, b, c, d, ..]
            if *major < 0xff && *minor < 0xff && [a, b, c, d].iter().all(|byte| **byte < 0x80) =>
        {
            let len = [a, b, c, d].iter().fold(0, |len, byte| len << 7 | u64::from(**byte));
            10 + len + if flags & 0x10 == 0 { 0 } else { 10 }
        }
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', _, _, _, _, a, b, c, d, ..] => {
            let is_header = bytes.get(23).is_some_and(|flags| flags & 0x20 != 0);
            let len = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
            32 + if is_header { len } else { 0 }
        }
        [b'T', b'A', b'G', b'+', ..] if is_behind_frame => 227,
        [b'T', b'A', b'G', ..] if is_behind_frame => 128,
        [b'3', b'D', b'I', ..] if is_behind_frame => 10,
        _ if bytes.starts_with(b"LYRICSBEGIN") => return Some(Tag::OfUnknownLength),
        _ => return None,
    };
    Some(Tag::OfLength(len))
}

/// True if the bytes of a torn frame go on with the tag of another file.
pub(super) fn contains_start(bytes: &[u8]) -> bool {
    let mut starts = bytes.windows(10).filter(|bytes| bytes.starts_with(b"ID3"));
    starts.any(|bytes| read(bytes, false).is_some() && bytes[3] < 5)
}
