//! Index of a manifest: the position of the newest entry of each key.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::IgnoredAny;

use super::entry::ManifestEntry;
use super::file_lock::FileReader;
use crate::encoding::{UTF8_MARK, invalid_data, utf16_order};

/// Limit of a line in bytes. An entry has a few kB, one of a day in windows a few MB.
pub(super) const MAX_LINE_LEN: u64 = 8 * 1024 * 1024;

/// Limit of the JSON objects in a line, each of which takes more memory than its few bytes. A day in
/// windows of one second has fewer.
const MAX_OBJECTS: usize = 110_000;

/// Limit of the file in bytes: a file with holes may be larger than its disk, and is read for days.
const MAX_LEN: u64 = 16 << 30;

/// Digest of a [`CacheKey`](super::CacheKey): a fixed size in memory for every entry.
pub(super) type Fingerprint = [u8; 16];

/// Place of an entry in the file: its start, and its length in the low bits. One number, since a
/// file may have millions of entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineRange(u64);

/// Number of bits that hold a length up to [`MAX_LINE_LEN`].
const LEN_BITS: u32 = 24;

impl LineRange {
    pub(super) fn new(start: u64, len: usize) -> Self {
        Self((start << LEN_BITS) | len as u64)
    }

    pub(super) fn start(self) -> u64 {
        self.0 >> LEN_BITS
    }

    pub(super) fn len(self) -> usize {
        (self.0 & ((1 << LEN_BITS) - 1)) as usize
    }

    pub(super) fn end(self) -> u64 {
        self.start() + self.len() as u64
    }
}

/// Entries of a manifest by their keys.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub lines: HashMap<Fingerprint, LineRange>,
    /// Number of lines that are not entries, or not as a whole.
    pub unreadable_lines: usize,
    /// Length of the file.
    pub end: u64,
}

impl Index {
    /// Reads a whole manifest. Fails if the file is of another kind.
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        if len > MAX_LEN {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 16 GB"));
        }
        let mut index = Self::default();
        // What others add meanwhile does not count, so that the end is reached.
        let file = FileReader::new(file).take(len);
        let (mut first_unreadable, mut is_foreign) = (None, false);
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        index.end = skip_mark(&mut reader)?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let len = reader.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line)?;
            if len == 0 {
                break;
            }
            if !index.insert(&line) {
                index.unreadable_lines += 1;
                is_foreign |= !is_torn(&line);
                first_unreadable.get_or_insert_with(|| line.clone());
            }
            index.end += len as u64;
        }
        match first_unreadable {
            Some(line) if is_foreign && index.lines.is_empty() => Err(foreign_file(&line)),
            _ => Ok(index),
        }
    }

    /// Inserts the entries of a line at the end of the index: several where line ends were lost.
    /// False if there is more in the line than entries.
    fn insert(&mut self, line: &[u8]) -> bool {
        if object_count(line) > MAX_OBJECTS {
            return false;
        }
        let (mut at, mut is_whole) = (0, true);
        loop {
            at += line[at..].iter().take_while(|byte| is_blank(**byte)).count();
            let mut entries =
                serde_json::Deserializer::from_slice(&line[at..]).into_iter::<ManifestEntry>();
            match entries.next() {
                None => return is_whole,
                Some(Ok(entry)) => {
                    let len = entries.byte_offset();
                    let range = LineRange::new(self.end + at as u64, len);
                    self.lines.insert(entry.cache_key().fingerprint(), range);
                    at += len;
                }
                // Objects within a record of another kind are no entries.
                Some(Err(_)) if is_json(&line[at..]) => return false,
                Some(Err(_)) => {
                    let next = line[at + 1..].iter().position(|byte| *byte == b'{');
                    let Some(next) = next else { return false };
                    at += 1 + next;
                    is_whole = false;
                }
            }
        }
    }
}

/// Parses a line. `None` if it is no entry of a caption.
pub(super) fn parse(line: &[u8]) -> Option<ManifestEntry> {
    if object_count(line) > MAX_OBJECTS {
        return None;
    }
    serde_json::from_slice(line).ok()
}

fn object_count(line: &[u8]) -> usize {
    line.split(|byte| *byte == b'{').skip(1).count()
}

/// True for white space, and for the zeros that a crash leaves in place of data.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// True if a line without a whole entry is likely the rest of one.
fn is_torn(line: &[u8]) -> bool {
    const START: &[u8] = b"{\"input\":";
    let line = line.trim_ascii();
    let line = line.split(|byte| *byte == 0).find(|part| !part.is_empty()).unwrap_or_default();
    if line.starts_with(START) {
        return !is_json(line);
    }
    let parsed = serde_json::from_slice::<IgnoredAny>(line);
    line.starts_with(b"{") && parsed.is_err_and(|e| e.is_eof())
}

/// Error about a file without entries, by its first line.
fn foreign_file(line: &[u8]) -> io::Error {
    invalid_data(match line.trim_ascii() {
        [b'[', ..] => "an array, not one record a line; try jq -c '.[]'",
        b"{" => "records over several lines, not one a line; try jq -c .",
        _ => "not a manifest",
    })
}

/// Skips a byte order mark of UTF-8, and returns its length.
fn skip_mark(reader: &mut impl BufRead) -> io::Result<u64> {
    let text = reader.fill_buf()?;
    if utf16_order(text).is_some() {
        return Err(invalid_data("UTF-16; save it as UTF-8"));
    }
    let mark_len = if text.starts_with(UTF8_MARK) { UTF8_MARK.len() } else { 0 };
    reader.consume(mark_len);
    Ok(mark_len as u64)
}
