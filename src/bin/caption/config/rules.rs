//! `[[rule]]` tables.

use anyhow::{Context, anyhow, bail, ensure};
use caption::{AudioCheck, Rule, Severity};
use serde::Deserialize;
use toml::{Table, Value};

use crate::args::suggest::suggest;

/// All that a rule may say.
const KEYS: [&str; 13] = [
    "name", "severity", "reason", "paths", "deny", "require", "silence", "clipping", "duration",
    "channels", "rate", "loudness", "decodes",
];

/// What all patterns of a file may take, in bytes: it may come with a folder from anywhere.
const LARGEST: usize = 16 << 20;

/// What all its globs may come to as they are written, in bytes; each takes hundreds.
const LONGEST_GLOBS: usize = 32 << 10;

/// A rule as it is written.
#[derive(Deserialize)]
struct RuleTable {
    name: Option<String>,
    #[serde(default)]
    severity: Severity,
    reason: Option<String>,
    paths: Option<Vec<String>>,
    deny: Option<String>,
    require: Option<String>,
    silence: Option<f64>,
    clipping: Option<u64>,
    duration: Option<Bounds>,
    channels: Option<Vec<usize>>,
    rate: Option<Bounds>,
    loudness: Option<Bounds>,
    decodes: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

/// The rules of a file.
pub(crate) fn rules(value: &Value) -> anyhow::Result<Vec<Rule>> {
    let Value::Array(tables) = value else { bail!("rules are written as [[rule]] tables") };
    let rule = |(number, value): (usize, &Value)| {
        let place = || format!("rule {}", number + 1);
        let Value::Table(table) = value else { bail!("rules are written as [[rule]] tables") };
        rule(table).with_context(place)
    };
    let globs = tables.iter().filter_map(|table| table.get("paths")?.as_array()).flatten();
    let globs: usize = globs.filter_map(Value::as_str).map(str::len).sum();
    ensure!(globs <= LONGEST_GLOBS, "the globs of all rules together have more than 32 kB");
    let mut size = 0;
    let rules = tables.iter().enumerate().map(|table| {
        let rule = rule(table)?;
        size += rule.size();
        ensure!(size <= LARGEST, "the patterns of all rules together take more than 16 MB");
        Ok(rule)
    });
    rules.collect()
}

fn rule(table: &Table) -> anyhow::Result<Rule> {
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("unknown key `{key}`{}", suggest(key, KEYS.into_iter()));
    }
    let written: RuleTable = Value::Table(table.clone())
        .try_into()
        // With the key that it is about.
        .map_err(|e: toml::de::Error| anyhow!("{}", e.to_string().trim().replace('\n', " ")))?;
    written.check()?;
    let RuleTable { name, severity, reason, paths, .. } = &written;
    let mut rule = written.test()?.with_severity(*severity);
    if let Some(name) = name {
        rule = rule.with_name(name);
    }
    if let Some(reason) = reason {
        rule = rule.with_reason(reason);
    }
    match paths {
        Some(globs) => rule.with_paths(globs).map_err(|e| anyhow!("{e}")),
        None => Ok(rule),
    }
}

impl Bounds {
    fn check(&self, name: &str) -> anyhow::Result<()> {
        let (min, max) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        match (self.min, self.max) {
            (None, None) => bail!("{name} says neither min nor max"),
            _ if min <= max && min.is_finite() && max.is_finite() => Ok(()),
            _ => bail!("no {name} is at least {min} and at most {max}"),
        }
    }
}

impl RuleTable {
    /// Bounds that nothing keeps, or everything, are slips.
    fn check(&self) -> anyhow::Result<()> {
        for (name, bounds) in
            [("duration", &self.duration), ("rate", &self.rate), ("loudness", &self.loudness)]
        {
            bounds.as_ref().map_or(Ok(()), |bounds| bounds.check(name))?;
        }
        let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        if is_empty(&self.name) || is_empty(&self.deny) || is_empty(&self.require) {
            bail!("name, deny and require are not empty");
        }
        let (paths, channels) = (self.paths.as_deref(), self.channels.as_deref());
        if paths.is_some_and(<[_]>::is_empty) || channels.is_some_and(<[_]>::is_empty) {
            bail!("paths and channels are not empty");
        }
        if self.silence.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            bail!("silence is a part of the whole, from 0.0 to 1.0");
        }
        Ok(())
    }

    /// The one thing that it is about.
    fn test(&self) -> anyhow::Result<Rule> {
        let check = |check: Option<AudioCheck>| check.map(|check| Ok(Rule::audio(check)));
        let rate = |bound: Option<f64>| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            bound.map(|bound| bound as u32)
        };
        let tests = [
            self.deny.as_deref().map(Rule::deny),
            self.require.as_deref().map(Rule::require),
            check(self.silence.map(|max_part| AudioCheck::Silence { max_part })),
            check(self.clipping.map(|max_samples| AudioCheck::Clipping { max_samples })),
            check(self.duration.as_ref().map(|b| AudioCheck::Duration { min: b.min, max: b.max })),
            check(self.channels.clone().map(|allowed| AudioCheck::Channels { allowed })),
            check(
                self.rate.as_ref().map(|b| AudioCheck::Rate { min: rate(b.min), max: rate(b.max) }),
            ),
            check(self.loudness.as_ref().map(|b| AudioCheck::Loudness { min: b.min, max: b.max })),
            check(self.decodes.filter(|decodes| *decodes).map(|_| AudioCheck::Decodes)),
        ];
        let mut tests = tests.into_iter().flatten();
        match (tests.next(), tests.next()) {
            (Some(test), None) => test.map_err(|e| anyhow!("{e}")),
            (None, _) => bail!("says nothing: one of {} is needed", KEYS[4..].join(", ")),
            (Some(_), Some(_)) => bail!("says two things: make it two rules"),
        }
    }
}
