//! Lists of inputs, one per line, read while they are written.

use std::io::{self, BufRead, Cursor, Read};
use std::mem;
use std::path::Path;

use super::{Input, InputError, InputResult};
use crate::encoding::{ToUnit, UTF8_MARK, UTF16_MARK_LEN, invalid_data, utf16_order};
use crate::error::Error;
use crate::platform;
use crate::url_name::without_secrets;

/// Limit of an entry in bytes. No path or URL is longer.
const MAX_ENTRY_LEN: u64 = 64 * 1024;

/// Limit of the number of inputs, for a list without end.
const MAX_INPUTS: usize = 10_000_000;

/// Reads a list of inputs, one per line. Empty lines and those that start with `#` are ignored. With
/// `is_nul_separated`, a NUL byte ends an input, and line breaks and `#` belong to its name.
///
/// Lines are in UTF-8, or in UTF-16 with a byte order mark. A list with the other separator fails
/// with [`Error::WrongSeparator`].
///
/// `name` is the name of the list in errors. Reading blocks: within async code, iterate on a thread
/// of the blocking pool.
pub fn read_list<R: BufRead>(
    reader: R,
    is_nul_separated: bool,
    name: &str,
) -> impl Iterator<Item = Result<Input, InputError>> + use<R> {
    let name = name.to_owned();
    entries(reader, is_nul_separated, MAX_INPUTS).map(move |entry| match entry {
        Ok(entry) => parse(entry),
        Err(error) => Err(InputError::new(name.clone(), error)),
    })
}

/// Iterator over the entries of a list that are inputs. It ends after an error.
fn entries<R: BufRead>(
    reader: R,
    is_nul_separated: bool,
    max_inputs: usize,
) -> impl Iterator<Item = Result<Vec<u8>, Error>> {
    let is_input =
        move |entry: &Vec<u8>| !entry.is_empty() && (is_nul_separated || !entry.starts_with(b"#"));
    let start = Cursor::default();
    let mut list = List { start, reader, to_unit: None, is_nul_separated, is_at_start: true };
    let all = std::iter::from_fn(move || list.next_entry().transpose());
    let inputs = all.filter(move |entry| entry.as_ref().map_or(true, is_input));
    let mut numbered = Some(inputs.enumerate());
    std::iter::from_fn(move || {
        let entry = match numbered.as_mut()?.next()? {
            (number, Ok(_)) if number == max_inputs => {
                Err(Error::Unreadable(invalid_data("more than 10,000,000 inputs")))
            }
            (_, entry) => entry,
        };
        // Nothing is read after an error, since reading may block.
        if entry.is_err() {
            numbered = None;
        }
        Some(entry)
    })
    .fuse()
}

/// List that is being read.
struct List<R> {
    /// First line, which was read to find the encoding.
    start: Cursor<Vec<u8>>,
    reader: R,
    /// Byte order, if the list is in UTF-16.
    to_unit: Option<ToUnit>,
    is_nul_separated: bool,
    is_at_start: bool,
}

impl<R: BufRead> List<R> {
    /// Reads the next entry, without its separator.
    fn next_entry(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let is_first = mem::take(&mut self.is_at_start);
        if is_first && !self.is_nul_separated {
            self.detect_encoding().map_err(Error::Unreadable)?;
        }
        let mut entry = self.read_entry().map_err(Error::Unreadable)?;
        if entry.is_empty() {
            return Ok(None);
        }
        let separator = self.separator();
        let has_end = entry.pop_if(|last| *last == separator).is_some();
        let has_wrong_separator = if self.is_nul_separated {
            is_first && !has_end && entry.contains(&b'\n') && !is_path(&entry)
        } else {
            entry.contains(&0)
        };
        if has_wrong_separator {
            return Err(Error::WrongSeparator { is_nul_separated: self.is_nul_separated });
        }
        if !has_end && entry.len() as u64 >= MAX_ENTRY_LEN {
            return Err(Error::Unreadable(invalid_data("a line of over 64 kB")));
        }
        if !self.is_nul_separated {
            entry.pop_if(|last| *last == b'\r');
        }
        Ok(Some(entry))
    }

    /// Finds the encoding by the byte order mark, and skips the mark. No more than one line is
    /// read, since the list may still be written.
    fn detect_encoding(&mut self) -> io::Result<()> {
        let mut start = Vec::new();
        self.reader.by_ref().take(MAX_ENTRY_LEN).read_until(b'\n', &mut start)?;
        self.to_unit = utf16_order(&start);
        let mark_len = match self.to_unit {
            Some(_) => UTF16_MARK_LEN,
            None if start.starts_with(UTF8_MARK) => UTF8_MARK.len(),
            None => 0,
        };
        start.drain(..mark_len);
        self.start = Cursor::new(start);
        Ok(())
    }

    /// Reads up to a separator, the limit or the end of the list.
    fn read_entry(&mut self) -> io::Result<Vec<u8>> {
        let separator = self.separator();
        let mut reader = self.start.by_ref().chain(&mut self.reader);
        if let Some(to_unit) = self.to_unit {
            return read_utf16_line(&mut reader, to_unit);
        }
        let mut entry = Vec::new();
        reader.take(MAX_ENTRY_LEN).read_until(separator, &mut entry)?;
        Ok(entry)
    }

    fn separator(&self) -> u8 {
        if self.is_nul_separated { 0 } else { b'\n' }
    }
}

/// Reads a line in UTF-16 and returns it in UTF-8.
fn read_utf16_line(reader: &mut impl BufRead, to_unit: ToUnit) -> io::Result<Vec<u8>> {
    let mut units = Vec::new();
    let is_open = |units: &[u16]| {
        units.last() != Some(&u16::from(b'\n')) && (units.len() as u64) < MAX_ENTRY_LEN
    };
    while is_open(&units) && !reader.fill_buf()?.is_empty() {
        let mut unit = [0; 2];
        reader.read_exact(&mut unit).map_err(|_| invalid_data("not UTF-16"))?;
        units.push(to_unit(unit));
    }
    let line = String::from_utf16(&units).map_err(|_| invalid_data("not UTF-16"))?;
    Ok(line.into_bytes())
}

/// True if an entry is the path of something that exists.
fn is_path(entry: &[u8]) -> bool {
    Path::new(&platform::os_string(entry.to_vec())).exists()
}

fn parse(entry: Vec<u8>) -> InputResult {
    let operand = platform::os_string(entry);
    Input::parse(&operand).map_err(|error| {
        // Only a URL can fail.
        InputError { name: without_secrets(&operand.to_string_lossy()), error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[u8], is_nul_separated: bool) -> Vec<String> {
        read_list(list, is_nul_separated, "list").map(|input| input.unwrap().name).collect()
    }

    #[test]
    fn lines_may_be_comments_empty_or_end_in_crlf() {
        let list = b"a.wav\r\n\n# no\n b#.wav \nhttps://x.test/c\nlast";
        assert_eq!(names(list, false), ["a.wav", " b#.wav ", "https://x.test/c", "last"]);
    }

    #[test]
    fn between_nul_bytes_everything_is_a_name() {
        assert_eq!(names(b"a\nb\r\0#c\0\0d", true), ["a\nb\r", "#c", "d"]);
    }

    #[test]
    fn a_byte_of_a_utf_16_character_is_no_line_end() {
        let list = "\u{feff}\u{a0a}.wav\r\n\u{1f3b5}.wav";
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = list.encode_utf16().flat_map(to_bytes).collect();
            assert_eq!(names(&bytes, false), ["\u{a0a}.wav", "\u{1f3b5}.wav"]);
            let mut torn = read_list(&bytes[..bytes.len() - 1], false, "list");
            assert!(torn.next().unwrap().is_ok());
            assert!(torn.next().unwrap().is_err());
        }
    }

    #[test]
    fn a_list_without_end_fails() {
        let reader = b"a\nb\n\n# c\nd\n".as_slice();
        let mut list = entries(reader, false, 2);
        assert_eq!(list.next().unwrap().unwrap(), b"a");
        assert_eq!(list.next().unwrap().unwrap(), b"b");
        assert!(list.next().unwrap().is_err());
        assert!(list.next().is_none());
    }

    #[test]
    fn a_line_without_end_fails() {
        let mut list = read_list(io::BufReader::new(io::repeat(b'x')), false, "list");
        assert!(list.next().unwrap().is_err());
        assert!(list.next().is_none());
    }
}
