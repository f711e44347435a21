//! `caption song.mp3` prints what a recording sounds like.

use std::process::ExitCode;

pub(crate) use self::cli::Cli;
pub(crate) use self::environment::Environment;

mod app;
#[cfg(test)]
#[path = "../../chance.rs"]
mod chance;
mod ci;
mod cli;
mod config;
mod delivery;
mod diagnostics;
mod dry_run;
mod environment;
mod gather;
mod generate;
mod help;
mod hints;
mod key;
mod nearest;
mod news;
mod paths;
mod platform;
mod progress;
#[cfg(test)]
mod properties;
mod report_option;
mod reports;
mod rule_tables;
mod service_args;
mod settings;
mod signals;
mod sink;
mod summary;
mod targets;
mod terminal;
mod typed;
mod values;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let typed: Vec<_> = std::env::args_os().collect();
    match settings::read(&typed, &environment) {
        Ok(cli) => run(&cli, &environment),
        Err(error) => diagnostics::Diagnostics::plain(&environment).fatal(&error).into(),
    }
}

/// The whole program but for the process around it.
pub(crate) fn run(cli: &Cli, environment: &Environment) -> ExitCode {
    let diagnostics = diagnostics::Diagnostics::new(cli, environment);
    match app::run(cli, environment, &diagnostics) {
        Ok(exit) => exit.into(),
        Err(error) => diagnostics.fatal(&error).into(),
    }
}
