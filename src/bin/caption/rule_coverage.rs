//! Rules that are limited to paths, and whether an input has met them.

use std::ffi::OsStr;
use std::sync::atomic::{AtomicBool, Ordering};

use caption::{Input, Rule};

use crate::inputs::InputResult;

/// Rules with paths, each with a mark that is set once an input has such a path.
#[derive(Default)]
pub(crate) struct RuleCoverage(Vec<(Rule, AtomicBool)>);

impl RuleCoverage {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let rules = rules.iter().filter(|rule| !rule.paths().is_empty());
        Self(rules.map(|rule| (rule.clone(), AtomicBool::new(false))).collect())
    }

    /// True if no rule is limited to paths.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks the rules of an input, also of one that could not be read.
    pub(crate) fn visit(&self, found: &InputResult) {
        let unmet = self.0.iter().filter(|(_, is_met)| !is_met.load(Ordering::Relaxed));
        for (rule, is_met) in unmet {
            let applies = match found {
                Ok(input) => rule.applies_to(input),
                Err(failed) => Input::parse(OsStr::new(&failed.name))
                    .is_ok_and(|input| rule.applies_to(&input)),
            };
            is_met.fetch_or(applies, Ordering::Relaxed);
        }
    }

    /// Warnings about rules that no input has met.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        let unmet = self.0.iter().filter(|(_, is_met)| !is_met.load(Ordering::Relaxed));
        unmet.map(|(rule, _)| {
            let paths = rule.paths().join(", ");
            format!("no input matches the paths of the rule {}: {paths}", rule.name())
        })
    }
}
