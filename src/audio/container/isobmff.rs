//! ISO base media files (MP4, MOV, 3GP): boxes in boxes.
//!
//! Source: ISO/IEC 14496-12, sections 4.2, 8.4.3 and 8.6.6.

use std::ops::Range;

use symphonia::core::errors::Result;

use super::itunes;
use super::layout::{Walker, too_large};
use crate::audio::codec;

/// The largest `moov` box, in bytes: several hours of audio.
const MAX_MOVIE: u64 = 16 << 20;

/// The largest `moof` box, in bytes: more than two hours of audio in one fragment.
const MAX_FRAGMENT: u64 = 4 << 20;

/// Edits of a track that are looked at; encoders write one or two.
const MAX_EDITS: u32 = 16;

/// Boxes that the walk enters, each with its only parent: no file makes it deeper than this.
const ENTERED: [([u8; 4], [u8; 4]); 6] = [
    (FILE, *b"moov"),
    (*b"moov", *b"trak"),
    (*b"trak", *b"edts"),
    (*b"trak", *b"mdia"),
    (*b"mdia", *b"minf"),
    (*b"minf", *b"stbl"),
];

/// Place of the name of the first entry in a box of sample descriptions.
const FIRST_ENTRY: u64 = 12;

/// Name of the parent of the outermost boxes.
const FILE: [u8; 4] = *b"file";

/// A box of the file.
struct Header {
    name: [u8; 4],
    /// Declared length, this header included.
    len: u64,
    content: u64,
    next: u64,
}

/// The track that is being walked.
#[derive(Default)]
struct TrackState {
    is_audio: bool,
    edit_start: Option<u64>,
    /// True if an audio track came before this one.
    is_later: bool,
    /// Delay that a tag of the movie declares.
    tagged_delay: Option<u64>,
}

/// Corrects the length of a last box that is cut, hides metadata beyond the limit (in the file, its
/// movie and its tracks), and finds the edit list of the first audio track.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let outermost = walker.layout.start..walker.len();
    let mut track = TrackState::default();
    walk_boxes(walker, FILE, outermost, &mut track)?;
    let start = walker.layout.audio_start.filter(|start| *start > 0);
    walker.layout.audio_start = start.or(track.tagged_delay);
    Ok(())
}

fn walk_boxes(
    walker: &mut Walker,
    parent: [u8; 4],
    Range { start: mut at, end }: Range<u64>,
    track: &mut TrackState,
) -> Result<()> {
    while at < end {
        walker.count_part()?;
        let Some(header) = read_header(walker, at, end) else { return Ok(()) };
        if parent == FILE && header.next > walker.len() {
            close_last_box(walker, at, header.content - at);
            walker.layout.is_cut |= header.name == *b"mdat";
        }
        if parent == FILE && header.name == *b"mdat" {
            walker.layout.is_open_ended |= walker.array_at(at) == Some([0; 4]);
        }
        match &header.name {
            b"moov" if header.len > MAX_MOVIE => return too_large(),
            b"moof" if header.len > MAX_FRAGMENT => return too_large(),
            b"udta" if parent == *b"moov" => {
                track.tagged_delay = itunes::delay(walker, header.content, header.next);
                walker.limit_metadata(header.len, at + 4, b"free");
            }
            b"udta" | b"meta" if [FILE, *b"moov", *b"trak"].contains(&parent) => {
                walker.limit_metadata(header.len, at + 4, b"free");
            }
            _ => track.visit(walker, parent, &header),
        }
        if ENTERED.contains(&(parent, header.name)) {
            walk_boxes(walker, header.name, header.content..header.next.min(end), track)?;
        }
        at = header.next;
    }
    Ok(())
}

fn read_header(walker: &mut Walker, at: u64, end: u64) -> Option<Header> {
    let [a, b, c, d, name @ ..] = walker.array_at::<8>(at)?;
    // A length of 0 extends to the end; 1 stands for a longer length behind the name.
    let (width, len) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (8, end - at),
        1 => (16, walker.array_at(at + 8).map_or(0, u64::from_be_bytes)),
        len => (8, u64::from(len)),
    };
    Some(Header { name, len, content: at + width, next: at.saturating_add(len.max(width)) })
}

/// Makes the last box end where the file does.
fn close_last_box(walker: &mut Walker, at: u64, header_len: u64) {
    match header_len {
        8 => walker.repair(at, &0_u32.to_be_bytes()),
        _ => walker.repair(at + 8, &(walker.len() - at).to_be_bytes()),
    }
}

impl TrackState {
    fn visit(&mut self, walker: &mut Walker, parent: [u8; 4], header: &Header) {
        match (&parent, &header.name) {
            (b"moov", b"trak") => {
                let is_later = self.is_later || self.is_audio;
                *self = Self { is_later, tagged_delay: self.tagged_delay, ..Self::default() };
            }
            (b"mdia", b"hdlr") => {
                self.is_audio |= walker.array_at(header.content + 8) == Some(*b"soun");
            }
            (b"stbl", b"stsd") if self.is_audio && !self.is_later => {
                describe_amr(walker, header.content + FIRST_ENTRY);
                return;
            }
            (b"edts", b"elst") if self.edit_start.is_none() => {
                self.edit_start = first_edit(walker, header.content);
            }
            _ => return,
        }
        if self.is_audio && !self.is_later {
            walker.layout.audio_start = self.edit_start;
        }
    }
}

/// Notes that the samples are those of AMR, which symphonia does not know, and gives them a name that
/// it knows.
fn describe_amr(walker: &mut Walker, name: u64) {
    let codec = match walker.array_at(name).as_ref() {
        Some(b"samr") => codec::AMR_NB,
        Some(b"sawb") => codec::AMR_WB,
        _ => return,
    };
    walker.hide(name, b"mp4a");
    walker.layout.amr = Some(codec);
}

/// Media time of the first edit that is not empty.
fn first_edit(walker: &mut Walker, list: u64) -> Option<u64> {
    let is_wide = walker.array_at::<1>(list)?[0] == 1;
    let count = u32::from_be_bytes(walker.array_at(list + 4)?);
    let entry = if is_wide { 20 } else { 12 };
    (0..u64::from(count.min(MAX_EDITS))).find_map(|number| {
        let at = list + 8 + number * entry;
        let time = if is_wide {
            i64::from_be_bytes(walker.array_at(at + 8)?)
        } else {
            i32::from_be_bytes(walker.array_at(at + 4)?).into()
        };
        u64::try_from(time).ok()
    })
}
