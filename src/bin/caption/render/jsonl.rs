//! Our record, one a line, failures included.

use std::io::{self, Write};

use super::{Format, Style};
use caption::manifest::record::Record;
use caption::outcome::{Outcome, Status};

/// JSON Lines.
#[derive(Debug)]
pub(super) struct Jsonl {
    style: Style,
}

impl Jsonl {
    pub(super) fn new(style: Style) -> Self {
        Self { style }
    }
}

impl Format for Jsonl {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if matches!(outcome.status, Status::Skipped) {
            return Ok(());
        }
        let mut record = Record::new(outcome, self.style.hint);
        record.caption = record.caption.map(|caption| self.style.dress(&caption));
        for window in &mut record.windows {
            window.caption = self.style.dress(&window.caption);
        }
        let line = serde_json::to_string(&record)?;
        writeln!(out, "{line}")
    }
}
