//! Batch: many inputs to outcomes, several at a time, in the order of the inputs.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

use super::Captioner;
use super::in_order::InOrder;
use crate::error::{Error, ErrorKind};
use crate::input::{Input, InputError};
use crate::outcome::{Outcome, Status};
use crate::progress::Observer;

/// Inputs per job that are under way: more than one, since an input that waits for another one
/// lends its permit.
const INPUTS_PER_JOB: usize = 16;

/// Inputs in progress and outcomes that wait for an earlier one: enough for 40 captions a second
/// beside a request of 20 minutes, and few enough for memory.
const MAX_WAITING: usize = 50_000;

/// Time that the search has to find the next input after the start of a drain.
const SEARCH_GRACE: Duration = Duration::from_millis(250);

impl Captioner {
    /// Captions many inputs and returns the outcomes in the order of the inputs. At most
    /// [`jobs`](crate::captioner::CaptionerOptions::jobs) inputs are in progress; memory does not
    /// depend on their number. After an error with [`Effect::StopRun`](crate::error::Effect), such
    /// as a refused key, the inputs that were not started fail with [`Error::NotTried`].
    ///
    /// The stream is read with `futures_util::StreamExt::next`.
    pub fn caption_all<'a, S>(
        &'a self,
        inputs: S,
        observer: &Observer,
    ) -> impl Stream<Item = Outcome> + Unpin + use<'a, S>
    where
        S: Stream<Item = Result<Input, InputError>> + 'a,
    {
        let observer = observer.clone();
        let run = self.run(inputs, move |input| {
            let observer = observer.clone();
            async move { self.caption(input, &observer).await }
        });
        Box::pin(stream::unfold(run, async |mut run| {
            while !run.is_ready() && run.advance().await.is_some() {}
            run.take().map(|outcome| (outcome, run))
        }))
    }

    /// Does `work` for many inputs. `work` is expected to call [`caption`](Self::caption).
    ///
    /// Once the [shutdown](Self::with_shutdown) drains, inputs that were not started fail with
    /// [`Error::NotTried`]; a list that is still being written is not waited for. Once it
    /// ends, the inputs in progress fail as interrupted. An outcome with
    /// [`Effect::StopRun`](crate::error::Effect) drains it, and so does a manifest that cannot be
    /// written.
    pub fn run<'a, W>(
        &'a self,
        inputs: impl Stream<Item = Result<Input, InputError>> + 'a,
        work: impl Fn(Input) -> W + 'a,
    ) -> Run<'a>
    where
        W: Future<Output = Outcome> + 'a,
    {
        let places = Arc::new(Semaphore::new(MAX_WAITING));
        let (work, free) = (Arc::new(work), places.clone());
        // Acquired here, so that inputs start in their order.
        let permits = move |input| {
            let free = free.clone();
            async move {
                // Given back with the outcome.
                if let Ok(permit) = free.acquire().await {
                    permit.forget();
                }
                (input, self.input_permit().await)
            }
        };
        let outcome = move |(number, (input, permit)): (usize, (Result<Input, InputError>, _))| {
            let work = work.clone();
            // It has 20 kB, and is moved several times.
            Box::pin(async move {
                let outcome = match input {
                    Ok(input) => self.run_one(input.clone(), work(input), permit).await,
                    Err(error) => Outcome::from(error),
                };
                (number, outcome)
            })
        };
        let limit = self.limits.parallel.saturating_mul(INPUTS_PER_JOB);
        let inputs = self.until_drained(inputs).then(permits).enumerate();
        let completed = inputs.map(outcome).buffer_unordered(limit);
        Run { completed: Box::pin(completed), in_order: InOrder::default(), places }
    }

    /// Inputs, also after the start of a drain: all that are found without a wait, as in a folder.
    fn until_drained<'a, T: 'a>(
        &'a self,
        inputs: impl Stream<Item = T> + 'a,
    ) -> impl Stream<Item = T> + 'a {
        let next = move |mut inputs: Pin<Box<dyn Stream<Item = T> + 'a>>| async move {
            let too_late = async {
                self.shutdown.draining().await;
                sleep(SEARCH_GRACE).await;
            };
            let next = tokio::select! {
                biased;
                next = inputs.next() => next,
                () = too_late => None,
            };
            next.map(|next| (next, inputs))
        };
        stream::unfold(Box::pin(inputs) as Pin<Box<dyn Stream<Item = T> + 'a>>, next)
    }

    /// Permit to start an input; `None` once the shutdown drains.
    async fn input_permit(&self) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            biased;
            () = self.shutdown.draining() => None,
            permit = self.limits.inputs.acquire() => permit.ok(),
        }
    }

    /// Does the work of one input, which holds the permit to start until then.
    async fn run_one(
        &self,
        input: Input,
        work: impl Future<Output = Outcome>,
        permit: Option<SemaphorePermit<'_>>,
    ) -> Outcome {
        let Some(_permit) = permit else {
            let cause = self.shutdown.cause();
            return Outcome::new(input, Status::Failed(Error::NotTried { cause }));
        };
        tokio::select! {
            outcome = work => {
                // At once, and not when the outcome is delivered in the order of the inputs.
                if outcome.stops_run() {
                    let cause = outcome.error().map_or(ErrorKind::Output, Error::kind);
                    self.shutdown.drain_after(cause);
                }
                outcome
            }
            () = self.shutdown.ended() => {
                Outcome::new(input, Status::Failed(Error::Interrupted))
            }
        }
    }
}

/// Inputs in progress, and outcomes in the order of the inputs. A slow input does not delay the
/// others: their outcomes wait for it.
#[must_use]
pub struct Run<'a> {
    completed: Pin<Box<dyn Stream<Item = (usize, Outcome)> + 'a>>,
    in_order: InOrder,
    /// One permit for each further input.
    places: Arc<Semaphore>,
}

impl Run<'_> {
    /// Works on the inputs until the next one is done, in any order, and returns its outcome, whose
    /// texts may be in a temporary file until [`take`](Self::take). Returns `None` once all are
    /// done. A call that is dropped loses nothing.
    pub async fn advance(&mut self) -> Option<&Outcome> {
        let (number, outcome) = self.completed.next().await?;
        Some(self.in_order.insert(number, outcome))
    }

    /// True if [`take`](Self::take) returns an outcome.
    pub fn is_ready(&self) -> bool {
        self.in_order.is_ready()
    }

    /// Removes the next outcome in the order of the inputs. `None` if its input is still in
    /// progress, or if there is none.
    pub fn take(&mut self) -> Option<Outcome> {
        let outcome = self.in_order.take()?;
        self.places.add_permits(1);
        Some(outcome)
    }
}
