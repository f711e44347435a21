//! One run: from the resolved settings to the exit code.

use std::io;
use std::sync::Arc;

use anyhow::bail;
use caption::{BLOCKING_STACK, Shutdown, blocking_threads};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::runtime;

use crate::config::Config;
use crate::dry_run;
use crate::exit_code::{Exit, WriteFailed};
use crate::inputs::{self, InputCount, InputIter, InputResult};
use crate::pipeline::Pipeline;
use crate::platform::stdout_is_closed;
use crate::render::queue::OutputQueue;
use crate::render::reports::Reports;
use crate::render::sink::Sink;
use crate::signals::unless_interrupted;
use crate::ui::diagnostics::Diagnostics;

/// Runs the program and returns its exit code.
pub(crate) fn run(config: &Config, diagnostics: &Diagnostics) -> anyhow::Result<Exit> {
    if config.prints() && stdout_is_closed() {
        bail!("standard output is closed; name a file with -o");
    }
    let count = Arc::new(InputCount::new(&config.rules));
    let found = inputs::find(&config.input, &count)?;
    let shutdown = Shutdown::new();
    if config.is_batch {
        diagnostics.progress.working("searching");
    }
    let inputs = wait(unless_interrupted(inputs(config, found)))?;
    diagnostics.progress.clear();
    let inputs = match inputs {
        Ok(inputs) => inputs?,
        Err(exit) => return Ok(exit),
    };
    // After the checks of the outputs, since it creates the manifest.
    let captioner = config.captioner(diagnostics, &shutdown)?;
    let mut reports = Reports::open(config.reports(diagnostics), &config.rules)?;
    let sink = Sink::open(config.output_file(), !reports.is_empty())?;
    let mut output = OutputQueue::new(sink);
    let (exit, written) = wait(async {
        if config.is_dry_run {
            let list = dry_run::list(&captioner, config, inputs, &count, diagnostics, &mut output);
            let ended = unless_interrupted(list).await;
            // Those of a list that was interrupted.
            diagnostics.failures(0);
            return match ended {
                Ok(Ok(exit)) | Err(exit) => (exit, Ok(())),
                Ok(Err(e)) => (Exit::Success, Err(e)),
            };
        }
        let pipeline = Pipeline::new(config, diagnostics, &count, &mut output, &mut reports);
        pipeline.run(&captioner, inputs, shutdown).await
    })?;
    if written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        return Ok(Exit::Success);
    }
    if exit == Exit::Success && count.is_zero() && !config.input.allow_empty {
        return Err(config.input.nothing_found());
    }
    let exit = exit.max(reports.finish(diagnostics));
    // The captions are paid for by now, so an earlier error matters more than this one.
    Ok(match written.and_then(|()| output.finish()) {
        Ok(()) => exit,
        Err(e) => exit.max(diagnostics.fatal(&WriteFailed(e).into())),
    })
}

/// Inputs while the search finds them; or all at once for one input, and for sidecars, whose paths
/// are checked before the first request.
async fn inputs(
    config: &Config,
    found: InputIter,
) -> anyhow::Result<impl Stream<Item = InputResult> + use<>> {
    if config.is_batch && config.sidecars.is_none() {
        return Ok(inputs::in_background(found).left_stream());
    }
    let found: Vec<_> = match config.sidecars {
        Some(_) => inputs::in_background(found).collect().await,
        None => found.collect(),
    };
    if let Some(sidecars) = &config.sidecars {
        sidecars.check(found.iter().flatten(), config.overwrite_check.clone())?;
        if !config.is_dry_run {
            sidecars.prepare(found.iter().flatten())?;
        }
    }
    Ok(stream::iter(found).right_stream())
}

/// Runs on one thread, which only ever waits for the network; blocking work has its own threads. A
/// read of standard input that may never return is not waited for at the end.
fn wait<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads())
        .thread_stack_size(BLOCKING_STACK)
        .build()?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(result)
}
