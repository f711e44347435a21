//! CSV as of RFC 4180, with `\n` as line end: one record per row, failures included.

use std::io::{self, Write};

use caption::{Outcome, Status};
use serde::Serialize;

use super::record::Record;
use super::{RenderOptions, Renderer};

pub(super) struct Csv {
    options: RenderOptions,
    has_header: bool,
}

/// Columns in order. A field that does not apply is empty.
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
    pub(super) fn new(options: RenderOptions) -> Self {
        Self { options, has_header: false }
    }
}

impl From<Record> for Row {
    fn from(record: Record) -> Self {
        let (error_kind, error) = record.error.map(|error| (error.kind, error.message)).unzip();
        let findings: Vec<_> = record.findings.iter().map(ToString::to_string).collect();
        Self {
            input: record.input,
            sha256: record.sha256,
            seconds: record.seconds,
            caption: record.caption,
            model: record.model,
            finish_reason: record.finish_reason,
            prompt_tokens: record.usage.map(|usage| usage.prompt_tokens),
            completion_tokens: record.usage.map(|usage| usage.completion_tokens),
            usd: record.usd,
            request_id: record.request_id,
            error_kind,
            error,
            findings: findings.join("; "),
        }
    }
}

impl Renderer for Csv {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if matches!(outcome.status, Status::Skipped) {
            return Ok(());
        }
        let has_header = std::mem::replace(&mut self.has_header, true);
        let mut writer = ::csv::WriterBuilder::new().has_headers(!has_header).from_writer(out);
        writer.serialize(Row::from(Record::new(outcome, &self.options)))?;
        writer.flush()
    }
}
