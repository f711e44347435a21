//! Summary of a run: counts, time, tokens and cost in one line.

use std::time::Duration;

use caption::{Error, Finding, Outcome, Severity, Spending, Status, Usage, duration};
use indicatif::HumanCount;

/// Counts of outcomes by status.
#[derive(Default)]
pub(crate) struct Summary {
    captioned: u64,
    cached: u64,
    duplicates: u64,
    skipped: u64,
    failed: u64,
    blocked: u64,
    not_tried: u64,
    /// Inputs that were read and not sent, since they did not fit the spending limit.
    over_budget: u64,
    violations: u64,
    warnings: u64,
}

impl Summary {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        self.violations += u64::from(outcome.has_violation());
        let is_warning = |finding: &Finding| finding.severity == Severity::Warning;
        let has_warning = outcome.truncation.is_some() || outcome.findings.iter().any(is_warning);
        self.warnings += u64::from(has_warning);
        match &outcome.status {
            Status::Blocked => self.blocked += 1,
            Status::Captioned(_) => self.captioned += 1,
            Status::Cached(_) if outcome.is_duplicate => self.duplicates += 1,
            Status::Cached(_) => self.cached += 1,
            Status::Skipped => self.skipped += 1,
            Status::Failed(_) if outcome.is_not_tried() => self.not_tried += 1,
            Status::Failed(Error::BudgetExceeded(_)) => self.over_budget += 1,
            Status::Failed(_) => self.failed += 1,
        }
    }

    /// Number of inputs that are done, well or not.
    pub(crate) fn done(&self) -> u64 {
        self.captioned
            + self.cached
            + self.duplicates
            + self.skipped
            + self.blocked
            + self.failed
            + self.over_budget
    }

    /// Number of all inputs with an outcome.
    pub(crate) fn total(&self) -> u64 {
        self.done() + self.not_tried
    }

    pub(crate) fn not_tried(&self) -> u64 {
        self.not_tried
    }

    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Counts of all outcomes but new captions, for the end of a line.
    pub(crate) fn asides(&self) -> String {
        let aside = |count: u64, label: &str| {
            if count == 0 { String::new() } else { format!(" · {} {label}", HumanCount(count)) }
        };
        [
            aside(self.cached, "cached"),
            aside(self.duplicates, if self.duplicates == 1 { "duplicate" } else { "duplicates" }),
            aside(self.skipped, "skipped"),
            aside(self.blocked, "blocked"),
            aside(self.failed, "failed"),
            aside(self.over_budget + self.not_tried, "not tried"),
            aside(self.violations, if self.violations == 1 { "violation" } else { "violations" }),
            aside(self.warnings, if self.warnings == 1 { "warning" } else { "warnings" }),
        ]
        .concat()
    }

    /// Last line of a run.
    pub(crate) fn line(&self, time: Duration, spending: &Spending) -> String {
        let facts = [
            Some(format!("{} captioned{}", HumanCount(self.captioned), self.asides())),
            Some(duration(time)),
            (spending.usage != Usage::default()).then(|| tokens(spending.usage)),
            cost(spending),
        ];
        facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// Formats the certain and the possible cost. A service that reports no cost at all is none that
/// bills lost answers.
pub(crate) fn cost(spending: &Spending) -> Option<String> {
    let Spending { usd, possible_usd, lost, unpriced, .. } = *spending;
    let possible = possible_usd.filter(|usd| *usd > 0.0);
    if possible.is_none() && usd.is_none() && unpriced > 0 {
        return None;
    }
    let were = |number: u64, what: &str| {
        let were = if number == 1 { "was" } else { "were" };
        (number > 0).then(|| format!("{} {were} {what}", count(number, "answer")))
    };
    let reasons = [were(lost, "lost"), were(unpriced, "without a cost")];
    let reasons = reasons.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let certain = usd.or(possible.map(|_| 0.0)).map(dollars);
    Some(match (certain, possible) {
        (Some(certain), Some(possible)) => {
            format!("{certain} ({} more is possible: {reasons})", dollars(possible))
        }
        (Some(certain), None) if reasons.is_empty() => certain,
        (Some(certain), None) => format!("{certain} (more is possible: {reasons})"),
        (None, _) if lost > 0 => format!("{reasons} and may be billed"),
        (None, _) => return None,
    })
}

/// Formats token counts; one of 0 is unknown.
pub(crate) fn tokens(usage: Usage) -> String {
    let count = |count| match count {
        0 => "?".to_owned(),
        count => HumanCount(count).to_string(),
    };
    format!("{} + {} tokens", count(usage.prompt_tokens), count(usage.completion_tokens))
}

/// Formats an amount: in cents, or with six decimals below ten cents.
pub(crate) fn dollars(usd: f64) -> String {
    if usd >= 0.1 { format!("${usd:.2}") } else { format!("${usd:.6}") }
}

/// Number of things.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}
