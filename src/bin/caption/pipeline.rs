//! Captions the inputs, and passes outcomes and events on to the output, reports and standard
//! error.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use caption::{
    Answer, Captioner, Error, ErrorKind, Event, Input, Observer, Outcome, Shutdown, Status,
};
use futures_util::StreamExt;
use futures_util::stream::Stream;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::time::timeout;

use crate::config::Config;
use crate::exit_code::Exit;
use crate::inputs::{InputCount, InputResult};
use crate::render::queue::{OutputQueue, Waiting};
use crate::render::reports::Reports;
use crate::render::sidecar::{SidecarPlan, Sidecars};
use crate::render::{FormatKind, Renderer};
use crate::signals::{self, DELIVERY_PERIOD};
use crate::ui::diagnostics::Diagnostics;
use crate::ui::summary::Summary;

/// Destinations of a run, and its state so far.
pub(crate) struct Pipeline<'a> {
    config: &'a Config,
    diagnostics: &'a Diagnostics,
    count: &'a InputCount,
    renderer: Box<dyn Renderer>,
    output: &'a mut OutputQueue,
    reports: &'a mut Reports,
    started: Instant,
    summary: Summary,
    exit: Exit,
}

impl<'a> Pipeline<'a> {
    pub(crate) fn new(
        config: &'a Config,
        diagnostics: &'a Diagnostics,
        count: &'a InputCount,
        output: &'a mut OutputQueue,
        reports: &'a mut Reports,
    ) -> Self {
        let renderer = config.formats[0].renderer(&config.render_options());
        let (started, summary, exit) = (Instant::now(), Summary::default(), Exit::Success);
        Self { config, diagnostics, count, renderer, output, reports, started, summary, exit }
    }

    /// Captions the inputs until all are done, the run is interrupted, or the output cannot be
    /// written. Returns the exit code, and the error of the output.
    pub(crate) async fn run(
        mut self,
        captioner: &Captioner,
        inputs: impl Stream<Item = InputResult>,
        shutdown: Shutdown,
    ) -> (Exit, io::Result<()>) {
        let (diagnostics, interrupted) = (self.diagnostics, Cell::new(None));
        let signals = signals::observer(&shutdown, |exit| {
            interrupted.set(Some(exit));
            diagnostics
                .note("interrupted: what is under way has 5 s to end; once more ends it now");
        });
        let written = self.process(captioner, inputs, &shutdown, signals).await;
        diagnostics.progress.clear();
        match captioner.check_manifest() {
            Ok(change) => change.iter().for_each(|change| diagnostics.warn(change)),
            Err(error) => {
                self.exit = self.exit.max(Exit::Failed);
                diagnostics.problem(&format!("could not write the manifest ({error})"));
            }
        }
        self.exit = interrupted.get().unwrap_or(self.exit);
        let total = usize::try_from(self.summary.total()).ok();
        let has_all = self.count.total() == total && self.summary.not_tried() == 0;
        if written.is_err() || shutdown.is_draining() && !has_all {
            self.reports.cut_short();
        }
        if !is_closed_pipe(&written) {
            self.conclude(captioner);
        }
        (self.exit, written)
    }

    async fn process(
        &mut self,
        captioner: &Captioner,
        inputs: impl Stream<Item = InputResult>,
        shutdown: &Shutdown,
        signals: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (sender, mut events) = mpsc::unbounded_channel();
        let (config, diagnostics) = (self.config, self.diagnostics);
        let waiting = self.output.waiting();
        let worker = Worker { config, diagnostics, captioner, shutdown, waiting, events: sender };
        let number = Cell::new(0);
        let work = |input: Input| {
            number.set(number.get() + 1);
            worker.caption(input, number.get())
        };
        let mut outcomes = captioner.run(inputs, work);
        let mut signals = std::pin::pin!(signals);
        let mut written = Ok(());
        loop {
            tokio::select! {
                // Signals have their handlers before the first output.
                biased;
                () = &mut signals => return self.abandon().await,
                result = self.output.ended() => {
                    if !config.has_manifest() {
                        return result;
                    }
                    // Requests in flight are paid for, and kept in the manifest.
                    shutdown.drain_after(ErrorKind::Output);
                    written = result;
                }
                Some((name, event)) = events.recv() => self.event(&name, event)?,
                outcome = outcomes.next() => {
                    // The last pieces of a caption come before its outcome.
                    while let Ok((name, event)) = events.try_recv() {
                        self.event(&name, event)?;
                    }
                    let Some(outcome) = outcome else { break };
                    self.outcome(&outcome)?;
                }
            }
        }
        written?;
        self.output.complete();
        tokio::select! {
            result = self.output.ended() => result,
            () = signals => self.abandon().await,
        }
    }

    /// Ends the output without a wait for its reader.
    async fn abandon(&mut self) -> io::Result<()> {
        self.output.complete();
        timeout(DELIVERY_PERIOD, self.output.ended()).await.unwrap_or(Ok(()))
    }

    /// Prints what is known only at the end.
    fn conclude(&self, captioner: &Captioner) {
        if self.config.is_audit() && self.summary.skipped() > 0 {
            self.diagnostics
                .note("rules are not checked where a sidecar is there already; see --overwrite");
        }
        self.diagnostics.unmet_rules(self.count);
        if self.config.is_batch {
            self.diagnostics.failures();
            self.diagnostics.kept_sidecars();
            self.diagnostics.omitted(&self.config.input.search);
            if self.summary.total() > 0 {
                let (usage, usd) = (captioner.usage(), captioner.usd());
                let time = self.started.elapsed();
                self.diagnostics.result(&self.summary.line(time, usage, usd));
            }
        }
    }

    fn event(&mut self, name: &str, event: Event) -> io::Result<()> {
        let (progress, is_batch) = (&self.diagnostics.progress, self.config.is_batch);
        match event {
            Event::Sent { bytes, total } if !is_batch => progress.sent(bytes, total),
            Event::Window { done, total } if !is_batch => progress.windows(done, total),
            Event::Text(text) if self.shows_pieces() => {
                progress.clear();
                self.renderer.piece(&text, self.output)?;
                self.output.flush()?;
            }
            event => self.diagnostics.event(name, &event, is_batch),
        }
        Ok(())
    }

    /// True if a caption is printed while it arrives.
    fn shows_pieces(&self) -> bool {
        self.config.options.stream && !self.config.is_batch && self.config.output_file().is_none()
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        if !self.config.is_batch {
            self.diagnostics.progress.clear();
        }
        let written = self.write(outcome);
        // Without a reader, messages about its output are of no use.
        if is_closed_pipe(&written) {
            return written;
        }
        self.summary.count(outcome);
        self.reports.outcome(outcome);
        self.diagnose(outcome);
        if self.config.is_batch {
            self.diagnostics.progress.counted(&self.summary, self.count.total());
        }
        written
    }

    /// Writes the outcome to the output, unless it has sidecars.
    fn write(&mut self, outcome: &Outcome) -> io::Result<()> {
        if self.config.sidecars.is_some() {
            return Ok(());
        }
        self.diagnostics.progress.suspend(|| {
            self.renderer.outcome(outcome, self.output)?;
            self.output.flush()
        })
    }

    /// Prints findings and errors, and raises the exit code.
    fn diagnose(&mut self, outcome: &Outcome) {
        let (diagnostics, is_batch) = (self.diagnostics, self.config.is_batch);
        for finding in &outcome.findings {
            diagnostics.finding(&outcome.name, finding, is_batch);
        }
        if let Some(truncation) = outcome.truncation {
            diagnostics.truncated(&outcome.name, truncation, &outcome.findings);
        }
        if outcome.has_violation() {
            self.exit = self.exit.max(Exit::Broken);
        }
        if let Some(answer) = outcome.answer() {
            if answer.is_cut() {
                diagnostics.note(&format!("cut at --max-tokens: {}", outcome.name));
            }
            diagnostics.answered(outcome);
        }
        if outcome.is_not_tried() {
            self.exit = self.exit.max(Exit::Failed);
        } else if let Some(error) = outcome.error() {
            self.exit = self.exit.max(Exit::of_input(error));
            diagnostics.failure(&outcome.name, error, is_batch);
        }
        if let Some(error) = &outcome.manifest_error {
            self.exit = self.exit.max(Exit::Failed);
            diagnostics.problem(&format!(
                "could not write the manifest ({error}): {}; nothing more is asked",
                outcome.name
            ));
        }
    }
}

fn is_closed_pipe(written: &io::Result<()>) -> bool {
    written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Captions inputs; shared by all that are in flight.
struct Worker<'a> {
    config: &'a Config,
    diagnostics: &'a Diagnostics,
    captioner: &'a Captioner,
    shutdown: &'a Shutdown,
    waiting: Waiting,
    /// Receives the events with the names of their inputs.
    events: UnboundedSender<(Arc<str>, Event)>,
}

impl Worker<'_> {
    /// Captions one input and writes its sidecars.
    async fn caption(&self, input: Input, number: usize) -> Outcome {
        tokio::select! {
            biased;
            () = self.waiting.room() => {}
            // Its caption would wait for a reader that has stopped.
            () = self.shutdown.draining() => {
                let cause = self.shutdown.cause();
                return Outcome::new(input, Status::Failed(Error::NotTried { cause }));
            }
        }
        let outcome = self.outcome(input, number).await;
        match self.config.sidecars.clone() {
            Some(sidecars) => self.write_sidecars(sidecars, outcome).await,
            None => outcome,
        }
    }

    /// Writes sidecars on a thread of the blocking pool, since syncing them takes long. A sidecar
    /// that cannot be written fails its input.
    async fn write_sidecars(&self, sidecars: Arc<Sidecars>, outcome: Outcome) -> Outcome {
        let write = move || {
            let written = sidecars.write(&outcome);
            (outcome, written)
        };
        let written = tokio::task::spawn_blocking(write).await;
        let (mut outcome, written) = written.expect("writing a sidecar does not panic");
        if let Err(error) = written {
            // Later ones would fail in the same way.
            self.shutdown.drain_after(error.kind());
            outcome.status = Status::Failed(error);
        }
        outcome
    }

    /// Captions one input, unless all of its sidecars are kept.
    async fn outcome(&self, input: Input, number: usize) -> Outcome {
        let plan = self.config.sidecars.as_ref().map(|sidecars| sidecars.plan(&input));
        match plan {
            Some(SidecarPlan::Skip) => return Outcome::new(input, Status::Skipped),
            Some(SidecarPlan::Rewrite { is_stale }) => {
                let cached = self.captioner.caption_cached(&input, &Observer::none()).await;
                return cached.unwrap_or_else(|| {
                    self.diagnostics.kept_sidecar(&input.name, is_stale);
                    Outcome::new(input, Status::Skipped)
                });
            }
            Some(SidecarPlan::Caption) | None => {}
        }
        let (events, name) = (self.events.clone(), Arc::<str>::from(input.name.as_str()));
        if self.config.is_batch {
            self.diagnostics.progress.started(number, &name);
        }
        // Sending fails only after the end of the run.
        let observer = Observer::new(move |event| drop(events.send((name.clone(), event))));
        let outcome = self.captioner.caption(input, &observer).await;
        self.diagnostics.progress.ended(number);
        let needs_response = self.config.formats.contains(&FormatKind::Json);
        if needs_response { require_response(outcome) } else { outcome }
    }
}

/// Fails an outcome without the response that is to be printed, as for a caption that was streamed.
fn require_response(mut outcome: Outcome) -> Outcome {
    let is_missing = |answer: &Answer| match answer.windows.as_slice() {
        [] => answer.body.is_none(),
        windows => windows.iter().any(|window| window.body.is_none()),
    };
    outcome.status = match outcome.status {
        Status::Captioned(answer) | Status::Cached(answer) if is_missing(&answer) => {
            let (found, request_id) = ("a stream that was not asked for".to_owned(), None);
            let error = Error::UnexpectedResponse { status: 200, found, request_id };
            Status::Failed(error.with_received(answer.into()))
        }
        status => status,
    };
    outcome
}
