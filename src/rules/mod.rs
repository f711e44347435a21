//! What an asset has to keep: rules on the caption, and rules on the sound.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

pub use self::audio::AudioCheck;

use self::pattern::Pattern;
use self::repetition::Repetition;
use crate::audio::Sound;
use crate::client::answer::Answer;
use crate::error::{Error, Setting};
use crate::rules::finding::{Finding, Severity};
use crate::text::plain_path;

mod audio;
pub mod finding;
mod pattern;
mod repetition;

/// What is known of a sound when its rules are checked.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Evidence<'a> {
    /// The name that the input goes by.
    pub name: &'a str,
    /// What was measured.
    pub sound: &'a Sound,
    /// Length in seconds, where it is known.
    pub seconds: Option<f64>,
}

/// One thing that an asset has to keep.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    severity: Severity,
    reason: Option<String>,
    paths: Option<GlobSet>,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Pattern(Pattern),
    Repetition(Repetition),
    Sound(AudioCheck),
}

impl Rule {
    /// No caption may match the pattern; it is case-insensitive unless it says otherwise.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn deny(pattern: &str) -> Result<Self, Error> {
        Ok(Self::new(format!("deny {pattern}"), Test::Pattern(Pattern::deny(pattern)?)))
    }

    /// Every caption has to match the pattern; it is case-insensitive unless it says otherwise.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn require(pattern: &str) -> Result<Self, Error> {
        Ok(Self::new(format!("require {pattern}"), Test::Pattern(Pattern::require(pattern)?)))
    }

    /// A caption may not go round in circles; a warning.
    pub fn looping() -> Self {
        Self::new("looping".to_owned(), Test::Repetition(Repetition::default()))
            .of_severity(Severity::Warning)
    }

    /// What was measured of the sound has to be within bounds.
    pub fn sound(check: AudioCheck) -> Self {
        Self::new(check.name().to_owned(), Test::Sound(check))
    }

    fn new(name: String, test: Test) -> Self {
        Self { name, severity: Severity::Error, reason: None, paths: None, test }
    }

    /// Under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// As something else than an error.
    #[must_use]
    pub fn of_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// With the reason that people are told.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Only for inputs whose name matches one of the globs, however its path is spelled.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn only_for(self, globs: &[String]) -> Result<Self, Error> {
        let bad = |glob: &str, e: &globset::Error| Error::invalid(Setting::Glob, glob, e.kind());
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let built = GlobBuilder::new(glob).literal_separator(true).build();
            set.add(built.map_err(|e| bad(glob, &e))?);
        }
        let set = set.build().map_err(|e| bad(globs.first().map_or("", String::as_str), &e))?;
        Ok(Self { paths: Some(set), ..self })
    }

    /// The memory that its pattern may take, in bytes: 8 kB for most, 4 MB at most.
    pub fn size(&self) -> usize {
        match &self.test {
            Test::Pattern(words) => words.size,
            _ => 0,
        }
    }

    /// Whether sound has to be measured for it.
    pub fn is_on_sound(&self) -> bool {
        matches!(self.test, Test::Sound(_))
    }

    fn is_for(&self, name: &str) -> bool {
        let is_match = |paths: &GlobSet| paths.is_match(name) || paths.is_match(plain_path(name));
        self.paths.as_ref().is_none_or(is_match)
    }

    fn finding(&self, message: String) -> Finding {
        Finding {
            rule: self.name.clone(),
            severity: self.severity,
            message,
            reason: self.reason.clone(),
            matched: None,
            sentence: None,
        }
    }
}

/// What the rules find in a sound, before anything is asked about it.
pub fn check_sound(rules: &[Rule], evidence: &Evidence<'_>) -> Vec<Finding> {
    let rules = rules.iter().filter(|rule| rule.is_for(evidence.name));
    let broken = rules.filter_map(|rule| match &rule.test {
        Test::Sound(check) => Some(rule.finding(check.violation(evidence)?)),
        _ => None,
    });
    broken.collect()
}

/// What the rules find in an answer.
pub fn check_caption(rules: &[Rule], name: &str, answer: &Answer) -> Vec<Finding> {
    let rules = rules.iter().filter(|rule| rule.is_for(name));
    let broken = rules.filter_map(|rule| match &rule.test {
        Test::Pattern(words) => {
            let violation = words.violation(&answer.caption)?;
            let finding = rule.finding(violation.message);
            Some(Finding { matched: violation.matched, sentence: violation.sentence, ..finding })
        }
        // The captions of windows may well be alike.
        Test::Repetition(looping) if !answer.windows.is_empty() => {
            let mut windows = answer.windows.iter();
            Some(rule.finding(windows.find_map(|window| looping.violation(&window.caption))?))
        }
        Test::Repetition(looping) => Some(rule.finding(looping.violation(&answer.caption)?)),
        Test::Sound(_) => None,
    });
    broken.collect()
}
