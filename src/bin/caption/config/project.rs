//! Settings of a project's file, which somebody else may have written: it can make a run safer or
//! cheaper than the user's own settings, and what may cost more is told.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use caption::one_line;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};

use crate::args::values::Jobs;

/// Effect of a setting in a project's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// It replaces the user's own: it costs nothing.
    Allowed,
    /// It counts beside the user's own, which restricts the run too.
    Added,
    /// It replaces the user's own, with a note if both differ.
    Noted,
    /// It replaces the default, and the user's own with a note.
    NotedOverOwn,
    /// It counts if it is lower than the user's own limit or the default.
    OnlyLower,
    /// It counts if it is switched on, and nothing that conflicts with the user's own counts.
    OnlyOn,
    /// It is an error: it decides where the key is sent, what else is read and paid for, or what is run.
    Refused,
}

/// Policies of all settings.
const POLICIES: [(Policy, &[&str]); 7] = [
    (
        Policy::Allowed,
        &[
            "allow-empty",
            "append",
            "color",
            "connect-timeout",
            "convert",
            "format",
            "inline",
            "json",
            "no-stream",
            "null",
            "output",
            "output-dir",
            "prepend",
            "progress",
            "remeasure",
            "report",
            "sentences",
            "sidecar",
            "stream",
            "verbose",
        ],
    ),
    (Policy::Added, &["check", "deny", "exclude", "require"]),
    (
        Policy::Noted,
        &[
            "dialect",
            "force",
            "hidden",
            "max-tokens",
            "max-upload",
            "model",
            "no-ignore",
            "overwrite",
            "quiet",
            "refresh",
            "shard",
            "outage",
            "timeout",
            "track",
            "window",
        ],
    ),
    // Captions in the user's own manifest would be paid for again.
    (Policy::NotedOverOwn, &["manifest"]),
    (Policy::OnlyLower, &["jobs", "max-retries", "max-spend", "rate"]),
    (Policy::OnlyOn, &["dry-run", "offline"]),
    (
        Policy::Refused,
        &[
            "allow-http",
            "api-key-file",
            "base-url",
            "cacert",
            "ffmpeg",
            "files-from",
            "follow",
            "proxy",
        ],
    ),
];

/// Length limit of a value in a note, in characters.
const MAX_SHOWN: usize = 60;

/// Policy of a setting.
pub(super) fn policy(key: &str) -> Policy {
    let found = POLICIES.iter().find(|(_, keys)| keys.contains(&key));
    found.map_or(Policy::Noted, |(policy, _)| *policy)
}

/// Effect of one setting of a project's file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Replaces,
    IsAdded,
    IsIgnored,
}

/// Comparison of a project's file with the user's own settings.
pub(super) struct Comparison<'a> {
    command: &'a Command,
    /// The user's file, the environment and the defaults.
    own: ArgMatches,
    noted: Vec<String>,
    ignored: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(command: &'a Command, own: ArgMatches) -> Self {
        Self { command, own, noted: Vec::new(), ignored: Vec::new() }
    }

    /// Decides about a setting by the arguments that it stands for.
    pub(super) fn judge(&mut self, option: &Arg, key: &str, arguments: &[OsString]) -> Verdict {
        let policy = policy(key);
        let is_set = !arguments.is_empty();
        if policy == Policy::OnlyOn && !is_set {
            if is_on(&self.own, option.get_id().as_str()) {
                self.ignored.push(format!("{key} = false"));
            }
            return Verdict::IsIgnored;
        }
        if is_set && let Some(own) = self.conflicting_switch(option) {
            let own = own.get_long().unwrap_or_default();
            self.ignored.push(format!("{key} (yours: {own} = true)"));
            return Verdict::IsIgnored;
        }
        // An invalid value is reported with the whole file.
        let Some(project) = parsed(self.command, arguments) else { return Verdict::Replaces };
        let id = option.get_id().as_str();
        let (value, own) = (shown(&project, id), shown(&self.own, id));
        match policy {
            Policy::Added => return Verdict::IsAdded,
            Policy::OnlyLower if limit(&project, id) > limit(&self.own, id) => {
                self.ignored.push(format!("{key} = {value} (yours: {own})"));
                return Verdict::IsIgnored;
            }
            Policy::Noted if is_set && value != own => self.noted.push(format!("{key} = {value}")),
            Policy::NotedOverOwn if !own.is_empty() && value != own => {
                self.noted.push(format!("{key} = {value}"));
            }
            _ => {}
        }
        Verdict::Replaces
    }

    /// Notes about a file.
    pub(super) fn notes(&self, file: &str) -> Vec<String> {
        let noted = (!self.noted.is_empty()).then(|| {
            let settings = self.noted.join(", ");
            format!("{file} sets {settings}, which may cost more; flags override it")
        });
        let ignored = (!self.ignored.is_empty()).then(|| {
            let settings = self.ignored.join(", ");
            format!("{file} cannot set {settings}; use a flag or a file of your own")
        });
        noted.into_iter().chain(ignored).collect()
    }

    /// True if the user's own settings say quiet.
    pub(super) fn is_quiet(&self) -> bool {
        is_on(&self.own, "quiet")
    }

    /// Switch of the user's own that a project cannot switch off and that excludes an option.
    fn conflicting_switch(&self, option: &Arg) -> Option<&'a Arg> {
        self.command.get_arguments().find(|switch| {
            policy(switch.get_long().unwrap_or_default()) == Policy::OnlyOn
                && is_on(&self.own, switch.get_id().as_str())
                && excludes(self.command, switch, option)
        })
    }
}

/// Parses arguments alone. `None` if a value is invalid.
fn parsed(command: &Command, arguments: &[OsString]) -> Option<ArgMatches> {
    let none = [OsString::new()];
    let all: Vec<_> = none.iter().chain(arguments).collect();
    match command.clone().try_get_matches_from(&all) {
        Err(e) if e.kind() == ErrorKind::MissingRequiredArgument => {
            command.clone().ignore_errors(true).try_get_matches_from(all).ok()
        }
        matches => matches.ok(),
    }
}

/// True if a switch is on.
pub(super) fn is_on(matches: &ArgMatches, id: &str) -> bool {
    matches.get_raw(id).into_iter().flatten().any(|value| value == "true")
}

/// True if two options are the same or conflict; either may be the one that declares it.
pub(super) fn excludes(command: &Command, one: &Arg, other: &Arg) -> bool {
    let conflicts = |one, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
    one.get_id() == other.get_id() || conflicts(one, other) || conflicts(other, one)
}

/// Limit that an option sets; infinite if there is none.
fn limit(matches: &ArgMatches, id: &str) -> f64 {
    let limit = match id {
        "jobs" => matches
            .get_one::<Jobs>(id)
            .and_then(|jobs| u16::try_from(jobs.most()).ok())
            .map(f64::from),
        "max_retries" => matches.get_one::<u32>(id).copied().map(f64::from),
        "max_spend" => matches.get_one::<f64>(id).copied(),
        "rate" => matches.get_one::<Duration>(id).map(|gap| gap.as_secs_f64().recip()),
        _ => None,
    };
    limit.unwrap_or(f64::INFINITY)
}

/// Values of an option on one line.
fn shown(matches: &ArgMatches, id: &str) -> String {
    let values = matches.get_raw(id).into_iter().flatten().map(OsStr::to_string_lossy);
    one_line(&values.collect::<Vec<_>>().join(", "), MAX_SHOWN)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;
    use crate::config::file::FLAG_ONLY;

    #[test]
    fn every_option_of_a_file_has_one_policy() {
        let command = Cli::command();
        let mut options: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
        options.retain(|option| !FLAG_ONLY.contains(option));
        options.sort_unstable();
        let mut keys: Vec<_> = POLICIES.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
        keys.sort_unstable();
        assert_eq!(keys, options);
    }
}
