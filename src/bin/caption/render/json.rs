//! The service's response as received: one input, one document; several, one document a line.

use std::io::{self, Write};

use serde_json::Value;

use super::Format;
use caption::outcome::Outcome;

/// JSON.
#[derive(Debug)]
pub(super) struct Json {
    layout: Layout,
}

/// How documents are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// To the letter, as one document is best handed on.
    AsReceived,
    /// On a single line each.
    OneLine,
    /// Indented, for people.
    Indented,
}

impl Json {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout }
    }
}

impl Format for Json {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let Some(answer) = outcome.answer() else { return Ok(()) };
        let of_windows = answer.windows.iter().filter_map(|window| window.body.as_deref());
        for body in answer.body.as_deref().into_iter().chain(of_windows) {
            self.document(body.trim(), !answer.windows.is_empty(), out)?;
        }
        Ok(())
    }
}

impl Json {
    fn document(&self, body: &str, is_one_of_many: bool, out: &mut dyn Write) -> io::Result<()> {
        let layout = match self.layout {
            Layout::AsReceived if is_one_of_many => Layout::OneLine,
            layout => layout,
        };
        match layout {
            Layout::Indented => match serde_json::from_str::<Value>(body) {
                Ok(document) => {
                    serde_json::to_writer_pretty(&mut *out, &document)?;
                    writeln!(out)
                }
                // What is not quite JSON was paid for all the same.
                Err(_) => writeln!(out, "{body}"),
            },
            // No string of JSON holds a line break as it is: all of them stand between values.
            Layout::OneLine => writeln!(out, "{}", body.replace(['\n', '\r'], "")),
            Layout::AsReceived => writeln!(out, "{body}"),
        }
    }
}
