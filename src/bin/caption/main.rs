//! `caption song.mp3` prints what a recording sounds like.

use std::process::ExitCode;

use caption::MAX_AUTO_JOBS;

use crate::args::generate;
use crate::config::Config;
use crate::config::environment::DisplayConfig;
use crate::config::ineffective;
use crate::config::precedence::Settings;
use crate::exit_code::{Exit, WriteFailed};
use crate::ui::diagnostics::Diagnostics;

mod args;
mod config;
mod descriptors;
mod dry_run;
mod exit_code;
mod inputs;
mod pipeline;
mod platform;
mod render;
mod rule_coverage;
mod run;
mod signals;
mod ui;
mod worker;

fn main() -> ExitCode {
    hide_panics_of_decoders();
    let args: Vec<_> = std::env::args_os().collect();
    let settings = match Settings::read(&args) {
        Ok(settings) => settings,
        Err(error) => return Diagnostics::new(DisplayConfig::default()).fatal(&error).into(),
    };
    let diagnostics = Diagnostics::new(DisplayConfig::new(&settings.cli.general));
    settings.notes.iter().for_each(|note| diagnostics.notice(note));
    start(settings, &diagnostics).unwrap_or_else(|error| diagnostics.fatal(&error)).into()
}

/// Prints no panic of a decoder: it is an error of the file, which is told as such.
fn hide_panics_of_decoders() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !caption::is_decoding() {
            print(panic);
        }
    }));
}

fn start(settings: Settings, diagnostics: &Diagnostics) -> anyhow::Result<Exit> {
    if let Some(document) = settings.cli.general.generate {
        generate::print(document).map_err(WriteFailed)?;
        return Ok(Exit::Success);
    }
    ineffective::check_pattern(&settings.cli)?;
    let warnings = ineffective::warnings(&settings);
    let mut config = Config::new(settings)?;
    for warning in warnings {
        diagnostics.warn(&warning);
    }
    if let Some(limit) = descriptors::raise_limit() {
        let most = config.jobs.unwrap_or(MAX_AUTO_JOBS);
        let jobs = descriptors::jobs_within(limit, most);
        if jobs < most {
            if config.jobs.is_some() {
                diagnostics.note(&format!(
                    "--jobs {most} is lowered to {jobs}: no more than {limit} files may be open (ulimit -n)"
                ));
            }
            config.jobs = Some(jobs);
        }
    }
    run::run(&config, diagnostics)
}
