//! `[[rule]]` tables of `caption.toml`.

use anyhow::{Context, anyhow, bail, ensure};
use caption::{AudioCheck, Rule, Severity};
use serde::Deserialize;
use toml::Value;

use super::value_names::plain_error;
use crate::args::similarity::suggest;

/// Keys of a rule.
const KEYS: [&str; 13] = [
    "name", "severity", "reason", "paths", "deny", "require", "silence", "clipping", "duration",
    "channels", "rate", "loudness", "decodes",
];

/// Memory limit of all patterns of a file, in bytes: the file may come with a folder that somebody
/// else made.
const MAX_PATTERN_SIZE: usize = 16 << 20;

/// Length limit of all globs of a file, in bytes: a compiled glob takes hundreds of times its
/// length.
const MAX_GLOBS_LEN: usize = 32 << 10;

/// One table.
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
#[serde(deny_unknown_fields, expecting = "bounds such as { max = 10.0 }")]
struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

/// Sum of the sizes of compiled patterns, which is limited.
#[derive(Default)]
pub(super) struct PatternSize(usize);

impl PatternSize {
    /// Adds a rule. Fails if the patterns of all rules are too large together.
    pub(super) fn add(&mut self, rule: &Rule) -> anyhow::Result<()> {
        self.0 += rule.size();
        ensure!(
            self.0 <= MAX_PATTERN_SIZE,
            "the patterns of all rules together take more than 16 MB"
        );
        Ok(())
    }
}

/// Parses the value of the key `rule`.
pub(crate) fn rules(value: &Value) -> anyhow::Result<Vec<Rule>> {
    let Value::Array(tables) = value else { bail!("rules are written as [[rule]] tables") };
    let globs = tables.iter().filter_map(|table| table.get("paths")?.as_array()).flatten();
    let globs_len: usize = globs.filter_map(Value::as_str).map(str::len).sum();
    ensure!(globs_len <= MAX_GLOBS_LEN, "the globs of all rules together have more than 32 kB");
    let mut size = PatternSize::default();
    let rules = tables.iter().enumerate().map(|(index, table)| {
        let rule = rule(table).with_context(|| format!("rule {}", index + 1))?;
        size.add(&rule)?;
        Ok(rule)
    });
    rules.collect()
}

fn rule(value: &Value) -> anyhow::Result<Rule> {
    let Value::Table(table) = value else { bail!("rules are written as [[rule]] tables") };
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("unknown key `{key}`{}", suggest(key, KEYS.into_iter()));
    }
    // The full text of the error names the key, on a line of its own.
    let plain = |e: toml::de::Error| anyhow!("{}", plain_error(&e.to_string()));
    let table: RuleTable = value.clone().try_into().map_err(plain)?;
    table.check()?;
    let mut rule = table.test()?.with_severity(table.severity);
    if let Some(name) = &table.name {
        rule = rule.with_name(name);
    }
    if let Some(reason) = &table.reason {
        rule = rule.with_reason(reason);
    }
    match &table.paths {
        Some(globs) => rule.with_paths(globs).map_err(|e| anyhow!("{e}")),
        None => Ok(rule),
    }
}

impl Bounds {
    fn check(&self, name: &str) -> anyhow::Result<()> {
        let (min, max) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        match (self.min, self.max) {
            (None, None) => bail!("{name} has neither min nor max"),
            _ if min <= max && min.is_finite() && max.is_finite() => Ok(()),
            _ => bail!("no {name} is at least {min} and at most {max}"),
        }
    }
}

impl RuleTable {
    /// Refuses bounds that every file keeps, or none: they are typing errors.
    fn check(&self) -> anyhow::Result<()> {
        for (name, bounds) in
            [("duration", &self.duration), ("rate", &self.rate), ("loudness", &self.loudness)]
        {
            bounds.as_ref().map_or(Ok(()), |bounds| bounds.check(name))?;
        }
        let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        if is_empty(&self.name) || is_empty(&self.deny) || is_empty(&self.require) {
            bail!("name, deny and require cannot be empty");
        }
        let (paths, channels) = (self.paths.as_deref(), self.channels.as_deref());
        if paths.is_some_and(<[_]>::is_empty) || channels.is_some_and(<[_]>::is_empty) {
            bail!("paths and channels cannot be empty");
        }
        if self.silence.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            bail!("silence is a part of the whole: a number from 0.0 to 1.0");
        }
        Ok(())
    }

    /// Builds the rule from the one key that holds its test.
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
            (None, _) => bail!("has no test: add one of {}", KEYS[4..].join(", ")),
            (Some(_), Some(_)) => bail!("has two tests: make it two rules"),
        }
    }
}

#[cfg(test)]
mod tests {
    use support::random::{cases, soup};
    use toml::Table;

    use super::*;

    #[test]
    fn the_manual_page_has_every_key_of_a_rule() {
        let entries = crate::args::notes::RULES.entries.iter();
        let mut listed: Vec<_> = entries.flat_map(|(names, _)| names.split(", ")).collect();
        let mut keys = KEYS;
        listed.sort_unstable();
        keys.sort_unstable();
        assert_eq!(listed, keys);
    }

    #[test]
    fn a_random_table_is_a_rule_or_refused_by_its_number() {
        const WORDS: [&str; 20] = [
            "name = ",
            "severity = ",
            "deny = ",
            "require = ",
            "silence = ",
            "duration = ",
            "paths = ",
            "'(a'",
            "'x'",
            "1",
            "-1.5",
            "nan",
            "true",
            "{ min = 1 }",
            "{ max = inf }",
            "[]",
            "['[']",
            "\n",
            "\n",
            "[[rule]]\n",
        ];
        cases(|random| {
            let text = String::from_utf8_lossy(&soup(random, 12, &WORDS)).into_owned();
            let Ok(table) = format!("[[rule]]\n{text}").parse::<Table>() else { return };
            let parsed = rules(&table["rule"]).map(|rules| rules.len());
            let count = table["rule"].as_array().unwrap().len();
            match parsed {
                Ok(parsed) => assert_eq!(parsed, count),
                Err(error) => assert!(error.to_string().starts_with("rule "), "{error:#}"),
            }
        });
    }

    #[test]
    fn a_random_pattern_is_a_rule_of_at_most_4_mb_or_refused() {
        const WORDS: [&str; 14] = [
            "a", "\\w", "\\b", "{9}", "{1,99}", "*", "+?", "(", ")", "|", "[a-z]", "(?i)", "^",
            "\\p{L}",
        ];
        cases(|random| {
            let pattern = String::from_utf8_lossy(&soup(random, 12, &WORDS)).into_owned();
            if let Ok(rule) = Rule::deny(&pattern) {
                assert!(rule.size() <= 4 << 20);
            }
        });
    }
}
