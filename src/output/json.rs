//! The service's response as received: one input, one document; several, one document a line.

use std::io::{self, Write};

use serde_json::Value;

use super::Format;
use crate::caption::Outcome;

/// JSON.
#[derive(Debug)]
pub struct Json {
    layout: Layout,
}

/// How documents are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// To the letter, as one document is best handed on.
    AsReceived,
    /// On a single line each.
    OneLine,
    /// Indented, for people.
    Indented,
}

impl Json {
    /// Writes documents in the given layout.
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }
}

impl Format for Json {
    fn piece(&mut self, _text: &str, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let Some(body) = outcome.result.as_ref().ok().and_then(|answer| answer.body.as_deref())
        else {
            return Ok(());
        };
        let body = body.trim();
        match self.layout {
            Layout::Indented => {
                let document: Value = serde_json::from_str(body)?;
                serde_json::to_writer_pretty(&mut *out, &document)?;
                writeln!(out)
            }
            Layout::OneLine if body.contains(['\n', '\r']) => {
                let document: Value = serde_json::from_str(body)?;
                writeln!(out, "{document}")
            }
            Layout::OneLine | Layout::AsReceived => writeln!(out, "{body}"),
        }
    }
}
