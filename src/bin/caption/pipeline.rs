//! Takes captions and news as they come to where they belong.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;

use caption::captioner::Captioner;
use caption::client::answer::Answer;
use caption::error::{Effect, Error};
use caption::input::{Input, InputResult};
use caption::outcome::{Outcome, Status};
use caption::progress::{Event, Observer};
use caption::shutdown::Shutdown;
use futures_util::StreamExt;
use futures_util::stream::Stream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::inputs::Count;
use crate::render::Renderer;
use crate::render::reports::Reports;
use crate::render::sidecar::Sidecars;
use crate::signals;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::events;
use crate::ui::hints::Exit;
use crate::ui::summary::Summary;

/// Where everything goes, and what has come so far.
#[expect(clippy::struct_excessive_bools, reason = "what was asked for")]
pub(crate) struct Pipeline<'a, W> {
    pub(crate) renderer: Box<dyn Renderer>,
    pub(crate) output: W,
    pub(crate) sidecars: Option<Sidecars>,
    pub(crate) diagnostics: &'a Diagnostics,
    pub(crate) count: Arc<Count>,
    pub(crate) is_batch: bool,
    pub(crate) shows_pieces: bool,
    pub(crate) wants_response: bool,
    /// Whether there are rules that somebody made.
    pub(crate) is_audit: bool,
    pub(crate) summary: Summary,
    pub(crate) reports: &'a mut Reports,
    pub(crate) exit: Exit,
}

/// Something that happened to the input of a number.
struct WorkerEvent {
    number: usize,
    name: Arc<str>,
    what: What,
}

enum What {
    Started,
    Event(Event),
    Ended,
}

impl<W: Write> Pipeline<'_, W> {
    /// Captions the inputs and delivers what comes of them, as far as the output
    /// can be written.
    pub(crate) async fn deliver(
        mut self,
        captioner: &Captioner,
        inputs: impl Stream<Item = InputResult>,
        shutdown: Shutdown,
    ) -> (Exit, io::Result<()>) {
        let (sender, mut news) = mpsc::unbounded_channel();
        let worker = Worker {
            captioner,
            sidecars: self.sidecars.clone(),
            wants_response: self.wants_response,
            news: sender,
            shutdown: &shutdown,
        };
        let numbers = Cell::new(0);
        let work = |input: Input| {
            numbers.set(numbers.get() + 1);
            worker.caption(input, numbers.get())
        };
        let mut outcomes = std::pin::pin!(captioner.run(inputs, work));
        let (diagnostics, is_interrupted) = (self.diagnostics, Cell::new(false));
        let mut signals = std::pin::pin!(signals::observer(&shutdown, || {
            is_interrupted.set(true);
            diagnostics
                .note("interrupted: what is under way has 5 s to end; once more ends it now");
        }));
        let written = async {
            loop {
                tokio::select! {
                    Some(news) = news.recv() => self.news(news)?,
                    outcome = outcomes.next() => {
                        self.pending_news(&mut news)?;
                        let Some(outcome) = outcome else { break };
                        self.outcome(outcome, &shutdown)?;
                    }
                    () = &mut signals => break,
                }
            }
            io::Result::Ok(())
        };
        let written = written.await;
        diagnostics.progress.clear();
        let all = self.count.total();
        if written.is_err()
            || shutdown.is_draining() && all != usize::try_from(self.summary.done()).ok()
        {
            self.reports.cut_short();
        }
        if written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
            return (Exit::Success, written);
        }
        if self.is_audit && self.summary.skipped() > 0 {
            diagnostics.note("rules are not checked where a sidecar is there already; see --force");
        }
        if self.is_batch {
            diagnostics.failures();
            if self.summary.done() > 0 {
                diagnostics.summary(&self.summary, &captioner.spent(), all);
            }
        }
        (if is_interrupted.get() { Exit::Interrupted } else { self.exit }, written)
    }

    /// The last pieces of a caption are told together with its end.
    fn pending_news(&mut self, news: &mut UnboundedReceiver<WorkerEvent>) -> io::Result<()> {
        while let Ok(news) = news.try_recv() {
            self.news(news)?;
        }
        Ok(())
    }

    fn news(&mut self, WorkerEvent { number, name, what }: WorkerEvent) -> io::Result<()> {
        let progress = &self.diagnostics.progress;
        match what {
            What::Started if self.is_batch => progress.started(number, &name),
            What::Ended => progress.ended(number),
            What::Event(Event::Sent { bytes, total }) if !self.is_batch => {
                progress.sent(bytes, total);
            }
            What::Event(Event::Window { done, total }) if !self.is_batch => {
                progress.windows(done, total);
            }
            What::Event(Event::Text(text)) if self.shows_pieces => {
                progress.clear();
                self.renderer.piece(&text, &mut self.output)?;
                self.output.flush()?;
            }
            What::Event(event) => events::tell(self.diagnostics, self.is_batch, &name, &event),
            What::Started => {}
        }
        Ok(())
    }

    fn outcome(&mut self, mut outcome: Outcome, shutdown: &Shutdown) -> io::Result<()> {
        if !self.is_batch {
            self.diagnostics.progress.clear();
        }
        let (renderer, output) = (&mut self.renderer, &mut self.output);
        let mut written = Ok(());
        match &self.sidecars {
            Some(sidecars) => {
                if let Err(error) = sidecars.write(&outcome) {
                    // The others would be lost in the same way.
                    shutdown.drain();
                    outcome.status = Status::Failed(error);
                }
            }
            None => {
                written = self.diagnostics.progress.suspend(|| {
                    renderer.outcome(&outcome, output)?;
                    output.flush()
                });
            }
        }
        // Where nobody reads and nothing else is wanted, nothing is said.
        if written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
            return written;
        }
        self.summary.count(&outcome);
        self.reports.outcome(&outcome);
        for finding in &outcome.findings {
            self.diagnostics.finding(&outcome.name, finding, self.is_batch);
        }
        if outcome.is_broken() {
            self.exit = self.exit.max(Exit::Broken);
        }
        match &outcome.status {
            Status::Captioned(answer) | Status::Cached(answer) => {
                if answer.finish_reason.as_deref() == Some("length") {
                    self.diagnostics.note(&format!("cut at --max-tokens: {}", outcome.name));
                }
                self.diagnostics.answered(&outcome);
            }
            Status::Failed(error) => self.failed(&outcome, error),
            _ => {}
        }
        if let Some(error) = &outcome.manifest_error {
            self.exit = self.exit.max(Exit::Failed);
            self.diagnostics.manifest_error(&outcome, error);
        }
        if self.is_batch {
            self.diagnostics.progress.counted(&self.summary, self.count.total());
        }
        written
    }

    fn failed(&mut self, outcome: &Outcome, error: &Error) {
        self.exit = self.exit.max(Exit::of_input(error));
        self.diagnostics.failure(&outcome.name, error, self.is_batch);
    }
}

/// What the inputs under way share.
struct Worker<'a> {
    captioner: &'a Captioner,
    sidecars: Option<Sidecars>,
    wants_response: bool,
    news: UnboundedSender<WorkerEvent>,
    shutdown: &'a Shutdown,
}

impl Worker<'_> {
    /// Captions one input, unless all that would be written for it is there.
    async fn caption(&self, input: Input, number: usize) -> Outcome {
        if self.sidecars.as_ref().is_some_and(|sidecars| sidecars.exist(&input)) {
            return Outcome::of(input, Status::Skipped);
        }
        let (news, name) = (self.news.clone(), Arc::<str>::from(input.name.as_str()));
        // Nobody listens any more only once the run is over.
        let tell = move |what| {
            let _ = news.send(WorkerEvent { number, name: name.clone(), what });
        };
        tell(What::Started);
        let events = tell.clone();
        let observer = Observer::new(move |event| events(What::Event(event)));
        let outcome = self.captioner.caption(input, &observer).await;
        tell(What::Ended);
        // At once, and not when it is its turn to be delivered.
        if ends_the_run(&outcome) {
            self.shutdown.drain();
        }
        if self.wants_response { with_response(outcome) } else { outcome }
    }
}

/// True if the other inputs would fail in the same way.
fn ends_the_run(outcome: &Outcome) -> bool {
    let effect = outcome.error().map(Error::effect);
    outcome.manifest_error.is_some() || effect == Some(Effect::StopRun)
}

/// Where the response is what was asked for, a caption that came in pieces is none.
fn with_response(mut outcome: Outcome) -> Outcome {
    let is_missing = |answer: &Answer| match answer.windows.as_slice() {
        [] => answer.body.is_none(),
        windows => windows.iter().any(|window| window.body.is_none()),
    };
    if outcome.answer().is_some_and(is_missing) {
        let (found, request_id) = ("a stream that was not asked for".to_owned(), None);
        outcome.status =
            Status::Failed(Error::UnexpectedResponse { status: 200, found, request_id });
    }
    outcome
}
