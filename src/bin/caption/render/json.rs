//! The response of the service: one document for one input, one document per line for several.

use std::io::{self, Write};

use caption::{Error, Outcome};
use serde_json::Value;

use super::{RenderOptions, Renderer};

pub(super) struct Json(pub(super) RenderOptions);

impl Renderer for Json {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let bodies = bodies(outcome);
        let is_indented = self.0.is_terminal && !self.0.is_batch;
        let is_one_line = self.0.is_batch || bodies.len() > 1;
        for body in bodies.into_iter().map(str::trim) {
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

/// Bodies of an answer, or of a response that is no caption: it may have been paid for.
fn bodies(outcome: &Outcome) -> Vec<&str> {
    if let Some(answer) = outcome.answer() {
        let of_windows = answer.windows.iter().filter_map(|window| window.body.as_deref());
        return answer.body.as_deref().into_iter().chain(of_windows).collect();
    }
    let received = outcome.error().and_then(Error::received);
    received
        .map(|received| received.bodies.iter().map(String::as_str).collect())
        .unwrap_or_default()
}

/// Returns a body that is not quite JSON unchanged, since it has been paid for.
fn indented(body: &str) -> String {
    let document = serde_json::from_str::<Value>(body);
    document.map_or_else(|_| body.to_owned(), |document| format!("{document:#}"))
}
