//! Facts of a run for the head of the page: project, date and rules.

use std::time::{Duration, SystemTime};

use caption::Rule;
use serde_json::{Value, json};

use crate::config::environment;

/// Length of a date at the start of a time in RFC 3339.
const DATE_LEN: usize = "2026-01-01".len();

/// Facts of a run as the script of the page reads them.
pub(super) fn facts(rules: &[Rule]) -> Value {
    json!({
        "project": project(),
        "date": environment::source_date().and_then(date),
        "rules": rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

/// Name of the current folder, which is that of the project.
fn project() -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

/// Date of a time in seconds since 1970, in UTC.
fn date(seconds: u64) -> Option<String> {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    // Later ones than those of the year 9999 have no form.
    let time = (seconds < 253_402_300_800).then(|| humantime::format_rfc3339_seconds(time))?;
    Some(time.to_string()[..DATE_LEN].to_owned())
}

fn rule(rule: &Rule) -> Value {
    let paths = Some(rule.paths()).filter(|paths| !paths.is_empty());
    json!({
        "name": rule.name(),
        "severity": rule.severity(),
        "reason": rule.reason(),
        "paths": paths,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_four_digits_for_the_year() {
        assert_eq!(date(1_767_225_599).as_deref(), Some("2025-12-31"));
        assert_eq!(date(253_402_300_799).as_deref(), Some("9999-12-31"));
        assert_eq!(date(253_402_300_800), None);
        assert_eq!(date(u64::MAX), None);
    }
}
