//! The log of a CI system, which obeys lines that look like commands.

use std::io::{self, Write};

use crate::config::environment::Environment;

/// Invisible, and enough to make a command a text.
const BREAK: &[u8] = "\u{200b}".as_bytes();

/// Whether what is printed ends up in a log of GitHub Actions or Azure Pipelines.
pub(crate) fn is_log(environment: &Environment) -> bool {
    ["GITHUB_ACTIONS", "TF_BUILD"].iter().any(|name| environment.get(name).is_some())
}

/// Passes text on in which nothing is a command: neither `::error::` at the start of a line nor
/// `##[error]` or `##vso[` anywhere.
pub(crate) struct CommandEscaper<W> {
    inner: W,
    line: Line,
    hashes: usize,
}

/// How far a line is.
enum Line {
    /// Nothing but what such a system passes over.
    Start,
    Colon,
    Text,
}

impl<W: Write> CommandEscaper<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, line: Line::Start, hashes: 0 }
    }

    pub(crate) fn into_inner(self) -> W {
        self.inner
    }

    /// Whether this byte would make a command of what came before.
    fn makes_command(&mut self, byte: u8) -> bool {
        let by_colons = matches!((&self.line, byte), (Line::Colon, b':'));
        let by_hashes = self.hashes >= 2 && matches!(byte, b'[' | b'v' | b'V');
        self.hashes = if byte == b'#' { self.hashes + 1 } else { 0 };
        self.line = match (&self.line, byte) {
            (_, b'\n' | b'\r') => Line::Start,
            (Line::Start, b':') => Line::Colon,
            // White space has many forms beyond ASCII.
            (Line::Start, byte) if byte.is_ascii_whitespace() || !byte.is_ascii_graphic() => {
                Line::Start
            }
            _ => Line::Text,
        };
        by_colons || by_hashes
    }
}

impl<W: Write> Write for CommandEscaper<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut defused = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.makes_command(byte) {
                defused.extend_from_slice(BREAK);
            }
            defused.push(byte);
        }
        self.inner.write_all(&defused)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_broken_however_the_text_arrives_and_all_else_stays_as_it_is() {
        let defused = |pieces: &[&str]| {
            let mut output = CommandEscaper::new(Vec::new());
            for piece in pieces {
                output.write_all(piece.as_bytes()).unwrap();
            }
            String::from_utf8(output.inner).unwrap()
        };
        for (text, expected) in [
            ("::error::x", ":\u{200b}:error::x"),
            ("a\n \u{a0}\t::set-output", "a\n \u{a0}\t:\u{200b}:set-output"),
            ("a\r::x", "a\r:\u{200b}:x"),
            ("x ##[error]", "x ##\u{200b}[error]"),
            ("###vso[task]", "###\u{200b}vso[task]"),
            ("a :: b, std::io, # [x], ## x", "a :: b, std::io, # [x], ## x"),
        ] {
            assert_eq!(defused(&[text]), expected);
            let pieces: Vec<_> = text.split_inclusive(|_| true).collect();
            assert_eq!(defused(&pieces), expected, "piece by piece");
        }
    }
}
