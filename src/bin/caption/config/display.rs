//! Amount and look of the messages on standard error.

use std::io::{self, IsTerminal};

use super::environment;
use crate::args::GeneralArgs;

/// Amount and look of the messages on standard error.
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(crate) struct DisplayConfig {
    pub(crate) color: bool,
    pub(crate) progress: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

impl DisplayConfig {
    pub(crate) fn new(general: &GeneralArgs) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self {
            color: general.color.holds(may_color()),
            progress: general.progress.holds(is_terminal && !general.quiet),
            quiet: general.quiet,
            verbose: general.verbose,
        }
    }
}

impl Default for DisplayConfig {
    /// For errors in the command line itself.
    fn default() -> Self {
        Self { color: may_color(), progress: false, quiet: false, verbose: false }
    }
}

fn may_color() -> bool {
    io::stderr().is_terminal() && !environment::no_color()
}
