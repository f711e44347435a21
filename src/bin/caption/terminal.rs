//! Text of strangers made harmless for a terminal.

use std::borrow::Cow;
use std::io::{self, Write};

/// Replaces what a terminal would obey rather than show: control characters and escape
/// sequences, but for tabs and line ends, and the marks that reorder text.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if text.contains(is_harmful) {
        Cow::Owned(text.replace("\r\n", "\n").replace(is_harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_harmful(c: char) -> bool {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || reorders
}

/// Passes whole pieces of text on, harmless ones where `is_terminal`.
pub(crate) struct Output<W> {
    inner: W,
    is_terminal: bool,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(inner: W, is_terminal: bool) -> Self {
        Self { inner, is_terminal }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.inner.write(bytes);
        }
        self.inner.write_all(harmless(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
