//! Lists of inputs, one per line, read while they are written.

use std::io::{self, BufRead};

use super::{Input, InputError, InputResult};
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
        Err(error) => Err(InputError::new(name.clone(), Error::Unreadable(error))),
    })
}

/// Iterator over the entries of a list that are inputs. It ends after an error.
fn entries<R: BufRead>(
    mut reader: R,
    is_nul_separated: bool,
    max_inputs: usize,
) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let is_input =
        move |entry: &Vec<u8>| !entry.is_empty() && (is_nul_separated || !entry.starts_with(b"#"));
    let all = std::iter::from_fn(move || read_entry(&mut reader, is_nul_separated).transpose());
    let inputs = all.filter(move |entry| entry.as_ref().map_or(true, is_input));
    let mut numbered = Some(inputs.enumerate());
    std::iter::from_fn(move || {
        let entry = match numbered.as_mut()?.next()? {
            (number, Ok(_)) if number == max_inputs => Err(invalid("more than 10,000,000 inputs")),
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

fn read_entry(reader: impl BufRead, is_nul_separated: bool) -> io::Result<Option<Vec<u8>>> {
    let end = if is_nul_separated { 0 } else { b'\n' };
    let mut entry = Vec::new();
    if reader.take(MAX_ENTRY_LEN).read_until(end, &mut entry)? == 0 {
        return Ok(None);
    }
    if entry.last() == Some(&end) {
        entry.pop();
    } else if entry.len() as u64 == MAX_ENTRY_LEN {
        return Err(invalid("a line of over 64 kB"));
    }
    if !is_nul_separated && entry.last() == Some(&b'\r') {
        entry.pop();
    }
    Ok(Some(entry))
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
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
