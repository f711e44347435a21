//! Where the sound of an MP4 file begins: symphonia leaves its edit list to others.
//!
//! Source: ISO/IEC 14496-12, sections 8.6.5 and 8.6.6.

use std::ops::Range;

use super::file::SoundFile;

/// A box's length and name.
const HEAD: u64 = 8;

/// More boxes side by side are no file's.
const MOST_BOXES: usize = 1024;

/// How many ticks of the first track of sound come before its beginning: what the encoder put in
/// front. `None` where the file is no MP4 file, or begins at once.
pub(super) fn ticks_to_skip(file: &SoundFile) -> Option<u64> {
    let movie = find(file, 0..file.len(), *b"moov")?;
    let mut rest = movie;
    loop {
        let track = find(file, rest.clone(), *b"trak")?;
        rest.start = track.end;
        if is_sound(file, &track) != Some(true) {
            continue;
        }
        let edits = find(file, find(file, track, *b"edts")?, *b"elst")?;
        return begin(file, edits.start);
    }
}

fn is_sound(file: &SoundFile, track: &Range<u64>) -> Option<bool> {
    let handler = find(file, find(file, track.clone(), *b"mdia")?, *b"hdlr")?;
    Some(file.array_at::<4>(handler.start + 8)? == *b"soun")
}

/// The time of the first edit that is not empty.
fn begin(file: &SoundFile, edits: u64) -> Option<u64> {
    let is_wide = file.array_at::<1>(edits)?[0] == 1;
    let count = u32::from_be_bytes(file.array_at(edits + 4)?);
    let entry = if is_wide { 20 } else { 12 };
    // More than a few are no encoder's.
    (0..u64::from(count.min(16))).find_map(|number| {
        let at = edits + 8 + number * entry;
        let time = if is_wide {
            i64::from_be_bytes(file.array_at(at + 8)?)
        } else {
            i32::from_be_bytes(file.array_at(at + 4)?).into()
        };
        u64::try_from(time).ok()
    })
}

/// What is in the first box of that name.
fn find(file: &SoundFile, within: Range<u64>, name: [u8; 4]) -> Option<Range<u64>> {
    let mut at = within.start;
    for _ in 0..MOST_BOXES {
        if at + HEAD > within.end {
            break;
        }
        let (mut head, mut len) = (HEAD, u64::from(u32::from_be_bytes(file.array_at(at)?)));
        if len == 1 {
            (head, len) = (2 * HEAD, u64::from_be_bytes(file.array_at(at + HEAD)?));
        }
        let end = if len == 0 { within.end } else { at.checked_add(len)?.min(within.end) };
        if end < at + head {
            return None;
        }
        if file.array_at::<4>(at + 4)? == name {
            return Some(at + head..end);
        }
        at = end;
    }
    None
}
