//! Environment variables that are read besides those of options. A blank one counts as unset.

use std::ffi::OsStr;
use std::path::PathBuf;

/// Value of a variable. A value that is not UTF-8 is set too, so that its use reports it.
pub(crate) fn get(name: impl AsRef<OsStr>) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.trim().is_empty())
}

pub(crate) fn no_color() -> bool {
    get("NO_COLOR").is_some()
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
