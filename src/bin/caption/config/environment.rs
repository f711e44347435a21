//! Environment variables that are read besides those of options, and the look of messages that
//! follows from them. A blank variable counts as unset.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anstream::ColorChoice;

use crate::args::GeneralArgs;
use crate::args::values::When;

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

/// File for the summary of a job in GitHub Actions.
pub(crate) fn step_summary() -> Option<PathBuf> {
    get("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// Amount and look of the messages on standard error.
pub(crate) struct DisplayConfig {
    pub(crate) color: ColorChoice,
    pub(crate) progress: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

impl DisplayConfig {
    pub(crate) fn new(general: &GeneralArgs) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self {
            color: color(general.color),
            progress: general.progress.unwrap_or(is_terminal && !general.quiet),
            quiet: general.quiet,
            verbose: general.verbose,
        }
    }
}

impl Default for DisplayConfig {
    /// For errors in the command line itself.
    fn default() -> Self {
        Self { color: color(None), progress: false, quiet: false, verbose: false }
    }
}

fn color(when: When) -> ColorChoice {
    let may_color = io::stderr().is_terminal() && get("NO_COLOR").is_none();
    if when.unwrap_or(may_color) { ColorChoice::Always } else { ColorChoice::Never }
}
