//! `caption song.mp3` prints what a recording sounds like.

use std::process::ExitCode;

use crate::args::Cli;
use crate::config::environment::Environment;
use crate::ui::diagnostics::Diagnostics;

mod args;
mod config;
mod dry_run;
mod inputs;
mod pipeline;
mod platform;
#[cfg(test)]
mod properties;
mod render;
mod run;
mod shard;
mod signals;
mod ui;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let typed: Vec<_> = std::env::args_os().collect();
    match config::file::read(&typed, &environment) {
        Ok(cli) => start(&cli, &environment),
        Err(error) => Diagnostics::plain(&environment).fatal(&error).into(),
    }
}

/// The whole program but for the process around it.
pub(crate) fn start(cli: &Cli, environment: &Environment) -> ExitCode {
    let diagnostics = Diagnostics::new(cli, environment);
    match run::run(cli, environment, &diagnostics) {
        Ok(exit) => exit.into(),
        Err(error) => diagnostics.fatal(&error).into(),
    }
}
