//! The caption and a newline; several captions each under a line with their input's name.

use std::io::{self, Write};

use super::Format;
use crate::caption::Outcome;

/// Plain text.
#[derive(Debug)]
pub struct Text {
    headings: bool,
    is_first: bool,
    line_is_open: bool,
}

impl Text {
    /// With headings where more than one input was named.
    pub fn new(headings: bool) -> Self {
        Self { headings, is_first: true, line_is_open: false }
    }

    fn heading(&mut self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            writeln!(out)?;
        }
        writeln!(out, "==> {name} <==")
    }
}

impl Format for Text {
    fn piece(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        self.line_is_open = true;
        out.write_all(text.as_bytes())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.line_is_open) {
            return writeln!(out);
        }
        let Ok(answer) = &outcome.result else { return Ok(()) };
        if self.headings {
            self.heading(&outcome.input, out)?;
        }
        writeln!(out, "{}", answer.caption)
    }
}
