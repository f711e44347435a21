//! Heads of files made right on the way to symphonia, which takes them at their word: what a
//! recorder that was stopped, a writer to a pipe or a download that was cut leaves behind.

use super::file::SoundFile;
use super::mended::Mended;

/// More boxes or chunks before the sound are no file's.
const MOST_CHUNKS: usize = 256;

/// What stands where a length is not known.
const UNKNOWN: [u8; 4] = [0xff; 4];

/// A reader of the file with its head made right.
pub(super) fn reader(file: &SoundFile) -> Mended {
    let mut head = [0; 16];
    let filled = file.fill_at(&mut head, 0).unwrap_or(0);
    let reader = Mended::new(file.clone());
    match &head[..filled] {
        [b'I', b'D', b'3', ..] => without_tag(file, reader, head),
        [b'R', b'I' | b'F', b'F' | b'6', b'F' | b'4', .., b'W', b'A', b'V', b'E', _, _, _, _] => {
            wav(file, reader)
        }
        [b'F', b'O', b'R', b'M', .., b'A', b'I', b'F', b'F' | b'C', _, _, _, _] => {
            aiff(file, reader)
        }
        [b'c', b'a', b'f', b'f', ..] => caf(file, reader),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4(file, reader),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska(file, reader),
        start => frames(reader, start),
    }
}

/// A tag may hold pictures of any size, all of which would be read into memory.
fn without_tag(file: &SoundFile, reader: Mended, head: [u8; 16]) -> Mended {
    let len = head[6..10].iter().fold(0, |len, byte| len << 7 | u64::from(byte & 0x7f));
    let footer = if head[5] & 0x10 == 0 { 0 } else { 10 };
    let (start, mut sound) = (10 + len + footer, [0; 2]);
    if start + 2 > file.len() || file.read_exact_at(&mut sound, start).is_err() {
        return reader;
    }
    frames(reader.from(start), &sound)
}

/// The length of MPEG frames would be guessed from the first few, and what is beyond it left out,
/// where the reader can be asked how long the file is.
fn frames(reader: Mended, start: &[u8]) -> Mended {
    match start {
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => reader.streamed(),
        _ => reader,
    }
}

/// Without lengths where none was written, and by the name that is known.
fn wav(file: &SoundFile, reader: Mended) -> Mended {
    let Some((data, len)) = chunk(file, 12, *b"data", u32::from_le_bytes) else { return reader };
    let is_unfinished = len == 0 && file.len() > data;
    let mut riff = [0; 8];
    if file.read_exact_at(&mut riff, 0).is_err() {
        return reader;
    }
    let is_large = riff.starts_with(b"RF64");
    if !is_unfinished && !is_large {
        return reader;
    }
    reader.patched(0, b"RIFF").patched(4, &UNKNOWN).patched(data - 4, &UNKNOWN)
}

/// With the lengths that are there.
fn aiff(file: &SoundFile, reader: Mended) -> Mended {
    let Some((data, len)) = chunk(file, 12, *b"SSND", u32::from_be_bytes) else { return reader };
    let there = file.len() - data;
    if u64::from(len) <= there && len > 0 {
        return reader;
    }
    let be = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    reader.patched(4, &be(file.len() - 8)).patched(data - 4, &be(there))
}

/// Where a chunk's content begins and how long it says that is.
fn chunk(
    file: &SoundFile,
    mut at: u64,
    name: [u8; 4],
    number: fn([u8; 4]) -> u32,
) -> Option<(u64, u32)> {
    for _ in 0..MOST_CHUNKS {
        let head: [u8; 8] = read(file, at)?;
        let [a, b, c, d, len @ ..] = head;
        let len = number(len);
        if [a, b, c, d] == name {
            return Some((at + 8, len));
        }
        at += 8 + u64::from(len) + u64::from(len % 2);
    }
    None
}

/// With the length that is there.
fn caf(file: &SoundFile, reader: Mended) -> Mended {
    let mut at = 8;
    for _ in 0..MOST_CHUNKS {
        let Some(head) = read::<12>(file, at) else { break };
        let len = i64::from_be_bytes(head[4..].try_into().unwrap_or_default());
        if head.starts_with(b"data") {
            let there = file.len() - at - 12;
            let is_right = u64::try_from(len).is_ok_and(|len| len <= there);
            return if is_right { reader } else { reader.patched(at + 4, &there.to_be_bytes()) };
        }
        let Ok(len) = u64::try_from(len) else { break };
        at = at.saturating_add(12).saturating_add(len);
    }
    reader
}

/// With a last box that ends where the file does.
fn mp4(file: &SoundFile, reader: Mended) -> Mended {
    let mut at = 0;
    for _ in 0..MOST_CHUNKS {
        let Some(head) = read::<8>(file, at) else { break };
        let len = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        // 0 is up to the end, 1 a longer length that comes next.
        if len == 1 {
            let Some(long) = read::<8>(file, at + 8).map(u64::from_be_bytes) else { break };
            if at.saturating_add(long) > file.len() {
                return reader.patched(at + 8, &(file.len() - at).to_be_bytes());
            }
            at += long.max(8);
        } else if len > 0 && at + len > file.len() {
            return reader.patched(at, &0_u32.to_be_bytes());
        } else {
            at += len.max(8);
        }
    }
    reader
}

/// With an open end where the file is cut: a length of ones only.
fn matroska(file: &SoundFile, reader: Mended) -> Mended {
    let segment = || {
        let (header, width) = length(file, 4)?;
        let at = 4 + width + header;
        if read::<4>(file, at)? != [0x18, 0x53, 0x80, 0x67] {
            return None;
        }
        let (len, width) = length(file, at + 4)?;
        let is_cut = at + 4 + width + len > file.len();
        is_cut.then_some((at + 4, width))
    };
    let Some((at, width)) = segment() else { return reader };
    let mut open = [0xff; 8];
    open[0] = 0xff_u8.checked_shr(u32::try_from(width - 1).unwrap_or(0)).unwrap_or(0);
    // Nor is anything behind it to be looked up.
    reader.patched(at, &open[..usize::try_from(width).unwrap_or(1)]).streamed()
}

/// A length as EBML has it, and how many bytes it takes.
fn length(file: &SoundFile, at: u64) -> Option<(u64, u64)> {
    let first = read::<1>(file, at)?[0];
    let width = u64::from(first.leading_zeros()) + 1;
    if width > 8 {
        return None;
    }
    let mut len = u64::from(first) & (0xff >> width);
    for next in 1..width {
        len = len << 8 | u64::from(read::<1>(file, at + next)?[0]);
    }
    Some((len, width))
}

fn read<const LEN: usize>(file: &SoundFile, at: u64) -> Option<[u8; LEN]> {
    let mut bytes = [0; LEN];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}
