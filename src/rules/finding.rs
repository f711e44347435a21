//! Findings: violations of rules as plain data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Severity of a rule.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Reported only.
    Warning,
    /// Fails the audit. Audio that violates such a rule is not sent.
    #[default]
    Error,
}

/// Violation of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// Severity of the rule.
    pub severity: Severity,
    /// Description of the violation on one line.
    pub message: String,
    /// Reason of the rule, as its author gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Text of the caption that matched a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<String>,
    /// Sentence of the caption with the match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl Finding {
    /// Formats the rest of the message: the quoted sentence and the reason of the rule.
    pub fn details(&self) -> String {
        let quote = self.sentence.as_ref().map(|sentence| format!("; \"{sentence}\""));
        let reason = self.reason.as_ref().map(|reason| format!("; {reason}"));
        [quote, reason].map(Option::unwrap_or_default).concat()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}
