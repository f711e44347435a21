//! One run: from the resolved settings to the exit code.

use std::io;
use std::sync::Arc;

use caption::{Captioner, Shutdown, blocking_threads};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::runtime::{self, Runtime};

use crate::config::Config;
use crate::dry_run;
use crate::inputs::{self, InputCount, InputIter, InputResult};
use crate::pipeline::Pipeline;
use crate::render::reports::Reports;
use crate::render::sidecar::Sidecars;
use crate::render::sink::Sink;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::hints::{Exit, WriteFailed};

/// Parts of a run that its work shares.
struct Run<'a> {
    config: &'a Config,
    diagnostics: &'a Diagnostics,
    captioner: Captioner,
    shutdown: Shutdown,
    sidecars: Option<Sidecars>,
    count: Arc<InputCount>,
}

/// Runs the program and returns its exit code.
pub(crate) fn run(config: &Config, diagnostics: &Diagnostics) -> anyhow::Result<Exit> {
    let count = Arc::new(InputCount::default());
    let found = inputs::find(&config.input, &count)?;
    let shutdown = Shutdown::new();
    let captioner = config.captioner(diagnostics, &shutdown)?;
    let sidecars = config.sidecars()?;
    let inputs = inputs(config, found, sidecars.as_ref(), &count)?;
    let mut reports = Reports::open(config.reports(diagnostics))?;
    let mut sink = Sink::open(config.output_file(), !reports.is_empty())?;
    let run = Run { config, diagnostics, captioner, shutdown, sidecars, count: count.clone() };
    let (exit, written) = run.execute(inputs, &mut sink, &mut reports)?;
    if written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        return Ok(Exit::Success);
    }
    if exit == Exit::Success && count.is_zero() && !config.input.allow_empty {
        return Err(config.input.nothing_found());
    }
    let exit = exit.max(reports.finish(diagnostics));
    // The captions are paid for by now, so an earlier error matters more than this one.
    Ok(match written.and_then(|()| sink.finish()) {
        Ok(()) => exit,
        Err(e) => exit.max(diagnostics.fatal(&WriteFailed(e).into())),
    })
}

/// Inputs while the search finds them; or all at once for one input, and for sidecars, whose paths
/// are checked before the first request.
fn inputs(
    config: &Config,
    found: InputIter,
    sidecars: Option<&Sidecars>,
    count: &Arc<InputCount>,
) -> anyhow::Result<impl Stream<Item = InputResult> + use<>> {
    if config.is_batch && sidecars.is_none() {
        return Ok(inputs::in_background(found, count.clone()).left_stream());
    }
    let found = inputs::at_once(found, count);
    if let Some(sidecars) = sidecars {
        sidecars.check(found.iter().flatten(), config.overwrite_check.clone())?;
        let paths = found.iter().flatten().flat_map(|input| sidecars.paths(input));
        config.check_confined(paths.map(|(_, path)| path))?;
        if !config.is_dry_run {
            sidecars.prepare(found.iter().flatten())?;
        }
    }
    Ok(stream::iter(found).right_stream())
}

impl Run<'_> {
    /// Lists or captions the inputs. Also returns the error that ended the output early.
    fn execute(
        self,
        inputs: impl Stream<Item = InputResult>,
        sink: &mut Sink,
        reports: &mut Reports,
    ) -> io::Result<(Exit, io::Result<()>)> {
        let Self { config, diagnostics, captioner, shutdown, sidecars, count } = self;
        let runtime = runtime()?;
        if config.is_dry_run {
            let list =
                dry_run::list(&captioner, config, sidecars.as_ref(), inputs, diagnostics, sink);
            return Ok(match finish(runtime, list) {
                Ok(exit) => (exit, Ok(())),
                Err(e) => (Exit::Success, Err(e)),
            });
        }
        let pipeline = Pipeline::new(config, diagnostics, count, sidecars, sink, reports);
        Ok(finish(runtime, pipeline.run(&captioner, inputs, shutdown)))
    }
}

/// Runtime on one thread, which only ever waits for the network; blocking work has its own threads.
fn runtime() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads())
        .build()
}

/// Runs to the end, but does not wait for a read of standard input that may never return.
fn finish<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}
