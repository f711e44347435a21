//! Escapes text of others in output: control characters on a terminal, commands in a CI log.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use caption::sanitize;

use crate::config::environment::is_ci_log;
use crate::platform::stdout_is_file;

/// Zero-width space, which turns a command into plain text.
const BREAK: &[u8] = "\u{200b}".as_bytes();

/// Escapes what the reader of an output would obey.
pub(crate) enum Escape {
    Nothing,
    ControlCharacters,
    Commands(CommandEscaper),
}

impl Escape {
    /// Escaping that standard output needs.
    pub(crate) fn for_stdout() -> Self {
        if io::stdout().is_terminal() {
            Self::ControlCharacters
        } else if is_ci_log() && !stdout_is_file() {
            Self::Commands(CommandEscaper::default())
        } else {
            Self::Nothing
        }
    }

    /// Escapes the next piece of text. Pieces do not cut characters.
    pub(crate) fn escape<'a>(&mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Nothing => Cow::Borrowed(text),
            Self::ControlCharacters => {
                Cow::Owned(sanitize(&String::from_utf8_lossy(text)).into_owned().into_bytes())
            }
            Self::Commands(escaper) => Cow::Owned(escaper.escape(text)),
        }
    }
}

/// Escapes the commands of CI systems: `::error::` at the start of a line, `##[error]` and `##vso[`
/// anywhere.
#[derive(Default)]
pub(crate) struct CommandEscaper {
    line: LineState,
    hashes: usize,
}

#[derive(Default)]
enum LineState {
    /// Only characters so far that the CI system skips.
    #[default]
    Start,
    Colon,
    Text,
}

impl CommandEscaper {
    /// Escapes the next piece of a text.
    pub(crate) fn escape(&mut self, text: &[u8]) -> Vec<u8> {
        let mut escaped = Vec::with_capacity(text.len());
        for &byte in text {
            if self.completes_command(byte) {
                escaped.extend_from_slice(BREAK);
            }
            escaped.push(byte);
        }
        escaped
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_escaped_at_any_cut_of_the_text_and_nothing_else_is() {
        let escape = |pieces: &[&str]| {
            let mut escaper = CommandEscaper::default();
            let pieces = pieces.iter().flat_map(|piece| escaper.escape(piece.as_bytes()));
            String::from_utf8(pieces.collect()).unwrap()
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
