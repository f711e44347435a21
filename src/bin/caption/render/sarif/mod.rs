//! SARIF 2.1.0 for GitHub code scanning and other viewers: a result for each finding.
//!
//! Limits of GitHub, which refuses or cuts what is beyond them (GitHub Docs, "SARIF support for
//! code scanning", 2026): 25,000 results and rules a run, names of 255 characters, descriptions of
//! 1,024, and 10 MB once it is packed.

use std::collections::HashMap;
use std::io::{self, Write};
use std::mem;

use self::log::{
    Artifact, Configuration, Driver, Fingerprints, Invocation, Location, Log, Notification,
    PhysicalLocation, Region, ResultEntry, RuleEntry, Run, Text, Tool,
};
use super::annotation::{Annotation, BySeverity, CUT_SHORT, remarks};
use super::{End, Report, ReportStyle, digest, location};
use caption::outcome::Outcome;
use caption::rules::finding::Severity;
use caption::text::one_line;

mod log;

const MOST_RESULTS: usize = 25_000;
const MOST_RULES: usize = 25_000;
const LONGEST_ID: usize = 200;
/// Half of what fits: escaped, it may be twice as long.
const LONGEST_DESCRIPTION: usize = 500;

/// Bytes of all messages together, which are what hardly gets smaller when a report is packed.
const LARGEST: usize = 8_000_000;

/// More inputs that failed than these are counted and not listed.
const MOST_FAILURES: usize = 1000;

/// Holds back what is found, errors apart from warnings: where there is too much, the errors
/// are what has to be told.
#[derive(Default)]
pub(super) struct Sarif {
    style: ReportStyle,
    rules: Vec<RuleEntry>,
    places: HashMap<String, usize>,
    results: BySeverity<Results>,
    failures: Vec<Notification>,
    untold_failures: usize,
    has_failed: bool,
}

/// Results of one severity, and how many more there were.
#[derive(Default)]
struct Results {
    list: Vec<ResultEntry>,
    bytes: usize,
    left_out: usize,
}

impl Sarif {
    pub(super) fn new(style: ReportStyle) -> Self {
        Self { style, ..Self::default() }
    }

    fn failure(&mut self, uri: &str, remark: &Annotation) {
        self.has_failed = true;
        if self.failures.len() == MOST_FAILURES {
            self.untold_failures += 1;
            return;
        }
        let locations = vec![Location::of(uri)];
        let message = Text::new(&remark.message);
        self.failures.push(Notification { level: Severity::Error, message, locations });
    }

    /// A finding, and the number that it has among those of its rule on its input.
    fn finding(&mut self, name: &str, uri: &str, remark: &Annotation, number: usize) {
        let rule = self.rule(remark);
        let results = self.results.of(remark.severity);
        let message = Text::new(&remark.message);
        let size = message.text.len();
        let has_room = results.list.len() < MOST_RESULTS && results.bytes + size <= LARGEST;
        let Some((rule_index, rule_id)) = rule.filter(|_| has_room) else {
            results.left_out += 1;
            return;
        };
        results.bytes += size;
        let hash = digest(format!("{rule_id}\n{number}\n{name}").as_bytes());
        results.list.push(ResultEntry {
            rule_id,
            rule_index,
            level: remark.severity,
            message,
            locations: [Location::of(uri)],
            partial_fingerprints: Fingerprints { rule_and_input: format!("{hash:032x}") },
        });
    }

    /// The place of a rule among those that were broken, and its name.
    fn rule(&mut self, remark: &Annotation) -> Option<(usize, String)> {
        let id = id(&remark.rule);
        if let Some(place) = self.places.get(&id) {
            return Some((*place, id));
        }
        if self.rules.len() == MOST_RULES {
            return None;
        }
        self.places.insert(id.clone(), self.rules.len());
        self.rules.push(RuleEntry::of(remark, id.clone()));
        Some((self.rules.len() - 1, id))
    }

    /// Errors, and as many warnings as there is room for.
    fn results(&mut self) -> Vec<ResultEntry> {
        let BySeverity { errors, warnings } = &mut self.results;
        let (mut results, mut bytes) = (mem::take(&mut errors.list), errors.bytes);
        for warning in mem::take(&mut warnings.list) {
            bytes += warning.message.text.len();
            if results.len() < MOST_RESULTS && bytes <= LARGEST {
                results.push(warning);
            } else {
                warnings.left_out += 1;
            }
        }
        results
    }

    fn tell(&mut self, level: Severity, text: &str) {
        let (message, locations) = (Text::new(text), Vec::new());
        self.failures.push(Notification { level, message, locations });
    }
}

/// A rule's name, told apart from others where it is too long.
fn id(rule: &str) -> String {
    if rule.chars().count() <= LONGEST_ID {
        return rule.to_owned();
    }
    format!("{} {:032x}", one_line(rule, LONGEST_ID), digest(rule.as_bytes()))
}

impl Text {
    /// Text in which there is neither a link nor a place for something else, as of SARIF 2.1.0,
    /// sections 3.11.5 and 3.11.6.
    fn new(text: &str) -> Self {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '[' | ']' | '\\' => escaped.extend(['\\', c]),
                '{' | '}' => escaped.extend([c, c]),
                c => escaped.push(c),
            }
        }
        Self { text: escaped }
    }
}

impl RuleEntry {
    fn of(remark: &Annotation, id: String) -> Self {
        let reason = remark.reason.as_ref().unwrap_or(&remark.rule);
        let text = || Text::new(&one_line(reason, LONGEST_DESCRIPTION));
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
    fn of(uri: &str) -> Self {
        let artifact_location = Artifact { uri: uri.to_owned() };
        let region = Region { start_line: 1 };
        Self { physical_location: PhysicalLocation { artifact_location, region } }
    }
}

impl Report for Sarif {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        let (name, uri) = (location::name(outcome), location::uri(outcome));
        let mut told: Vec<String> = Vec::new();
        for remark in remarks(outcome, &self.style) {
            if remark.is_failure {
                self.failure(&uri, &remark);
            } else {
                let number = told.iter().filter(|rule| **rule == remark.rule).count();
                self.finding(&name, &uri, &remark, number);
                told.push(remark.rule);
            }
        }
        Ok(())
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        let results = self.results();
        let left_out = self.results.errors.left_out + self.results.warnings.left_out;
        if left_out > 0 {
            let text = format!("{left_out} more findings are left out: viewers take no more");
            self.tell(Severity::Warning, &text);
        }
        if self.untold_failures > 0 {
            let text = format!("{} more inputs failed", self.untold_failures);
            self.tell(Severity::Error, &text);
        }
        if end == End::CutShort {
            self.tell(Severity::Error, CUT_SHORT);
        }
        let driver = Driver {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            rules: &self.rules,
        };
        let invocation = Invocation {
            execution_successful: !self.has_failed && end == End::Complete,
            tool_execution_notifications: &self.failures,
        };
        let run = Run {
            tool: Tool { driver },
            invocations: [invocation],
            column_kind: "unicodeCodePoints",
            results: &results,
        };
        let schema = "https://json.schemastore.org/sarif-2.1.0.json";
        let log = Log { schema, version: "2.1.0", runs: [run] };
        serde_json::to_writer_pretty(&mut *out, &log)?;
        out.write_all(b"\n")
    }
}
