//! Captions one input of a run, and writes its sidecars.

use std::sync::Arc;

use caption::{Answer, Captioner, Error, Event, Input, Observer, Outcome, Shutdown, Status};
use tokio::sync::mpsc::UnboundedSender;

use crate::config::Config;
use crate::render::FormatKind;
use crate::render::queue::Waiting;
use crate::render::sidecar::{SidecarPlan, Sidecars};
use crate::ui::diagnostics::Diagnostics;

/// Captions inputs; shared by all that are in flight.
pub(crate) struct Worker<'a> {
    pub(crate) config: &'a Config,
    pub(crate) diagnostics: &'a Diagnostics,
    pub(crate) captioner: &'a Captioner,
    pub(crate) shutdown: &'a Shutdown,
    pub(crate) waiting: Waiting,
    /// Receives the events with the names of their inputs.
    pub(crate) events: UnboundedSender<(Arc<str>, Event)>,
}

impl Worker<'_> {
    /// Captions one input and writes its sidecars.
    pub(crate) async fn caption(&self, input: Input, number: usize) -> Outcome {
        if !self.has_room().await {
            // Its caption would wait for a reader that has stopped.
            let cause = self.shutdown.cause();
            return Outcome::new(input, Status::Failed(Error::NotTried { cause }));
        }
        let outcome = self.outcome(input, number).await;
        match self.config.sidecars.clone() {
            Some(sidecars) => self.write_sidecars(sidecars, outcome).await,
            None => outcome,
        }
    }

    /// Waits until the output has room for more text, and returns true; or until the run drains.
    pub(crate) async fn has_room(&self) -> bool {
        tokio::select! {
            biased;
            () = self.waiting.room() => true,
            () = self.shutdown.draining() => false,
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
