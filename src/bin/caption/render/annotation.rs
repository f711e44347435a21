//! Failures and findings of an input in the form that all reports share.

use caption::{ErrorKind, Finding, Outcome, Severity, one_line, sanitize};

use crate::ui::hints::hint;

/// Limit of a text in characters: messages of a server have none.
const MAX_TEXT_LEN: usize = 2000;

/// Message for a run that ended early.
pub(super) const CUT_SHORT: &str = "the run ended before all inputs were looked at";

/// Failure or finding, in harmless text on one line.
pub(super) struct Annotation {
    /// Name of the rule, or kind of the error.
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) reason: Option<String>,
    /// True for a failure, false for a finding.
    pub(super) is_failure: bool,
}

/// Two values of the same type, for errors and for warnings.
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

/// Annotations of an input: failures first, then findings.
pub(super) fn annotations(outcome: &Outcome) -> Vec<Annotation> {
    let failure = outcome.error().map(|error| {
        let message = format!("{error}; {}", hint(error));
        Annotation::failure(error.kind(), &message)
    });
    let manifest_error = outcome.manifest_error.as_ref().map(|error| {
        Annotation::failure(ErrorKind::Output, &format!("could not write the manifest ({error})"))
    });
    let findings = outcome.findings.iter().map(Annotation::finding);
    failure.into_iter().chain(manifest_error).chain(findings).collect()
}

impl Annotation {
    fn failure(kind: ErrorKind, message: &str) -> Self {
        Self {
            rule: kind.to_string(),
            severity: Severity::Error,
            message: line(message),
            reason: None,
            is_failure: true,
        }
    }

    fn finding(finding: &Finding) -> Self {
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
    one_line(&sanitize(text), MAX_TEXT_LEN)
}
