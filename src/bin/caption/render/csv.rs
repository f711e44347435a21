//! CSV as of RFC 4180, with `\n` as line end: one record per row, failures included.

use std::io::{self, Write};

use ::csv::{QuoteStyle, WriterBuilder};
use caption::{Outcome, Status};
use serde_json::Value;

use super::record::record;
use super::{RenderOptions, Renderer};

/// Names of the columns, and JSON pointers to their fields in a record.
const COLUMNS: [(&str, &str); 13] = [
    ("input", "/input"),
    ("sha256", "/sha256"),
    ("seconds", "/seconds"),
    ("caption", "/caption"),
    ("model", "/model"),
    ("finish_reason", "/finish_reason"),
    ("prompt_tokens", "/usage/prompt_tokens"),
    ("completion_tokens", "/usage/completion_tokens"),
    ("usd", "/usd"),
    ("request_id", "/request_id"),
    ("error_kind", "/error/kind"),
    ("error", "/error/message"),
    ("findings", "/findings"),
];

pub(super) struct Csv {
    options: RenderOptions,
    has_header: bool,
}

impl Csv {
    pub(super) fn new(options: RenderOptions) -> Self {
        Self { options, has_header: false }
    }
}

impl Renderer for Csv {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if matches!(outcome.status, Status::Skipped) {
            return Ok(());
        }
        let record = record(outcome, &self.options);
        if !std::mem::replace(&mut self.has_header, true) {
            write_row(out, QuoteStyle::Necessary, COLUMNS.map(|(name, _)| name))?;
        }
        // All text is quoted: some spreadsheets separate cells at other characters than commas.
        let cells = COLUMNS.map(|(_, pointer)| cell(record.pointer(pointer)));
        write_row(out, QuoteStyle::NonNumeric, cells)
    }
}

/// Writes one row of cells in a quote style.
fn write_row<I: AsRef<[u8]>>(
    out: &mut dyn Write,
    quote_style: QuoteStyle,
    cells: impl IntoIterator<Item = I>,
) -> io::Result<()> {
    let mut writer = WriterBuilder::new().quote_style(quote_style).from_writer(out);
    writer.write_record(cells)?;
    writer.flush()
}

/// Text of a field; empty if it does not apply.
fn cell(field: Option<&Value>) -> String {
    match field {
        None => String::new(),
        Some(Value::String(text)) => inert(text),
        Some(Value::Array(findings)) => {
            let text =
                |finding: &Value, name: &str| finding[name].as_str().unwrap_or("").to_owned();
            let findings = findings
                .iter()
                .map(|finding| format!("{}: {}", text(finding, "rule"), text(finding, "message")));
            inert(&findings.collect::<Vec<_>>().join("; "))
        }
        Some(number) => number.to_string(),
    }
}

/// Starts of a formula. Spreadsheets of some languages take full-width characters for the others.
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Text that no spreadsheet takes for a formula. Source: OWASP, "CSV Injection".
fn inert(text: &str) -> String {
    let prefix = if text.starts_with(FORMULA_STARTS) { "'" } else { "" };
    format!("{prefix}{text}")
}
