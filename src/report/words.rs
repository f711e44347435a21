//! Findings and failures in the words that all reports use.

use crate::error::Error;
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use crate::text::one_line;

use super::ReportStyle;

/// What is longer is cut off, in characters: messages of a server have no bounds.
const LONGEST: usize = 2000;

/// Something that people have to know of an input.
pub(super) struct Remark {
    /// The name of the rule, or the kind of the error.
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) reason: Option<String>,
    /// Whether it is a failure and no finding.
    pub(super) is_failure: bool,
}

/// The failure of an input first, then its findings.
pub(super) fn remarks(outcome: &Outcome, style: &ReportStyle) -> Vec<Remark> {
    let failure = outcome.error().map(|error| Remark::of_failure(error, style));
    failure.into_iter().chain(outcome.findings.iter().map(Remark::of_finding)).collect()
}

impl Remark {
    fn of_failure(error: &Error, style: &ReportStyle) -> Self {
        Self {
            rule: error.kind().to_string(),
            severity: Severity::Error,
            message: one_line(&format!("{error}; {}", (style.hint)(error)), LONGEST),
            reason: None,
            is_failure: true,
        }
    }

    fn of_finding(finding: &Finding) -> Self {
        let message = format!("{}{}", finding.message, finding.details());
        Self {
            rule: one_line(&finding.rule, LONGEST),
            severity: finding.severity,
            message: one_line(&message, LONGEST),
            reason: finding.reason.clone(),
            is_failure: false,
        }
    }
}
