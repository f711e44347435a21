//! Environment variables that are read besides those of options, and the look of messages that
//! follows from them. A blank variable counts as unset.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use anstream::ColorChoice;
use console::Term;

use crate::args::GeneralArgs;
use crate::args::times::ProgressChoice;
use crate::args::values::When;

/// Period of the lines about progress in a log: less than CI systems wait for a sign of life.
const LOG_PERIOD: Duration = Duration::from_mins(1);

/// Value of a variable. A value that is not UTF-8 is set too, so that its use reports it.
pub(crate) fn get(name: impl AsRef<OsStr>) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.trim().is_empty())
}

/// True if a CI system that executes commands in its log reads the output: GitHub Actions or Azure
/// Pipelines.
pub(crate) fn is_ci_log() -> bool {
    ["GITHUB_ACTIONS", "TF_BUILD"].into_iter().any(|name| get(name).is_some())
}

/// Columns of the terminal that standard output is, if it is one.
pub(crate) fn stdout_width() -> Option<usize> {
    Term::stdout().size_checked().map(|(_, columns)| columns.into()).filter(|width| *width > 0)
}

/// File for the summary of a job in GitHub Actions.
pub(crate) fn step_summary() -> Option<PathBuf> {
    get("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// Date of what is built, in seconds since 1970, for outputs that are the same in every run.
/// Source: reproducible-builds.org, "`SOURCE_DATE_EPOCH`".
pub(crate) fn source_date() -> Option<u64> {
    get("SOURCE_DATE_EPOCH")?.trim().parse().ok()
}

/// Amount and look of the messages on standard error.
pub(crate) struct DisplayConfig {
    pub(crate) color: ColorChoice,
    pub(crate) progress: ProgressDisplay,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// Display of progress on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressDisplay {
    Hidden,
    /// Lines that are drawn again and again, which takes a terminal.
    Bar,
    /// One line in each of these periods.
    Log(Duration),
}

impl DisplayConfig {
    pub(crate) fn new(general: &GeneralArgs) -> Self {
        let can_redraw = io::stderr().is_terminal() && !is_dumb();
        let progress = match general.progress {
            ProgressChoice::Auto if general.quiet => ProgressDisplay::Hidden,
            ProgressChoice::Auto if can_redraw => ProgressDisplay::Bar,
            ProgressChoice::Auto => ProgressDisplay::Log(LOG_PERIOD),
            ProgressChoice::Always => ProgressDisplay::Bar,
            ProgressChoice::Never => ProgressDisplay::Hidden,
            ProgressChoice::Every(period) => ProgressDisplay::Log(period),
        };
        Self {
            color: color(general.color),
            progress,
            quiet: general.quiet,
            verbose: general.verbose,
        }
    }
}

impl Default for DisplayConfig {
    /// For errors in the command line itself.
    fn default() -> Self {
        Self { color: color(None), progress: ProgressDisplay::Hidden, quiet: false, verbose: false }
    }
}

/// True for a terminal without escape sequences.
fn is_dumb() -> bool {
    get("TERM").is_some_and(|term| term == "dumb")
}

fn color(when: When) -> ColorChoice {
    let may_color = io::stderr().is_terminal() && get("NO_COLOR").is_none() && !is_dumb();
    if when.unwrap_or(may_color) { ColorChoice::Always } else { ColorChoice::Never }
}
