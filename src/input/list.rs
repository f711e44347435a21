//! Lists of inputs, one per line, read while they are written.

use std::ffi::OsString;
use std::io::{self, BufRead, Read};

use super::{Input, InputError, InputResult};
use crate::error::Error;
use crate::platform;
use crate::url_name::without_secrets;

/// Limit of an entry in bytes. No path or URL is longer.
const MAX_ENTRY_LEN: u64 = 64 * 1024;

/// Limit of the number of inputs, for a list without end.
const MAX_INPUTS: usize = 10_000_000;

/// Reads a list of inputs, one per line. Empty lines and those that start with `#` are ignored. With
/// `is_nul_separated`, a NUL byte ends an input, and everything else belongs to its name.
///
/// `name` is the name of the list in errors. Reading blocks: within async code, iterate on a thread
/// of the blocking pool.
pub fn read_list<R: BufRead>(
    reader: R,
    is_nul_separated: bool,
    name: &str,
) -> impl Iterator<Item = Result<Input, InputError>> + use<R> {
    let name = name.to_owned();
    List { reader, is_nul_separated, name, remaining: MAX_INPUTS, ended: false }
}

/// Iterator over the inputs of a list.
struct List<R> {
    reader: R,
    is_nul_separated: bool,
    name: String,
    /// Number of inputs that may still follow.
    remaining: usize,
    ended: bool,
}

impl<R: BufRead> List<R> {
    fn read_entry(&mut self) -> io::Result<Option<Vec<u8>>> {
        let end = if self.is_nul_separated { 0 } else { b'\n' };
        let mut entry = Vec::new();
        let mut limited = (&mut self.reader).take(MAX_ENTRY_LEN);
        if limited.read_until(end, &mut entry)? == 0 {
            return Ok(None);
        }
        if entry.last() == Some(&end) {
            entry.pop();
        } else if entry.len() as u64 == MAX_ENTRY_LEN {
            return Err(invalid("a line of over 64 kB"));
        }
        if !self.is_nul_separated && entry.last() == Some(&b'\r') {
            entry.pop();
        }
        Ok(Some(entry))
    }

    fn fail(&mut self, error: io::Error) -> InputError {
        self.ended = true;
        InputError::new(self.name.clone(), Error::Unreadable(error))
    }

    fn is_input(&self, entry: &[u8]) -> bool {
        let is_comment = !self.is_nul_separated && entry.starts_with(b"#");
        !entry.is_empty() && !is_comment
    }
}

impl<R: BufRead> Iterator for List<R> {
    type Item = InputResult;

    fn next(&mut self) -> Option<InputResult> {
        while !self.ended {
            match self.read_entry() {
                Ok(Some(entry)) if !self.is_input(&entry) => {}
                Ok(Some(_)) if self.remaining == 0 => {
                    return Some(Err(self.fail(invalid("more than 10,000,000 inputs"))));
                }
                Ok(Some(entry)) => {
                    self.remaining -= 1;
                    return Some(parse(entry));
                }
                Ok(None) => self.ended = true,
                Err(error) => return Some(Err(self.fail(error))),
            }
        }
        None
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn parse(entry: Vec<u8>) -> InputResult {
    let operand: OsString = platform::os_string(entry);
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
        let (name, is_nul_separated) = ("list".to_owned(), false);
        let mut list = List { reader, is_nul_separated, name, remaining: 2, ended: false };
        assert_eq!(list.next().unwrap().unwrap().name, "a");
        assert_eq!(list.next().unwrap().unwrap().name, "b");
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
