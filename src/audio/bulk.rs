//! What stands around the sound - notes, pictures, tables - and is small in every file that was
//! made to be heard. Read by symphonia it takes up to thirty times its bytes, so more of it is
//! passed over, or the file is not opened at all.

use super::file::SoundFile;
use super::mended::Mended;

/// So much may be read before the first sound, in bytes.
pub(super) const LARGEST_HEAD: u64 = 32 << 20;

/// So many bytes of notes are let through in a file.
const MOST_NOTES: u64 = 256 << 10;

/// More parts side by side are no file's.
const MOST_PARTS: usize = 10_000;

/// The largest table of packets in CAF and of tracks in Matroska, and the largest of all in MP4,
/// in bytes: several hours of sound.
const LARGEST_TABLE: u64 = 1 << 20;
const LARGEST_MOVIE: u64 = 16 << 20;

/// There is more of it than any recording has.
pub(super) struct LimitExceeded;

/// A reader of the file that does not come by what would fill the memory.
pub(super) fn set_aside(file: &SoundFile, reader: Mended) -> Result<Mended, LimitExceeded> {
    let start = reader.start();
    let Some(head) = file.array_at::<12>(start) else { return Ok(reader) };
    match head {
        [b'R', b'I' | b'F', b'F' | b'6', b'F' | b'4', ..] | [b'B', b'W', b'6', b'4', ..] => {
            chunks(file, reader, u32::from_le_bytes, &[b"fmt ", b"data", b"ds64", b"fact"])
        }
        [b'F', b'O', b'R', b'M', ..] => {
            chunks(file, reader, u32::from_be_bytes, &[b"COMM", b"SSND", b"FVER"])
        }
        [b'f', b'L', b'a', b'C', ..] => flac(file, reader),
        [b'c', b'a', b'f', b'f', ..] => caf(file, reader),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4(file, reader),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska(file, reader),
        _ => Ok(reader),
    }
}

/// How much has been let through.
#[derive(Default)]
struct Notes(u64);

impl Notes {
    /// Whether so many more bytes are too many.
    fn are_too_many(&mut self, len: u64) -> bool {
        self.0 = self.0.saturating_add(len);
        self.0 > MOST_NOTES
    }
}

/// RIFF and AIFF up to the sound.
fn chunks(
    file: &SoundFile,
    mut reader: Mended,
    number: fn([u8; 4]) -> u32,
    needed: &[&[u8; 4]],
) -> Result<Mended, LimitExceeded> {
    let (mut at, mut notes) = (12, Notes::default());
    for _ in 0..MOST_PARTS {
        let Some([a, b, c, d, len @ ..]) = file.array_at::<8>(at) else { return Ok(reader) };
        let (name, len) = ([a, b, c, d], u64::from(number(len)));
        if name == *b"data" || name == *b"SSND" {
            return Ok(reader);
        }
        if needed.contains(&&name) {
            if len > LARGEST_TABLE {
                return Err(LimitExceeded);
            }
        } else if notes.are_too_many(len) {
            reader = reader.patched(at, b"JUNK");
        }
        at += 8 + len + len % 2;
    }
    Err(LimitExceeded)
}

fn flac(file: &SoundFile, mut reader: Mended) -> Result<Mended, LimitExceeded> {
    const PADDING: u8 = 1;
    let (mut at, mut notes) = (reader.start() + 4, Notes::default());
    for _ in 0..MOST_PARTS {
        let Some([kind, len @ ..]) = file.array_at::<4>(at) else { return Ok(reader) };
        let len = u64::from(u32::from_be_bytes([0, len[0], len[1], len[2]]));
        let (is_last, kind) = (kind & 0x80, kind & 0x7f);
        if ![0, PADDING].contains(&kind) && notes.are_too_many(len) {
            reader = reader.patched(at, &[is_last | PADDING]);
        }
        if is_last != 0 {
            return Ok(reader);
        }
        at += 4 + len;
    }
    Err(LimitExceeded)
}

fn caf(file: &SoundFile, reader: Mended) -> Result<Mended, LimitExceeded> {
    let mut at = 8;
    for _ in 0..MOST_PARTS {
        let Some(head) = file.array_at::<12>(at) else { return Ok(reader) };
        let len = i64::from_be_bytes(head[4..].try_into().unwrap_or_default());
        let Ok(len) = u64::try_from(len) else { return Ok(reader) };
        let is_bulk =
            [b"pakt", b"kuki", b"desc", b"chan"].iter().any(|name| head.starts_with(*name));
        if is_bulk && len > LARGEST_TABLE {
            return Err(LimitExceeded);
        }
        at = at.saturating_add(12).saturating_add(len);
    }
    Err(LimitExceeded)
}

/// Notes may be in the movie, in its tracks, or beside them.
fn mp4(file: &SoundFile, reader: Mended) -> Result<Mended, LimitExceeded> {
    boxes(file, reader, 0, file.len(), &mut Notes::default())
}

fn boxes(
    file: &SoundFile,
    mut reader: Mended,
    mut at: u64,
    end: u64,
    notes: &mut Notes,
) -> Result<Mended, LimitExceeded> {
    for _ in 0..MOST_PARTS {
        let Some([a, b, c, d, name @ ..]) = file.array_at::<8>(at).filter(|_| at < end) else {
            return Ok(reader);
        };
        let (head, len) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (8, end - at),
            1 => (16, file.array_at(at + 8).map_or(0, u64::from_be_bytes)),
            len => (8, u64::from(len)),
        };
        let next = at.saturating_add(len.max(head));
        match &name {
            b"moov" if len > LARGEST_MOVIE => return Err(LimitExceeded),
            b"moov" | b"trak" => reader = boxes(file, reader, at + head, next.min(end), notes)?,
            b"udta" | b"meta" if notes.are_too_many(len) => {
                reader = reader.patched(at + 4, b"free");
            }
            _ => {}
        }
        at = next;
    }
    Err(LimitExceeded)
}

/// What comes before the first cluster.
fn matroska(file: &SoundFile, mut reader: Mended) -> Result<Mended, LimitExceeded> {
    use super::mend::length;
    let Some((header, width)) = length(file, 4) else { return Ok(reader) };
    let segment = 4 + width + header;
    let Some((_, width)) = length(file, segment + 4) else { return Ok(reader) };
    let (mut at, mut notes) = (segment + 4 + width, Notes::default());
    for _ in 0..MOST_PARTS {
        let Some(first) = file.array_at::<1>(at) else { return Ok(reader) };
        let id_width = u64::from(first[0].leading_zeros()) + 1;
        let Some((len, width)) = length(file, at + id_width) else { return Ok(reader) };
        match file.array_at::<4>(at) {
            // A cluster.
            Some([0x1f, 0x43, 0xb6, 0x75]) | None => return Ok(reader),
            // The tracks.
            Some([0x16, 0x54, 0xae, 0x6b]) if len > LARGEST_TABLE => return Err(LimitExceeded),
            Some([0x16, 0x54, 0xae, 0x6b]) => {}
            // As an element that nobody knows.
            Some([a, b, c, _]) if id_width == 4 && notes.are_too_many(len) => {
                reader = reader.patched(at, &[a, b, c, 0x01]);
            }
            _ => {}
        }
        at = at.saturating_add(id_width + width).saturating_add(len);
    }
    Err(LimitExceeded)
}
