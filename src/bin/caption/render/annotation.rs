//! Findings and failures in the words that all reports use.

use super::{ReportStyle, location};
use caption::error::Kind;
use caption::outcome::Outcome;
use caption::rules::finding::{Finding, Severity};
use caption::text::{harmless, one_line};

/// What is longer is cut off, in characters: messages of a server have no bounds.
const LONGEST: usize = 2000;

/// What is to be said where a run ended early.
pub(super) const CUT_SHORT: &str = "the run ended before all inputs were looked at";

/// Something that people have to know of an input, in harmless text on one line.
pub(super) struct Annotation {
    /// The name of the rule, or the kind of the error.
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) reason: Option<String>,
    /// Whether it is a failure and no finding.
    pub(super) is_failure: bool,
}

/// The same for errors and for warnings, apart from each other.
#[derive(Default)]
pub(super) struct BySeverity<T> {
    pub(super) errors: T,
    pub(super) warnings: T,
}

impl<T> BySeverity<T> {
    pub(super) fn of(&mut self, severity: Severity) -> &mut T {
        match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        }
    }
}

/// The failures of an input first, then its findings.
pub(super) fn remarks(outcome: &Outcome, style: &ReportStyle) -> Vec<Annotation> {
    let failure = outcome.error().map(|error| {
        let message = format!("{error}; {}", (style.hint)(error));
        Annotation::of_failure(error.kind(), &location::told(outcome, &message))
    });
    let manifest_error = outcome.manifest_error.as_ref().map(|error| {
        Annotation::of_failure(Kind::Output, &format!("could not write the manifest ({error})"))
    });
    let findings = outcome.findings.iter().map(Annotation::of_finding);
    failure.into_iter().chain(manifest_error).chain(findings).collect()
}

impl Annotation {
    fn of_failure(kind: Kind, message: &str) -> Self {
        Self {
            rule: kind.to_string(),
            severity: Severity::Error,
            message: line(message),
            reason: None,
            is_failure: true,
        }
    }

    fn of_finding(finding: &Finding) -> Self {
        Self {
            rule: line(&finding.rule),
            severity: finding.severity,
            message: line(&format!("{}{}", finding.message, finding.details())),
            reason: finding.reason.as_deref().map(line),
            is_failure: false,
        }
    }
}

fn line(text: &str) -> String {
    one_line(&harmless(text), LONGEST)
}
