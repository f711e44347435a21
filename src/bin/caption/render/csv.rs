//! Our record as a row under a heading, failures included.

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, Style};
use caption::manifest::record::Record;
use caption::outcome::{Outcome, Status};

/// Comma-separated values as RFC 4180 has them, with `\n` as line end.
#[derive(Debug)]
pub(super) struct Csv {
    style: Style,
    has_heading: bool,
}

/// The columns in their order; one that does not apply is empty.
#[derive(Serialize)]
struct Row {
    input: String,
    sha256: Option<String>,
    seconds: Option<f64>,
    caption: Option<String>,
    model: Option<String>,
    finish_reason: Option<String>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    usd: Option<f64>,
    request_id: Option<String>,
    error_kind: Option<String>,
    error: Option<String>,
    findings: String,
}

impl Csv {
    pub(super) fn new(style: Style) -> Self {
        Self { style, has_heading: false }
    }
}

impl Format for Csv {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if matches!(outcome.status, Status::Skipped) {
            return Ok(());
        }
        let record = Record::new(outcome, self.style.hint);
        let has_heading = std::mem::replace(&mut self.has_heading, true);
        let mut writer = ::csv::WriterBuilder::new().has_headers(!has_heading).from_writer(out);
        let (error_kind, error) = record.error.map(|error| (error.kind, error.message)).unzip();
        writer.serialize(Row {
            input: record.input,
            sha256: record.sha256,
            seconds: record.seconds,
            caption: record.caption.map(|caption| self.style.dress(&caption)),
            model: record.model,
            finish_reason: record.finish_reason,
            prompt_tokens: record.usage.map(|usage| usage.prompt_tokens),
            completion_tokens: record.usage.map(|usage| usage.completion_tokens),
            usd: record.usd,
            request_id: record.request_id,
            error_kind,
            error,
            findings: record
                .findings
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        })?;
        writer.flush()
    }
}
