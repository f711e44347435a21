//! ISO base media files (MP4, MOV, 3GP): boxes in boxes.
//!
//! Source: ISO/IEC 14496-12, sections 4.2 and 8.2 to 8.8.

use std::ops::Range;

use symphonia::core::errors::Result;

use super::itunes;
use super::layout::{Walker, too_large};
use super::sample_entry;
use super::sample_tables::SampleTables;
use super::sound_track::{SoundTrack, language};

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

/// Name of the parent of the outermost boxes.
const FILE: [u8; 4] = *b"file";

/// Name of a box, or of a sample description, that symphonia passes over.
const HIDDEN: &[u8; 4] = b"free";

/// Durations that stand for an unknown one.
const UNKNOWN_DURATIONS: [u64; 2] = [u32::MAX as u64, u64::MAX];

/// Box of the type, which symphonia demands. `QuickTime` of before 2005 has none; at the end it moves
/// nothing.
const TYPE: &[u8] = b"\0\0\0\x10ftypqt  \0\0\0\0";

/// A box of the file.
struct Header {
    name: [u8; 4],
    /// Declared length, this header included.
    len: u64,
    content: u64,
    next: u64,
}

/// The movie that is being walked.
#[derive(Default)]
struct Movie {
    tracks: Vec<Track>,
    is_fragmented: bool,
    /// Delay that a tag declares.
    tagged_delay: Option<u64>,
}

/// A track of the movie.
#[derive(Default)]
struct Track {
    /// Offset of the name of its box.
    name: u64,
    id: u32,
    is_audio: bool,
    is_disabled: bool,
    language: Option<String>,
    edit_start: Option<u64>,
    seconds: Option<f64>,
    /// Offset of the number of sample descriptions, and the end of their box.
    descriptions: Option<(u64, u64)>,
    tables: SampleTables,
}

/// Corrects the length of a last box that is cut, hides metadata beyond the limit (in the file, its
/// movie and its tracks) and every track without sound, and reads the descriptions of the others.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    if walker.array_at(walker.layout.start + 4) != Some(*b"ftyp") {
        walker.layout.suffix = TYPE;
    }
    let outermost = walker.layout.start..walker.len();
    let mut movie = Movie::default();
    walk_boxes(walker, FILE, outermost, &mut movie)?;
    movie.finish(walker);
    Ok(())
}

fn walk_boxes(
    walker: &mut Walker,
    parent: [u8; 4],
    Range { start: mut at, end }: Range<u64>,
    movie: &mut Movie,
) -> Result<()> {
    while at < end {
        walker.count_part()?;
        let Some(header) = read_header(walker, at, end) else { return Ok(()) };
        if parent == FILE && header.next > walker.len() {
            close_last_box(walker, at, header.content - at);
            walker.layout.is_cut |= header.name == *b"mdat";
        } else if parent == FILE && header.next == walker.len() {
            end_before_suffix(walker, at);
        }
        if parent == FILE && header.name == *b"mdat" {
            walker.layout.is_open_ended |= walker.array_at(at) == Some([0; 4]);
        }
        match &header.name {
            b"moov" if header.len > MAX_MOVIE => return too_large(),
            b"moof" if header.len > MAX_FRAGMENT => return too_large(),
            b"udta" if parent == *b"moov" => {
                movie.tagged_delay = itunes::delay(walker, header.content, header.next);
                walker.limit_metadata(header.len, at + 4, HIDDEN);
            }
            b"udta" | b"meta" if [FILE, *b"moov", *b"trak"].contains(&parent) => {
                walker.limit_metadata(header.len, at + 4, HIDDEN);
            }
            b"trak" if parent == *b"moov" => {
                movie.tracks.push(Track { name: at + 4, ..Track::default() });
            }
            b"mvex" if parent == *b"moov" => movie.is_fragmented = true,
            _ => movie.visit(walker, parent, &header),
        }
        if ENTERED.contains(&(parent, header.name)) {
            walk_boxes(walker, header.name, header.content..header.next.min(end), movie)?;
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

/// Gives the last box its length if that is open, unless nothing follows it.
fn end_before_suffix(walker: &mut Walker, at: u64) {
    let is_open = walker.array_at(at) == Some([0; 4]) && !walker.layout.suffix.is_empty();
    if let Some(len) = u32::try_from(walker.len() - at).ok().filter(|_| is_open) {
        walker.hide(at, &len.to_be_bytes());
    }
}

/// Makes the last box end where the file does.
fn close_last_box(walker: &mut Walker, at: u64, header_len: u64) {
    let len = u32::try_from(walker.len() - at).ok().filter(|_| !walker.layout.suffix.is_empty());
    match header_len {
        8 => walker.repair(at, &len.unwrap_or(0).to_be_bytes()),
        _ => walker.repair(at + 8, &(walker.len() - at).to_be_bytes()),
    }
}

impl Movie {
    fn visit(&mut self, walker: &mut Walker, parent: [u8; 4], header: &Header) {
        let Some(track) = self.tracks.last_mut() else { return };
        let content = header.content;
        let number = |walker: &mut Walker, at| walker.array_at(at).map(u32::from_be_bytes);
        match (&parent, &header.name) {
            (b"trak", b"tkhd") => {
                let is_wide = walker.array_at(content) == Some([1]);
                let id = number(walker, content + if is_wide { 20 } else { 12 });
                track.id = id.unwrap_or_default();
                let is_enabled = |[_, _, _, flags]: [u8; 4]| flags & 1 != 0;
                track.is_disabled = !walker.array_at(content).is_some_and(is_enabled);
            }
            (b"mdia", b"mdhd") => {
                track.seconds = read_seconds(walker, content);
                track.language = read_language(walker, content);
            }
            (b"mdia", b"hdlr") => {
                track.is_audio |= walker.array_at(content + 8) == Some(*b"soun");
            }
            (b"edts", b"elst") if track.edit_start.is_none() => {
                track.edit_start = first_edit(walker, content);
            }
            (b"stbl", b"stsd") => track.descriptions = Some((content + 4, header.next)),
            (b"stbl", name) => track.tables.visit(walker, *name, content),
            _ => {}
        }
    }

    /// Notes the tracks of sound, and hides the others.
    fn finish(self, walker: &mut Walker) {
        let end = walker.len();
        walker.layout.track_count = self.tracks.len();
        walker.layout.is_without_samples = !self.is_fragmented
            && self.tracks.iter().any(|track| track.is_audio)
            && self.tracks.iter().all(|track| !track.is_audio || track.tables.are_empty(end));
        let mut edits = Vec::new();
        for track in &self.tracks {
            if !track.is_audio {
                // The number of tracks in a fragmented movie is also elsewhere.
                match track.descriptions {
                    Some((count, _)) if self.is_fragmented => {
                        walker.hide(count, &1_u32.to_be_bytes());
                        walker.hide(count + 8, HIDDEN);
                    }
                    _ if self.is_fragmented => {}
                    _ => walker.hide(track.name, HIDDEN),
                }
                continue;
            }
            let described = track.describe(walker);
            walker.layout.tracks.push(described);
            edits.push(track.edit_start);
        }
        let chosen = walker.layout.chosen().unwrap_or(0);
        let edit_start = edits.get(chosen).copied().flatten();
        walker.layout.audio_start = edit_start.filter(|start| *start > 0).or(self.tagged_delay);
    }
}

impl Track {
    /// Reads the description of the samples, and hides it from symphonia where that would read it
    /// wrong.
    fn describe(&self, walker: &mut Walker) -> SoundTrack {
        let described = self.descriptions.and_then(|(count, end)| {
            if self.tables.have_one_description
                && walker.array_at(count) != Some(1_u32.to_be_bytes())
            {
                walker.hide(count, &1_u32.to_be_bytes());
            }
            let track = sample_entry::read(walker, count + 4, end)?;
            if track.parameters.is_some() {
                walker.hide(count + 8, HIDDEN);
            }
            if let Some(block) = track.block {
                self.tables.count_blocks(walker, block);
            }
            Some(track)
        });
        SoundTrack {
            id: self.id,
            seconds: self.seconds,
            language: self.language.clone(),
            is_secondary: self.is_disabled,
            ..described.unwrap_or_default()
        }
    }
}

/// Length in a media header, unless it is unknown or zero.
fn read_seconds(walker: &mut Walker, header: u64) -> Option<f64> {
    let (scale, ticks) = if walker.array_at(header) == Some([1]) {
        (walker.array_at(header + 20)?, u64::from_be_bytes(walker.array_at(header + 24)?))
    } else {
        (walker.array_at(header + 12)?, u32::from_be_bytes(walker.array_at(header + 16)?).into())
    };
    let scale = f64::from(u32::from_be_bytes(scale));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = ticks as f64 / scale;
    (!is_unknown_duration(ticks) && seconds.is_finite() && seconds > 0.0).then_some(seconds)
}

/// Language in a media header: three letters of five bits each.
fn read_language(walker: &mut Walker, header: u64) -> Option<String> {
    let at = if walker.array_at(header) == Some([1]) { 32 } else { 20 };
    let packed = u16::from_be_bytes(walker.array_at(header + at)?);
    let letters = [10, 5, 0].map(|shift| char::from(0x60 + (packed >> shift & 0x1f) as u8));
    language(&String::from_iter(letters)).filter(|_| letters.iter().all(char::is_ascii_lowercase))
}

/// True if a number of ticks stands for an unknown duration.
pub(in crate::audio) fn is_unknown_duration(ticks: u64) -> bool {
    UNKNOWN_DURATIONS.contains(&ticks)
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
