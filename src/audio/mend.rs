//! Heads of files made right on the way to symphonia, which takes them at their word: what a
//! recorder that was stopped, a writer to a pipe or a download that was cut leaves behind.

use super::file::SoundFile;
use super::mended::Mended;

/// More boxes or chunks before the sound are no file's.
const MOST_CHUNKS: usize = 256;

/// Blocks of padding behind a tag; more are no padding.
const MOST_ZEROS: u64 = 256;

/// What stands where a length is not known.
const UNKNOWN: [u8; 4] = [0xff; 4];

/// A reader of the file with its head made right.
pub(super) fn reader(file: &SoundFile) -> Mended {
    let mut head = [0; 16];
    let filled = file.fill_at(&mut head, 0).unwrap_or(0);
    let reader = Mended::new(file.clone());
    match &head[..filled] {
        [b'I', b'D', b'3', ..] => without_tag(file, reader, head),
        [b'R', b'I' | b'F', b'F' | b'6', b'F' | b'4', .., b'W', b'A', b'V', b'E', _, _, _, _]
        | [b'B', b'W', b'6', b'4', .., b'W', b'A', b'V', b'E', _, _, _, _] => wav(file, reader),
        [b'F', b'O', b'R', b'M', .., b'A', b'I', b'F', b'F' | b'C', _, _, _, _] => {
            aiff(file, reader)
        }
        [b'c', b'a', b'f', b'f', ..] => caf(file, reader),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4(file, reader),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska(file, reader),
        start => frames(file, reader, start),
    }
}

/// A tag may hold pictures of any size, all of which would be read into memory; nor is padding
/// behind it of interest.
fn without_tag(file: &SoundFile, reader: Mended, head: [u8; 16]) -> Mended {
    let len = head[6..10].iter().fold(0, |len, byte| len << 7 | u64::from(byte & 0x7f));
    let footer = if head[5] & 0x10 == 0 { 0 } else { 10 };
    let start = after_zeros(file, 10 + len + footer);
    match file.array_at::<2>(start) {
        Some(sound) => frames(file, reader.from(start), &sound),
        None => reader,
    }
}

fn after_zeros(file: &SoundFile, start: u64) -> u64 {
    let mut block = [0; 4096];
    for number in 0..MOST_ZEROS {
        let at = start + number * block.len() as u64;
        let filled = file.fill_at(&mut block, at).unwrap_or(0);
        if let Some(sound) = block[..filled].iter().position(|byte| *byte != 0) {
            return at + sound as u64;
        }
    }
    start
}

/// The length of frames of MPEG or AAC would be guessed from a few of them where the reader can be
/// asked how long the file is; and a tag at the end would be taken for damage.
fn frames(file: &SoundFile, reader: Mended, start: &[u8]) -> Mended {
    match start {
        [0xff, second, ..] if second & 0xe0 == 0xe0 => {
            reader.up_to(before_tags(file).unwrap_or(file.len())).streamed()
        }
        _ => reader,
    }
}

/// Where tags at the end begin: `ID3v1` of 128 bytes, and before it APE of any length.
fn before_tags(file: &SoundFile) -> Option<u64> {
    let mut end = file.len();
    if file.array_at::<3>(end.checked_sub(128)?)? == *b"TAG" {
        end -= 128;
    }
    let footer = file.array_at::<32>(end.checked_sub(32)?)?;
    if footer.starts_with(b"APETAGEX") {
        let len = u64::from(u32::from_le_bytes(footer[12..16].try_into().ok()?));
        let header = if footer[23] & 0x80 == 0 { 0 } else { 32 };
        end = end.checked_sub(len + header)?;
    }
    Some(end)
}

/// Without lengths where none was written, with one that stands elsewhere, and by the name that
/// is known.
fn wav(file: &SoundFile, reader: Mended) -> Mended {
    let place = chunk(file, 12, *b"data", u32::from_le_bytes);
    let (Some((data, len)), Some(riff)) = (place, file.array_at::<8>(0)) else { return reader };
    let there = file.len().saturating_sub(data);
    let [.., a, b, c, d] = riff;
    let end = u64::from(u32::from_le_bytes([a, b, c, d])) + 8;
    if !riff.starts_with(b"RIFF") {
        // RF64 and BW64: what has no room in 32 bits stands in a chunk of its own.
        let told = chunk(file, 12, *b"ds64", u32::from_le_bytes)
            .and_then(|(sizes, _)| file.array_at::<8>(sizes + 8))
            .map_or(u64::MAX, u64::from_le_bytes);
        let len = u32::try_from(told).unwrap_or(u32::MAX).to_le_bytes();
        let reader = reader.patched(0, b"RIFF").patched(4, &UNKNOWN).patched(data - 4, &len);
        return if told < u64::MAX && told > there { reader.cut(there, told) } else { reader };
    }
    // A recording without a sample may have notes behind it, and then it is finished.
    let is_unfinished = len == 0 && there > 0 && !(end..=end + 1).contains(&file.len());
    let is_told_too_little = end < data + u64::from(len);
    match (is_unfinished, is_told_too_little) {
        (true, _) => reader.patched(4, &UNKNOWN).patched(data - 4, &UNKNOWN),
        (false, true) => reader.patched(4, &UNKNOWN),
        _ => reader,
    }
}

/// With the lengths that are there.
fn aiff(file: &SoundFile, reader: Mended) -> Mended {
    let Some((data, len)) = chunk(file, 12, *b"SSND", u32::from_be_bytes) else { return reader };
    let (there, told) = (file.len().saturating_sub(data), u64::from(len));
    if told <= there && told > 0 {
        return reader;
    }
    let be = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let reader = reader.patched(4, &be(file.len() - 8)).patched(data - 4, &be(there));
    if told > there { reader.cut(there, told) } else { reader }
}

/// Where a chunk's content begins and how long it says that is.
fn chunk(
    file: &SoundFile,
    mut at: u64,
    name: [u8; 4],
    number: fn([u8; 4]) -> u32,
) -> Option<(u64, u32)> {
    for _ in 0..MOST_CHUNKS {
        let head: [u8; 8] = file.array_at(at)?;
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
        let Some(head) = file.array_at::<12>(at) else { break };
        let len = i64::from_be_bytes(head[4..].try_into().unwrap_or_default());
        if head.starts_with(b"data") {
            let there = file.len().saturating_sub(at + 12);
            let mended = reader.patched(at + 4, &there.to_be_bytes());
            return match u64::try_from(len) {
                Ok(told) if told <= there => Mended::new(file.clone()),
                Ok(told) => mended.cut(there, told),
                // A length of -1 is up to the end.
                Err(_) => mended,
            };
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
        let Some(head) = file.array_at::<8>(at) else { break };
        let len = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        // 0 is up to the end, 1 a longer length that comes next.
        if len == 1 {
            let Some(long) = file.array_at::<8>(at + 8).map(u64::from_be_bytes) else { break };
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
        if file.array_at::<4>(at)? != [0x18, 0x53, 0x80, 0x67] {
            return None;
        }
        let (len, width) = length(file, at + 4)?;
        let there = file.len().checked_sub(at + 4 + width)?;
        (len > there).then_some((at + 4, width, there, len))
    };
    let Some((at, width, there, told)) = segment() else { return reader };
    let mut open = [0xff; 8];
    open[0] = 0xff_u8.checked_shr(u32::try_from(width - 1).unwrap_or(0)).unwrap_or(0);
    // Nor is anything behind it to be looked up.
    let reader = reader.patched(at, &open[..usize::try_from(width).unwrap_or(1)]).streamed();
    // A length of ones only was open from the start.
    if told < (1 << (7 * width)) - 1 { reader.cut(there, told) } else { reader }
}

/// A length as EBML has it, and how many bytes it takes.
pub(super) fn length(file: &SoundFile, at: u64) -> Option<(u64, u64)> {
    let first = file.array_at::<1>(at)?[0];
    let width = u64::from(first.leading_zeros()) + 1;
    if width > 8 {
        return None;
    }
    let mut len = u64::from(first) & (0xff >> width);
    for next in 1..width {
        len = len << 8 | u64::from(file.array_at::<1>(at + next)?[0]);
    }
    Some((len, width))
}
