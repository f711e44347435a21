//! The manual page and the completions of shells, made of the command line itself.

use std::io::{self, Write};

use clap::CommandFactory;

use super::cli::Cli;
use super::values::Generated;

const NAME: &str = "caption";

/// Prints it; whoever reads it may leave early.
pub(crate) fn print(what: Generated) -> io::Result<()> {
    let mut text = Vec::new();
    match what.shell() {
        Some(shell) => clap_complete::generate(shell, &mut Cli::command(), NAME, &mut text),
        None => clap_mangen::Man::new(Cli::command()).render(&mut text)?,
    }
    match io::stdout().lock().write_all(&text) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
