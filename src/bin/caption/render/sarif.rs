//! SARIF 2.1.0 for GitHub code scanning and other viewers: one result per finding.
//!
//! GitHub rejects or cuts a log beyond its limits: 25,000 results and rules per run, names of 255
//! characters, descriptions of 1,024, and 10 MB gzipped. Source: GitHub Docs, "SARIF support for
//! code scanning", 2026.

use std::collections::HashMap;
use std::io::{self, Write};
use std::mem;

use caption::{Outcome, Rule, Severity, one_line};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::annotation::{Annotation, BySeverity, CUT_SHORT, annotations, input_name, input_uri};
use super::{End, Renderer, digest};

const MAX_RESULTS: usize = 25_000;
const MAX_RULES: usize = 25_000;
const MAX_ID_LEN: usize = 200;
/// Half of GitHub's limit: escaping may double the length.
const MAX_DESCRIPTION_LEN: usize = 500;

/// Limit of all messages together in bytes. They make up most of the log once it is gzipped.
const MAX_MESSAGES_LEN: usize = 8_000_000;

/// Failed inputs beyond this number are counted and not listed.
const MAX_FAILURES: usize = 1000;

/// Holds results back, errors apart from warnings: if there are too many, errors go first.
#[derive(Default)]
pub(super) struct Sarif {
    rules: Vec<Value>,
    rule_indexes: HashMap<String, usize>,
    results: BySeverity<Results>,
    notifications: Vec<Value>,
    failures: usize,
}

/// Results of one severity, and the number of those left out.
#[derive(Default)]
struct Results {
    list: Vec<Finding>,
    bytes: usize,
    left_out: usize,
}

/// One result. There may be many, so JSON is made of them one by one.
struct Finding {
    rule_id: String,
    rule_index: usize,
    level: Severity,
    message: String,
    uri: String,
    fingerprint: u128,
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    invocations: Value,
    column_kind: &'static str,
    results: &'a [Finding],
}

impl Sarif {
    /// Report that lists all rules, also those without a finding.
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut sarif = Self::default();
        for rule in rules {
            sarif.rule(rule.name(), rule.severity(), rule.reason());
        }
        sarif
    }

    fn add_failure(&mut self, uri: &str, annotation: &Annotation) {
        self.failures += 1;
        if self.failures <= MAX_FAILURES {
            let (level, message) = (annotation.severity, text(&annotation.message));
            let locations = [location_of(uri)];
            self.notifications
                .push(json!({ "level": level, "message": message, "locations": locations }));
        }
    }

    /// Adds a finding; `number` counts the findings of the same rule on the same input.
    fn add_finding(&mut self, name: &str, uri: &str, annotation: &Annotation, number: usize) {
        let Annotation { rule, severity, reason, .. } = annotation;
        let rule = self.rule(rule, *severity, reason.as_deref());
        let results = self.results.of(annotation.severity);
        let message = escape(&annotation.message);
        let size = message.len();
        let has_room = results.list.len() < MAX_RESULTS && results.bytes + size <= MAX_MESSAGES_LEN;
        let Some((rule_index, rule_id)) = rule.filter(|_| has_room) else {
            results.left_out += 1;
            return;
        };
        results.bytes += size;
        let fingerprint = digest(format!("{rule_id}\n{number}\n{name}").as_bytes());
        let (level, uri) = (annotation.severity, uri.to_owned());
        results.list.push(Finding { rule_id, rule_index, level, message, uri, fingerprint });
    }

    /// Index and name of a rule, which is added if it is new.
    fn rule(
        &mut self,
        name: &str,
        severity: Severity,
        reason: Option<&str>,
    ) -> Option<(usize, String)> {
        let id = rule_id(name);
        if let Some(index) = self.rule_indexes.get(&id) {
            return Some((*index, id));
        }
        let index = self.rules.len();
        if index == MAX_RULES {
            return None;
        }
        self.rule_indexes.insert(id.clone(), index);
        let description = text(&one_line(reason.unwrap_or(name), MAX_DESCRIPTION_LEN));
        self.rules.push(json!({
            "id": id,
            "shortDescription": description,
            "fullDescription": description,
            "help": description,
            "defaultConfiguration": { "level": severity },
        }));
        Some((index, id))
    }

    /// Takes all errors, and as many warnings as there is room for.
    fn take_results(&mut self) -> Vec<Finding> {
        let BySeverity { errors, warnings } = &mut self.results;
        let (mut results, mut bytes) = (mem::take(&mut errors.list), errors.bytes);
        for warning in mem::take(&mut warnings.list) {
            bytes += warning.message.len();
            if results.len() < MAX_RESULTS && bytes <= MAX_MESSAGES_LEN {
                results.push(warning);
            } else {
                warnings.left_out += 1;
            }
        }
        results
    }

    fn notify(&mut self, level: Severity, message: &str) {
        self.notifications.push(json!({ "level": level, "message": text(message) }));
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({
            "ruleId": self.rule_id,
            "ruleIndex": self.rule_index,
            "level": self.level,
            "message": { "text": self.message },
            "locations": [location_of(&self.uri)],
            // Viewers recognize a finding in the next run by it; GitHub also makes one of its own.
            "partialFingerprints": { "ruleAndInput/v1": format!("{:032x}", self.fingerprint) },
        })
        .serialize(serializer)
    }
}

/// Name of a rule. One that is too long is cut, and a hash keeps it unique.
fn rule_id(rule: &str) -> String {
    if rule.chars().count() <= MAX_ID_LEN {
        return rule.to_owned();
    }
    format!("{} {:032x}", one_line(rule, MAX_ID_LEN), digest(rule.as_bytes()))
}

fn text(text: &str) -> Value {
    json!({ "text": escape(text) })
}

/// Escapes links and placeholders, as of SARIF 2.1.0, sections 3.11.5 and 3.11.6.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | ']' | '\\' => escaped.extend(['\\', c]),
            '{' | '}' => escaped.extend([c, c]),
            c => escaped.push(c),
        }
    }
    escaped
}

fn location_of(uri: &str) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri },
            // Audio has no lines, but GitHub rejects a result without one.
            "region": { "startLine": 1 },
        }
    })
}

impl Renderer for Sarif {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        let (name, uri) = (input_name(outcome), input_uri(outcome));
        let mut rules: Vec<String> = Vec::new();
        for annotation in annotations(outcome) {
            if annotation.is_failure {
                self.add_failure(&uri, &annotation);
            } else {
                let number = rules.iter().filter(|rule| **rule == annotation.rule).count();
                self.add_finding(&name, &uri, &annotation, number);
                rules.push(annotation.rule);
            }
        }
        Ok(())
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        let results = self.take_results();
        let left_out = self.results.errors.left_out + self.results.warnings.left_out;
        if left_out > 0 {
            let message = format!("{left_out} more findings are left out: viewers take no more");
            self.notify(Severity::Warning, &message);
        }
        if self.failures > MAX_FAILURES {
            let message = format!("{} more inputs failed", self.failures - MAX_FAILURES);
            self.notify(Severity::Error, &message);
        }
        if end == End::CutShort {
            self.notify(Severity::Error, CUT_SHORT);
        }
        let run = Run {
            tool: json!({
                "driver": {
                    "name": env!("CARGO_PKG_NAME"),
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": mem::take(&mut self.rules),
                }
            }),
            invocations: json!([{
                "executionSuccessful": self.failures == 0 && end == End::Complete,
                "toolExecutionNotifications": mem::take(&mut self.notifications),
            }]),
            column_kind: "unicodeCodePoints",
            results: &results,
        };
        let schema = "https://json.schemastore.org/sarif-2.1.0.json";
        serde_json::to_writer_pretty(&mut *out, &Log { schema, version: "2.1.0", runs: [run] })?;
        out.write_all(b"\n")
    }
}
