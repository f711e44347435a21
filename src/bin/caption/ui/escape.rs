//! Escapes text of others in output: control characters on a terminal, commands in a CI log.

use std::io::{self, IsTerminal, Write};

use caption::sanitize;

use crate::config::environment::is_ci_log;
use crate::platform::stdout_is_file;

/// Zero-width space, which turns a command into plain text.
const BREAK: &[u8] = "\u{200b}".as_bytes();

/// Writer that escapes what its reader would obey. A write is a whole piece of text.
pub(crate) enum EscapedWriter<W> {
    Plain(W),
    Terminal(W),
    CiLog(CommandEscaper<W>),
}

impl<W: Write> EscapedWriter<W> {
    /// Wraps standard output.
    pub(crate) fn stdout(inner: W) -> Self {
        if io::stdout().is_terminal() {
            Self::Terminal(inner)
        } else if is_ci_log() && !stdout_is_file() {
            Self::CiLog(CommandEscaper::new(inner))
        } else {
            Self::Plain(inner)
        }
    }

    pub(crate) fn into_inner(self) -> W {
        match self {
            Self::Plain(inner) | Self::Terminal(inner) => inner,
            Self::CiLog(escaper) => escaper.inner,
        }
    }
}

impl<W: Write> Write for EscapedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.write(bytes),
            Self::CiLog(escaper) => escaper.write(bytes),
            Self::Terminal(inner) => {
                inner.write_all(sanitize(&String::from_utf8_lossy(bytes)).as_bytes())?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(inner) | Self::Terminal(inner) => inner.flush(),
            Self::CiLog(escaper) => escaper.flush(),
        }
    }
}

/// Writer that escapes the commands of CI systems: `::error::` at the start of a line, `##[error]`
/// and `##vso[` anywhere.
pub(crate) struct CommandEscaper<W> {
    inner: W,
    line: LineState,
    hashes: usize,
}

enum LineState {
    /// Only characters so far that the CI system skips.
    Start,
    Colon,
    Text,
}

impl<W: Write> CommandEscaper<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, line: LineState::Start, hashes: 0 }
    }

    /// True if the next byte completes the start of a command.
    fn completes_command(&mut self, byte: u8) -> bool {
        let by_colons = matches!((&self.line, byte), (LineState::Colon, b':'));
        let by_hashes = self.hashes >= 2 && matches!(byte, b'[' | b'v' | b'V');
        self.hashes = if byte == b'#' { self.hashes + 1 } else { 0 };
        self.line = match (&self.line, byte) {
            (_, b'\n' | b'\r') => LineState::Start,
            (LineState::Start, b':') => LineState::Colon,
            // White space includes many characters beyond ASCII.
            (LineState::Start, byte) if !byte.is_ascii_graphic() => LineState::Start,
            _ => LineState::Text,
        };
        by_colons || by_hashes
    }
}

impl<W: Write> Write for CommandEscaper<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut escaped = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.completes_command(byte) {
                escaped.extend_from_slice(BREAK);
            }
            escaped.push(byte);
        }
        self.inner.write_all(&escaped)?;
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
    fn commands_are_escaped_at_any_cut_of_the_text_and_nothing_else_is() {
        let escape = |pieces: &[&str]| {
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
            assert_eq!(escape(&[text]), expected);
            let pieces: Vec<_> = text.split_inclusive(|_| true).collect();
            assert_eq!(escape(&pieces), expected, "one character at a time");
        }
    }
}
