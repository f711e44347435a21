//! Puts the parts together and lets them run.

use std::io;
use std::sync::Arc;

use anyhow::bail;
use caption::{Shutdown, blocking_threads};
use clap::CommandFactory;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::runtime::Runtime;

use crate::args::Cli;
use crate::args::generate;
use crate::config::Config;
use crate::config::environment::Environment;
use crate::dry_run;
use crate::inputs::{self, Count};
use crate::inputs::{InputIter, InputResult};
use crate::pipeline::Pipeline;
use crate::render::reports::Reports;
use crate::render::sidecar::Sidecars;
use crate::render::sink::Sink;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::hints::{Exit, WriteFailed};

/// From the command line to the exit code.
pub(crate) fn run(
    cli: &Cli,
    environment: &Environment,
    diagnostics: &Diagnostics,
) -> anyhow::Result<Exit> {
    if let Some(what) = cli.general.generate {
        generate::print(what).map_err(WriteFailed)?;
        return Ok(Exit::Success);
    }
    if cli.inputs.is_empty() && cli.search.files_from.is_none() {
        return no_input(environment);
    }
    if environment.stdin_is_terminal && cli.inputs.iter().any(|operand| operand == "-") {
        bail!("standard input is a terminal: pipe sound into it, or name a file");
    }
    let config = Config::new(cli, environment)?;
    let count = Arc::new(Count::default());
    let found = inputs::search(cli, &count)?;
    let shutdown = Shutdown::new();
    let captioner = config.captioner(diagnostics, &shutdown)?;
    let sidecars = config.sidecars()?;
    let inputs = inputs(&config, found, sidecars.as_ref(), &count)?;
    let mut reports = Reports::open(&config.reports(diagnostics), environment)?;
    let mut sink = Sink::open(config.output_file(), environment, !reports.is_empty())?;
    // One thread does: it only ever waits for the network. A few more wait for the disk or decode.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads())
        .build()?;
    let (exit, written) = if cli.money.dry_run {
        let list =
            dry_run::list(&captioner, &config, sidecars.as_ref(), inputs, diagnostics, &mut sink);
        match finish(runtime, list) {
            Ok(exit) => (exit, Ok(())),
            Err(e) => (Exit::Success, Err(e)),
        }
    } else {
        let pipeline =
            Pipeline::new(&config, diagnostics, count.clone(), sidecars, &mut sink, &mut reports);
        finish(runtime, pipeline.run(&captioner, inputs, shutdown))
    };
    if written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        return Ok(Exit::Success);
    }
    if exit == Exit::Success && count.is_zero() && !cli.search.allow_empty {
        return nothing_found(cli);
    }
    let exit = exit.max(reports.finish(diagnostics));
    // By now it was paid for, and what went wrong before matters more.
    Ok(match written.and_then(|()| sink.finish()) {
        Ok(()) => exit,
        Err(e) => exit.max(diagnostics.fatal(&WriteFailed(e).into())),
    })
}

fn no_input(environment: &Environment) -> anyhow::Result<Exit> {
    if environment.stdin_is_terminal {
        let usage = Cli::command().render_usage();
        bail!("no input: name a file, a URL, or - for standard input ({usage}; see --help)");
    }
    bail!("no input; to read sound from standard input, say caption -");
}

fn nothing_found(cli: &Cli) -> anyhow::Result<Exit> {
    let mut searched: Vec<_> = cli.inputs.iter().map(|input| input.to_string_lossy()).collect();
    searched.extend(cli.search.files_from.iter().map(|path| path.to_string_lossy()));
    bail!(
        "nothing to caption: no audio in {}; name a file, or say --allow-empty",
        searched.join(", ")
    );
}

/// The inputs as they are found; or all at once where there is only one, or where it has to be
/// known which ones they are before the first request.
fn inputs(
    config: &Config<'_>,
    found: InputIter,
    sidecars: Option<&Sidecars>,
    count: &Arc<Count>,
) -> anyhow::Result<impl Stream<Item = InputResult> + use<>> {
    if config.is_batch && sidecars.is_none() {
        return Ok(inputs::in_background(found, count.clone()).left_stream());
    }
    let found = inputs::at_once(found, count);
    if let Some(sidecars) = sidecars {
        sidecars.check(found.iter().flatten(), config.overwrite_check.clone())?;
        let paths = found.iter().flatten().flat_map(|input| sidecars.paths(input));
        config.keep_inside(paths.map(|(_, path)| path))?;
        if !config.is_dry_run() {
            sidecars.prepare(found.iter().flatten())?;
        }
    }
    Ok(stream::iter(found).right_stream())
}

/// Runs to the end, but not on for a read of standard input that may never return.
fn finish<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}
