//! A table in GitHub's Markdown, as for `$GITHUB_STEP_SUMMARY`, which takes no more than 1 MiB.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::annotation::{Annotation, BySeverity, CUT_SHORT, remarks};
use super::{End, Report, ReportStyle, location};
use caption::outcome::{Outcome, Status};
use caption::rules::finding::Severity;
use caption::text::harmless;

/// Bytes of rows of each kind; what is beyond them is counted.
const LARGEST: usize = 300_000;

/// Holds the rows back, errors apart from warnings.
#[derive(Default)]
pub(super) struct Markdown {
    style: ReportStyle,
    inputs: u64,
    failed: u64,
    broken: u64,
    skipped: u64,
    rows: BySeverity<Rows>,
}

#[derive(Default)]
struct Rows {
    text: String,
    left_out: u64,
}

impl Markdown {
    pub(super) fn new(style: ReportStyle) -> Self {
        Self { style, ..Self::default() }
    }
}

impl Rows {
    fn add(&mut self, name: &str, remark: &Annotation) {
        if self.text.len() > LARGEST {
            self.left_out += 1;
            return;
        }
        let sign = match remark.severity {
            Severity::Error if remark.is_failure => "failed",
            Severity::Error => "broken",
            Severity::Warning => "warning",
        };
        let (name, rule) = (plain(name), plain(&remark.rule));
        let message = plain(&remark.message);
        let row = format!("| {sign} | <code>{name}</code> | {rule} | {message} |");
        // Writing into a string does not fail.
        let _ = writeln!(self.text, "{row}");
    }
}

/// Text that is nothing but text: each mark that could mean something is escaped, line ends are
/// spaces, and nobody is mentioned.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        match c {
            '\n' | '\t' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '@' => escaped.push_str("@\u{200b}"),
            c if c.is_ascii_punctuation() => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

impl Report for Markdown {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        self.inputs += 1;
        self.failed += u64::from(outcome.error().is_some());
        self.broken += u64::from(outcome.is_broken());
        self.skipped += u64::from(matches!(outcome.status, Status::Skipped));
        let name = location::name(outcome);
        for remark in remarks(outcome, &self.style) {
            self.rows.of(remark.severity).add(&name, &remark);
        }
        Ok(())
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        let Self { inputs, failed, broken, skipped, rows: BySeverity { errors, warnings }, .. } =
            self;
        let inputs = if *inputs == 1 { "1 sound".to_owned() } else { format!("{inputs} sounds") };
        write!(out, "### caption: {inputs}, {broken} broken, {failed} failed")?;
        if *skipped > 0 {
            write!(out, ", {skipped} skipped")?;
        }
        writeln!(out, "\n")?;
        if end == End::CutShort {
            writeln!(out, "**{CUT_SHORT}**\n")?;
        }
        if errors.text.is_empty() && warnings.text.is_empty() {
            return Ok(());
        }
        writeln!(out, "| | asset | rule | |\n|---|---|---|---|")?;
        write!(out, "{}{}", errors.text, warnings.text)?;
        let left_out = errors.left_out + warnings.left_out;
        if left_out > 0 {
            writeln!(out, "| | and {left_out} more | | |")?;
        }
        writeln!(out)
    }
}
