//! The response of the service: one document for one input, one document per line for several.

use std::io::{self, Write};

use caption::Outcome;
use serde_json::Value;

use super::{RenderOptions, Renderer};

pub(super) struct Json(pub(super) RenderOptions);

impl Renderer for Json {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let Some(answer) = outcome.answer() else { return Ok(()) };
        let is_indented = self.0.is_terminal && !self.0.is_batch;
        let is_one_line = self.0.is_batch || !answer.windows.is_empty();
        let of_windows = answer.windows.iter().filter_map(|window| window.body.as_deref());
        for body in answer.body.as_deref().into_iter().chain(of_windows).map(str::trim) {
            if is_indented {
                writeln!(out, "{}", indented(body))?;
            } else if is_one_line {
                // Line breaks occur between values only: JSON strings cannot contain them.
                writeln!(out, "{}", body.replace(['\n', '\r'], ""))?;
            } else {
                writeln!(out, "{body}")?;
            }
        }
        Ok(())
    }
}

/// Returns a body that is not quite JSON unchanged, since it has been paid for.
fn indented(body: &str) -> String {
    let document = serde_json::from_str::<Value>(body);
    document.map_or_else(|_| body.to_owned(), |document| format!("{document:#}"))
}
