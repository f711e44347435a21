//! JSON Lines: one record per line, failures included.

use std::io::{self, Write};

use caption::{Outcome, Status};

use super::record::record;
use super::{RenderOptions, Renderer};

pub(super) struct Jsonl(pub(super) RenderOptions);

impl Renderer for Jsonl {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if matches!(outcome.status, Status::Skipped) {
            return Ok(());
        }
        let line = record(outcome, &self.0).to_string();
        writeln!(out, "{line}")
    }
}
