//! Rules on captions and audio, and the findings of their violations.

use std::cell::OnceCell;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::audio::AudioCheck;

use self::caption::{Pattern, repetition};
use self::paths::{InputPaths, RulePaths};
use crate::audio::{Sound, Truncation};
use crate::client::Answer;
use crate::error::Error;
use crate::input::Input;

mod audio;
mod caption;
mod paths;

/// Rule on the caption or the audio of an input.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    severity: Severity,
    reason: Option<String>,
    paths: Option<RulePaths>,
    check: Check,
}

#[derive(Debug, Clone)]
enum Check {
    Pattern(Pattern),
    Repetition,
    Audio(AudioCheck),
}

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl Rule {
    /// Forbids captions that match a regular expression, case-insensitive by default.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn deny(pattern: &str) -> Result<Self, Error> {
        Ok(Self::new(format!("deny {pattern}"), Check::Pattern(Pattern::new(pattern, false)?)))
    }

    /// Requires captions to match a regular expression, case-insensitive by default.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn require(pattern: &str) -> Result<Self, Error> {
        Ok(Self::new(format!("require {pattern}"), Check::Pattern(Pattern::new(pattern, true)?)))
    }

    /// Warns of captions that repeat themselves.
    pub fn looping() -> Self {
        Self { severity: Severity::Warning, ..Self::new("looping".to_owned(), Check::Repetition) }
    }

    /// Requires the audio to pass a check.
    pub fn audio(check: AudioCheck) -> Self {
        Self::new(check.name().to_owned(), Check::Audio(check))
    }

    fn new(name: String, check: Check) -> Self {
        Self { name, severity: Severity::Error, reason: None, paths: None, check }
    }

    /// Sets the name.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets the severity.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// Sets the reason that findings quote.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Limits the rule to inputs one of whose names matches one of the globs, in any spelling of
    /// the path. A glob with a `/` also matches the path below the folder that was searched.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn with_paths(self, globs: &[String]) -> Result<Self, Error> {
        Ok(Self { paths: Some(RulePaths::new(globs)?), ..self })
    }

    /// Sets the folder that the globs are relative to; files in it match wherever the program runs.
    /// The path must be canonical.
    #[must_use]
    pub fn with_folder(self, folder: impl Into<PathBuf>) -> Self {
        let paths = self.paths.map(|paths| paths.with_base(folder.into()));
        Self { paths, ..self }
    }

    /// Name of the rule.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Severity of the rule.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Reason of the rule.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Globs of the inputs that the rule is limited to; none if it applies to all.
    pub fn paths(&self) -> &[String] {
        self.paths.as_ref().map_or(&[], RulePaths::globs)
    }

    /// True if the rule applies to an input. Reads the file system to resolve links.
    pub fn applies_to(&self, input: &Input) -> bool {
        self.paths.as_ref().is_none_or(|paths| paths.contain(&InputPaths::new(input)))
    }

    /// Upper limit of the compiled pattern's size in bytes: 8 kB for most, 4 MB at most.
    pub fn size(&self) -> usize {
        match &self.check {
            Check::Pattern(pattern) => pattern.size,
            Check::Repetition | Check::Audio(_) => 0,
        }
    }

    /// True if the rule needs the audio to be measured.
    pub(crate) fn is_on_audio(&self) -> bool {
        matches!(self.check, Check::Audio(_))
    }

    /// True if the rule needs the levels of the audio.
    pub(crate) fn needs_levels(&self) -> bool {
        matches!(&self.check, Check::Audio(check) if check.needs_levels())
    }

    /// Completes a violation with the name, the severity and the reason of the rule.
    fn finding(&self, violation: Finding) -> Finding {
        let (rule, reason) = (self.name.clone(), self.reason.clone());
        Finding { rule, severity: self.severity, reason, ..violation }
    }
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

/// Creates a finding that [`Rule::finding`] completes.
fn violation(message: String) -> Finding {
    Finding { message, ..Finding::default() }
}

/// Checks the rules on audio; `seconds` is its duration, if known.
pub(crate) fn check_audio(
    rules: &[Rule],
    input: &Input,
    sound: &Sound,
    seconds: Option<f64>,
    truncation: Option<Truncation>,
) -> Vec<Finding> {
    findings(rules, input, |check| match check {
        Check::Audio(check) => check.violation(sound, seconds, truncation).map(violation),
        Check::Pattern(_) | Check::Repetition => None,
    })
}

/// Checks the rules about whole recordings once one turned out to be cut.
pub(crate) fn check_truncation(
    rules: &[Rule],
    input: &Input,
    truncation: Truncation,
) -> Vec<Finding> {
    findings(rules, input, |check| match check {
        Check::Audio(AudioCheck::Decodes) => Some(violation(truncation.to_string())),
        _ => None,
    })
}

/// Findings of all rules on audio that is not there.
pub(crate) fn check_missing_audio(rules: &[Rule], input: &Input, reason: &Error) -> Vec<Finding> {
    findings(rules, input, |check| match check {
        Check::Audio(_) => Some(violation(format!("{reason}; the rule cannot be checked"))),
        Check::Pattern(_) | Check::Repetition => None,
    })
}

/// Checks the rules on captions.
pub(crate) fn check_caption(rules: &[Rule], input: &Input, answer: &Answer) -> Vec<Finding> {
    findings(rules, input, |check| match check {
        Check::Pattern(pattern) => pattern.violation(&answer.caption),
        // Captions of different windows may well be alike.
        Check::Repetition if !answer.windows.is_empty() => {
            answer.windows.iter().find_map(|window| repetition(&window.caption)).map(violation)
        }
        Check::Repetition => repetition(&answer.caption).map(violation),
        Check::Audio(_) => None,
    })
}

fn findings(
    rules: &[Rule],
    input: &Input,
    check: impl Fn(&Check) -> Option<Finding>,
) -> Vec<Finding> {
    let paths = OnceCell::new();
    let applies = |rule: &&Rule| {
        let paths = || paths.get_or_init(|| InputPaths::new(input));
        rule.paths.as_ref().is_none_or(|limit| limit.contain(paths()))
    };
    let rules = rules.iter().filter(applies);
    rules.filter_map(|rule| Some(rule.finding(check(&rule.check)?))).collect()
}
