//! Plain text: the caption and a newline, or a line per window. In a batch, each caption follows a
//! line with the name of its input.

use std::io::{self, Write};

use caption::{Outcome, Window, one_line, span};

use super::{RenderOptions, Renderer};

/// Writes captions only: failures are reported on standard error.
#[derive(Default)]
pub(super) struct Text {
    options: RenderOptions,
    /// True once the first heading is written.
    has_heading: bool,
    /// True after a piece, until its outcome ends the line.
    is_line_open: bool,
}

impl Text {
    pub(super) fn new(options: RenderOptions) -> Self {
        Self { options, ..Self::default() }
    }

    fn heading(&mut self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_heading, true) {
            writeln!(out)?;
        }
        if self.options.is_terminal {
            return writeln!(out, "==> {} <==", name.replace('\n', " "));
        }
        writeln!(out, "==> {name} <==")
    }
}

impl Renderer for Text {
    fn piece(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_line_open, true) {
            out.write_all(self.options.prepend.as_bytes())?;
        }
        out.write_all(text.as_bytes())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.is_line_open) {
            let end = if outcome.answer().is_some() { &self.options.append } else { "" };
            return writeln!(out, "{end}");
        }
        let Some(answer) = outcome.answer() else { return Ok(()) };
        if self.options.is_batch {
            self.heading(&outcome.name, out)?;
        }
        if answer.windows.is_empty() {
            return writeln!(out, "{}", self.options.caption(answer));
        }
        for Window { start, end, caption, .. } in &answer.windows {
            let caption = one_line(&self.options.text(caption), usize::MAX);
            writeln!(out, "[{}] {caption}", span(*start, *end))?;
        }
        Ok(())
    }
}
