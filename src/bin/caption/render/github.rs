//! GitHub Actions: annotations in the log of a step, and a table in the summary of its job.

use std::io::{self, Write};

use caption::{Outcome, Severity, Status, sanitize};

use super::annotation::{Annotation, BySeverity, CUT_SHORT, annotations, input_name};
use super::{End, Renderer};

/// Annotations of one severity that GitHub shows per step. Source: GitHub Docs, "Workflow commands"
/// and "Checks API", 2026.
const MAX_ANNOTATIONS: usize = 10;

/// Limit of the table rows of one severity in bytes: a summary takes no more than 1 MiB.
const MAX_ROWS_LEN: usize = 300_000;

/// Workflow commands, held back so that the last one can count those that are left out.
#[derive(Default)]
pub(super) struct Annotations {
    commands: BySeverity<Commands>,
}

#[derive(Default)]
struct Commands {
    first: Vec<String>,
    count: usize,
}

impl Commands {
    fn add(&mut self, name: &str, annotation: &Annotation) {
        self.count += 1;
        if self.first.len() < MAX_ANNOTATIONS {
            let Annotation { severity, rule, message, .. } = annotation;
            let (file, title, message) = (property(name), property(rule), data(message));
            self.first.push(format!("::{severity} file={file},title={title}::{message}\n"));
        }
    }

    fn write(&mut self, severity: Severity, limit: usize, out: &mut dyn Write) -> io::Result<()> {
        if self.count > limit {
            self.first.truncate(limit - 1);
            let more = self.count - self.first.len();
            self.first.push(format!("::{severity} title=caption::and {more} more like these\n"));
        }
        out.write_all(self.first.concat().as_bytes())
    }
}

/// Escapes the message of a command. `##[` and `##vso[` are broken too: other systems obey them in
/// the middle of a line.
fn data(text: &str) -> String {
    let mut text = sanitize(text).into_owned();
    for next in ["[", "v", "V"] {
        text = text.replace(&["##", next].concat(), &["##\u{200b}", next].concat());
    }
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

impl Renderer for Annotations {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        let name = input_name(outcome);
        for annotation in annotations(outcome) {
            self.commands.of(annotation.severity).add(&name, &annotation);
        }
        Ok(())
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        let mut max_errors = MAX_ANNOTATIONS;
        if end == End::CutShort {
            writeln!(out, "::error title=caption::{CUT_SHORT}")?;
            max_errors -= 1;
        }
        self.commands.errors.write(Severity::Error, max_errors, out)?;
        self.commands.warnings.write(Severity::Warning, MAX_ANNOTATIONS, out)
    }
}

/// Table in Markdown, for `$GITHUB_STEP_SUMMARY`. Rows are held back, errors apart from warnings.
#[derive(Default)]
pub(super) struct StepSummary {
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

impl Rows {
    fn add(&mut self, name: &str, annotation: &Annotation) {
        if self.text.len() > MAX_ROWS_LEN {
            self.left_out += 1;
            return;
        }
        let sign = match annotation.severity {
            Severity::Error if annotation.is_failure => "failed",
            Severity::Error => "broken",
            Severity::Warning => "warning",
        };
        let [name, rule, message] = [name, &annotation.rule, &annotation.message].map(markdown);
        let row = format!("| {sign} | <code>{name}</code> | {rule} | {message} |\n");
        self.text.push_str(&row);
    }
}

/// Escapes all Markdown. Line breaks become spaces, and nobody is mentioned.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in sanitize(text).chars() {
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

impl Renderer for StepSummary {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        self.inputs += 1;
        self.failed += u64::from(outcome.error().is_some() && !outcome.is_not_tried());
        self.broken += u64::from(outcome.has_violation());
        self.skipped += u64::from(matches!(outcome.status, Status::Skipped));
        let name = input_name(outcome);
        for annotation in annotations(outcome) {
            self.rows.of(annotation.severity).add(&name, &annotation);
        }
        Ok(())
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        let Self { inputs, failed, broken, skipped, rows: BySeverity { errors, warnings } } = self;
        let s = if *inputs == 1 { "" } else { "s" };
        write!(out, "### caption: {inputs} sound{s}, {broken} broken, {failed} failed")?;
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
