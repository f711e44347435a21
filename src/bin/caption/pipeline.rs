//! Captions the inputs, and passes outcomes and events on to the output, reports and standard
//! error.

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Instant;

use caption::{Answer, Captioner, ErrorKind, Event, Input, Outcome, Shutdown};
use futures_util::stream::Stream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::config::Config;
use crate::exit_code::Exit;
use crate::inputs::{InputCount, InputResult};
use crate::render::queue::OutputQueue;
use crate::render::reports::Reports;
use crate::render::{End, Renderer};
use crate::signals::{self, DELIVERY_PERIOD};
use crate::ui::diagnostics::Diagnostics;
use crate::ui::log_clock::LogClock;
use crate::ui::status::RunStatus;
use crate::ui::summary::{Summary, cost};
use crate::worker::Worker;

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
    status: RunStatus,
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
        Self {
            config,
            diagnostics,
            count,
            renderer,
            output,
            reports,
            started: Instant::now(),
            summary: Summary::default(),
            status: RunStatus::new(),
            exit: Exit::Success,
        }
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
        // Nobody waits for the rest of a caption that is watched.
        let ends_at_once = self.shows_pieces();
        let signals = signals::observer(&shutdown, ends_at_once, |exit| {
            interrupted.set(Some(exit));
            if !ends_at_once {
                diagnostics
                    .note("interrupted; finishing requests (up to 5 s), Ctrl-C again to quit now");
            }
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
        if interrupted.get().is_some() && (ends_at_once || self.config.is_batch && !has_all) {
            diagnostics.interrupted(ends_at_once, self.config.keeps_captions());
        }
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
        let mut run = captioner.run(inputs, work);
        let mut signals = std::pin::pin!(signals);
        let (mut written, mut is_done) = (Ok(()), false);
        let mut clock = LogClock::new(self.diagnostics.progress_display());
        if config.is_batch {
            diagnostics.progress.counted(self.status.summary(), self.count.total());
        } else {
            diagnostics.progress.working("reading");
        }
        while !is_done || run.is_ready() {
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
                _ = worker.has_room(), if run.is_ready() => {
                    // The last pieces of a caption come before its outcome.
                    while let Ok((name, event)) = events.try_recv() {
                        self.event(&name, event)?;
                    }
                    if let Some(outcome) = run.take() {
                        self.outcome(&outcome)?;
                    }
                }
                completed = run.advance(), if !is_done => match completed {
                    Some(outcome) => self.completed(outcome),
                    None => is_done = true,
                },
                () = clock.tick() => self.log(captioner),
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
        self.renderer.finish(End::CutShort, self.output)?;
        self.output.complete();
        timeout(DELIVERY_PERIOD, self.output.ended()).await.unwrap_or(Ok(()))
    }

    /// Prints what is known only at the end.
    fn conclude(&self, captioner: &Captioner) {
        if self.config.is_audit() && self.summary.skipped() > 0 {
            self.diagnostics
                .note("inputs with an existing sidecar were not audited; see --overwrite");
        }
        self.diagnostics.unmet_rules(self.count);
        if self.config.is_batch {
            self.diagnostics.more_tracks();
            self.diagnostics.failures(self.summary.not_tried());
            self.diagnostics.kept_sidecars();
            self.diagnostics.omitted(&self.config.input, self.count.total().is_some());
            if self.summary.total() > 0 {
                let line = self.summary.line(self.started.elapsed(), &captioner.spending());
                self.diagnostics.result(&line);
            }
        }
    }

    /// Prints the state of the run.
    fn log(&mut self, captioner: &Captioner) {
        let (total, cost) = (self.count.total(), cost(&captioner.spending()));
        if let Some(line) = self.status.line(self.config.is_batch, total, cost) {
            self.diagnostics.status(&line);
        }
    }

    /// Shows that one more input is done, whose outcome may wait for an earlier one.
    fn completed(&mut self, outcome: &Outcome) {
        self.status.count(outcome);
        if self.config.is_batch {
            let progress = &self.diagnostics.progress;
            progress.counted(self.status.summary(), self.count.total());
            progress.waiting(self.status.wait_reason());
        }
    }

    fn event(&mut self, name: &str, event: Event) -> io::Result<()> {
        let (progress, is_batch) = (&self.diagnostics.progress, self.config.is_batch);
        let begins_wait = self.status.event(&event);
        if is_batch {
            progress.waiting(self.status.wait_reason());
        }
        match event {
            Event::Sent { bytes, total } if !is_batch => progress.sent(bytes, total),
            Event::Window { done, total } if !is_batch => progress.windows(done, total),
            Event::Text(text) if self.shows_pieces() => {
                progress.clear();
                self.renderer.piece(&text, self.output)?;
                self.output.flush()?;
            }
            event => self.diagnostics.event(name, &event, begins_wait || !is_batch),
        }
        Ok(())
    }

    /// True if a caption is printed while it arrives.
    fn shows_pieces(&self) -> bool {
        self.config.options.stream
            && !self.config.is_batch
            && self.config.output_file().is_none()
            && self.config.render_options().sentences.is_none()
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
        let options = self.config.render_options();
        let is_cut = |answer: &Answer| answer.is_cut() && !options.leaves_out_end(answer);
        diagnostics.outcome(outcome, outcome.answer().is_some_and(is_cut), is_batch);
        if outcome.has_violation() {
            self.exit = self.exit.max(Exit::Broken);
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
                "could not write the manifest ({error}): {}; no more requests are sent",
                outcome.name
            ));
        }
    }
}

fn is_closed_pipe(written: &io::Result<()>) -> bool {
    written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
