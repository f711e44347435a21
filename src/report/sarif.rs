//! SARIF 2.1.0 for GitHub code scanning and other viewers: a result for each finding.
//!
//! Limits of GitHub, which refuses or cuts what is beyond them (GitHub Docs, "SARIF support for
//! code scanning", 2026): 25,000 results and rules a run, names of 255 characters, descriptions of
//! 1,024.

use std::io::{self, Write};

use self::log::{
    Artifact, Configuration, Driver, Fingerprints, Invocation, Location, Log, Notification,
    PhysicalLocation, Region, ResultEntry, RuleEntry, Run, Text, Tool,
};
use super::words::{Remark, remarks};
use super::{Report, ReportStyle, address};
use crate::finding::Severity;
use crate::hash;
use crate::outcome::Outcome;
use crate::text::{harmless, one_line};

mod log;

const MOST_RESULTS: usize = 25_000;
const MOST_RULES: usize = 25_000;
const LONGEST_NAME: usize = 254;
const LONGEST_DESCRIPTION: usize = 1000;

/// More inputs that failed than these are counted and not listed.
const MOST_FAILURES: usize = 1000;

/// Holds back what is found, errors apart from warnings: where there is too much, the errors
/// are what has to be told.
#[derive(Default)]
pub(super) struct Sarif {
    style: ReportStyle,
    rules: Vec<RuleEntry>,
    errors: Vec<ResultEntry>,
    warnings: Vec<ResultEntry>,
    failures: Vec<Notification>,
    left_out: usize,
    has_failed: bool,
}

impl Sarif {
    pub(super) fn new(style: ReportStyle) -> Self {
        Self { style, ..Self::default() }
    }

    fn remark(&mut self, name: &str, remark: &Remark) {
        let message = message(&remark.message);
        if remark.is_failure {
            self.has_failed = true;
            let (level, locations) = (remark.severity, vec![Location::of(name)]);
            let failure = Notification { level, message, locations };
            return keep(&mut self.failures, MOST_FAILURES, &mut self.left_out, failure);
        }
        let Some((rule_index, rule_id)) = self.rule(remark) else {
            self.left_out += 1;
            return;
        };
        let hash = hash::digest(format!("{rule_id}\n{}", address::plain(name)).as_bytes());
        let result = ResultEntry {
            rule_id,
            rule_index,
            level: remark.severity,
            message,
            locations: [Location::of(name)],
            partial_fingerprints: Fingerprints {
                primary_location_line_hash: format!("{hash:032x}"),
            },
        };
        let list = match remark.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        keep(list, MOST_RESULTS, &mut self.left_out, result);
    }

    /// The place of a rule among those that were broken, and its name.
    fn rule(&mut self, remark: &Remark) -> Option<(usize, String)> {
        let id = one_line(&harmless(&remark.rule), LONGEST_NAME);
        let index = self.rules.iter().position(|rule| rule.id == id);
        if index.is_none() && self.rules.len() == MOST_RULES {
            return None;
        }
        let index = index.unwrap_or_else(|| {
            self.rules.push(RuleEntry::of(remark, id.clone()));
            self.rules.len() - 1
        });
        Some((index, id))
    }
}

fn keep<T>(list: &mut Vec<T>, most: usize, left_out: &mut usize, item: T) {
    if list.len() < most {
        list.push(item);
    } else {
        *left_out += 1;
    }
}

/// Text in which no link is hidden, as of SARIF 2.1.0, section 3.11.6.
fn message(text: &str) -> Text {
    let mut escaped = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        if matches!(c, '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Text { text: escaped }
}

impl RuleEntry {
    fn of(remark: &Remark, id: String) -> Self {
        let reason = remark.reason.as_deref().unwrap_or(&id);
        let text = || Text { text: one_line(&harmless(reason), LONGEST_DESCRIPTION) };
        Self {
            short_description: text(),
            full_description: text(),
            help: text(),
            default_configuration: Configuration { level: remark.severity },
            id,
        }
    }
}

impl Location {
    fn of(name: &str) -> Self {
        let artifact_location = Artifact { uri: address::uri(name) };
        let region = Region { start_line: 1 };
        Self { physical_location: PhysicalLocation { artifact_location, region } }
    }
}

impl Report for Sarif {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        for remark in remarks(outcome, &self.style) {
            self.remark(&outcome.name, &remark);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let room = MOST_RESULTS - self.errors.len();
        let left_out = self.left_out + self.warnings.len().saturating_sub(room);
        self.errors.extend(self.warnings.drain(..).take(room));
        if left_out > 0 {
            let text = format!("{left_out} more are left out: a viewer takes no more");
            let (level, message) = (Severity::Warning, Text { text });
            self.failures.push(Notification { level, message, locations: Vec::new() });
        }
        let driver = Driver {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            rules: &self.rules,
        };
        let run = Run {
            tool: Tool { driver },
            invocations: [Invocation {
                execution_successful: !self.has_failed,
                tool_execution_notifications: &self.failures,
            }],
            column_kind: "unicodeCodePoints",
            results: &self.errors,
        };
        let log = Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [run],
        };
        serde_json::to_writer_pretty(&mut *out, &log)?;
        out.write_all(b"\n")
    }
}
