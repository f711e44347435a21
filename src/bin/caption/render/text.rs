//! Plain text: the caption and a newline, or a line per window. In a batch, each caption follows a
//! line with the name of its input.

use std::io::{self, Write};

use caption::{Outcome, Window, one_line, sanitize, span};

use super::wrap::Wrapper;
use super::{End, RenderOptions, Renderer};
use crate::config::environment;

/// Writes captions only: failures are reported on standard error.
#[derive(Default)]
pub(super) struct Text {
    options: RenderOptions,
    /// True once the first heading is written.
    has_heading: bool,
    /// True after a piece, until its outcome ends the line.
    is_line_open: bool,
    /// Wraps the current line on a terminal.
    wrapper: Option<Wrapper>,
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

    /// Begins a line, as wide as the terminal is now.
    fn begin_line(&mut self) {
        let width = self.options.is_terminal.then(environment::stdout_width).flatten();
        self.wrapper = width.map(Wrapper::new);
    }

    fn write(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        match &mut self.wrapper {
            Some(wrapper) => out.write_all(wrapper.push(&sanitize(text)).as_bytes()),
            None => out.write_all(text.as_bytes()),
        }
    }

    fn end_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let rest = self.wrapper.as_mut().map(Wrapper::finish).unwrap_or_default();
        writeln!(out, "{rest}")
    }

    fn line(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        self.begin_line();
        self.write(text, out)?;
        self.end_line(out)
    }
}

impl Renderer for Text {
    fn piece(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_line_open, true) {
            self.begin_line();
            let prepend = self.options.prepend.clone();
            self.write(&prepend, out)?;
        }
        self.write(text, out)
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if self.is_line_open {
            if outcome.answer().is_some() {
                let append = self.options.append.clone();
                self.write(&append, out)?;
            }
            return self.finish(End::Complete, out);
        }
        let Some(answer) = outcome.answer() else { return Ok(()) };
        if self.options.is_batch {
            self.heading(&outcome.name, out)?;
        }
        if answer.windows.is_empty() {
            let caption = self.options.caption(answer);
            return self.line(&caption, out);
        }
        for Window { start, end, caption, .. } in &answer.windows {
            let caption = one_line(&self.options.text(caption), usize::MAX);
            self.line(&format!("[{}] {caption}", span(*start, *end)), out)?;
        }
        Ok(())
    }

    /// Ends the line of a caption that was still arriving.
    fn finish(&mut self, _end: End, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.is_line_open) { self.end_line(out) } else { Ok(()) }
    }
}
