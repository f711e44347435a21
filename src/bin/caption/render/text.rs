//! The caption and a newline, or a line for each window; several captions each under a line with
//! their input's name.

use std::io::{self, Write};

use super::{Format, Style};
use caption::client::answer::Window;
use caption::outcome::Outcome;
use caption::text::{one_line, span};

/// Plain text. A failed input leaves no trace here: it is told elsewhere.
#[derive(Debug)]
pub(super) struct Text {
    style: Style,
    is_first: bool,
    line_is_open: bool,
}

impl Text {
    pub(super) fn new(style: Style) -> Self {
        Self { style, is_first: true, line_is_open: false }
    }

    fn heading(&mut self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            writeln!(out)?;
        }
        if self.style.for_people {
            return writeln!(out, "==> {} <==", name.replace('\n', " "));
        }
        writeln!(out, "==> {name} <==")
    }
}

impl Format for Text {
    fn piece(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::replace(&mut self.line_is_open, true) {
            out.write_all(self.style.prepend.as_bytes())?;
        }
        out.write_all(text.as_bytes())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.line_is_open) {
            let end = if outcome.answer().is_some() { &self.style.append } else { "" };
            return writeln!(out, "{end}");
        }
        let Some(answer) = outcome.answer() else { return Ok(()) };
        if self.style.several {
            self.heading(&outcome.name, out)?;
        }
        if answer.windows.is_empty() {
            return writeln!(out, "{}", self.style.dress(&answer.caption));
        }
        for Window { start, end, caption, .. } in &answer.windows {
            let caption = one_line(&self.style.dress(caption), usize::MAX);
            writeln!(out, "[{}] {caption}", span(*start, *end))?;
        }
        Ok(())
    }
}
