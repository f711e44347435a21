//! What an audit found, as plain data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a broken rule matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be looked at; the verdict stands.
    Warning,
    /// The audit has failed.
    #[default]
    Error,
}

/// A rule that a sound or its caption breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The name of the rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Why there is such a rule, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The words of the caption that matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<String>,
    /// The sentence of the caption that they stand in.
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
    /// What follows the message: the sentence that was quoted, and the reason of the rule.
    pub fn details(&self) -> String {
        let quote = self.sentence.as_ref().map(|sentence| format!("; \"{sentence}\""));
        let why = self.reason.as_ref().map(|reason| format!("; {reason}"));
        [quote, why].map(Option::unwrap_or_default).concat()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}
