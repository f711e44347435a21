//! What clap makes of a command line, and says of a wrong one.

use std::borrow::Cow;
use std::ffi::OsString;

use anyhow::bail;
use caption::sanitize;
use clap::ArgMatches;

/// What was typed, unless that is help or an error, which ends the program here; but an error that
/// repeats what a terminal would obey is told like any other.
pub(crate) fn parse_args(
    parsed: Result<ArgMatches, clap::Error>,
    typed: &[OsString],
) -> anyhow::Result<ArgMatches> {
    let is_harmful = |typed: &OsString| matches!(sanitize(&typed.to_string_lossy()), Cow::Owned(_));
    match parsed {
        Err(error) if error.use_stderr() && typed.iter().any(is_harmful) => {
            bail!("{}; see --help", first_line(&error))
        }
        parsed => Ok(parsed.unwrap_or_else(|error| error.exit())),
    }
}

/// What it comes to.
pub(crate) fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
