//! Batch: many inputs to outcomes, several at a time, in the order of the inputs.

use futures_util::stream::{Stream, StreamExt};

use crate::captioner::Captioner;
use crate::error::Error;
use crate::input::{Input, InputError};
use crate::outcome::{Outcome, Status};
use crate::progress::Observer;

/// Outcomes per job that may wait for a slow one before them: enough that one slow request does
/// not idle the others, and few enough for memory.
const MAX_WAITING: usize = 16;

impl Captioner {
    /// Captions many inputs and returns the outcomes in the order of the inputs. At most
    /// [`jobs`](crate::captioner::CaptionerOptions::jobs) inputs are in progress; memory does not
    /// depend on their number.
    pub fn caption_all<'a, S>(
        &'a self,
        inputs: S,
        observer: &Observer,
    ) -> impl Stream<Item = Outcome> + Unpin + use<'a, S>
    where
        S: Stream<Item = Result<Input, InputError>> + 'a,
    {
        let observer = observer.clone();
        self.run(inputs, move |input| {
            let observer = observer.clone();
            async move { self.caption(input, &observer).await }
        })
    }

    /// Does `work` for many inputs and returns the outcomes in the order of the inputs. `work` is
    /// expected to call [`caption`](Self::caption).
    ///
    /// Once the [shutdown](Self::with_shutdown) drains, inputs that were not started have no
    /// outcome, and no further input is read, even from a list that is still being written. Once it
    /// ends, the inputs in progress fail as interrupted.
    pub fn run<'a, W>(
        &'a self,
        inputs: impl Stream<Item = Result<Input, InputError>> + 'a,
        work: impl Fn(Input) -> W + 'a,
    ) -> impl Stream<Item = Outcome> + Unpin + 'a
    where
        W: Future<Output = Outcome> + 'a,
    {
        let outcome = move |input: Result<Input, InputError>| {
            let started = input.map(|input| (input.clone(), work(input)));
            async move {
                match started {
                    Ok((input, work)) => self.run_one(input, work).await,
                    Err(error) => Some(Outcome::from(error)),
                }
            }
        };
        let outcomes = inputs
            .take_until(self.shutdown.draining())
            .map(outcome)
            .buffered(self.options.jobs.max(1).saturating_mul(MAX_WAITING))
            .filter_map(std::future::ready);
        Box::pin(outcomes)
    }

    async fn run_one(&self, input: Input, work: impl Future<Output = Outcome>) -> Option<Outcome> {
        let _permit = tokio::select! {
            biased;
            () = self.shutdown.draining() => return None,
            permit = self.limits.inputs.acquire() => permit.ok()?,
        };
        tokio::select! {
            outcome = work => Some(outcome),
            () = self.shutdown.ended() => {
                Some(Outcome::new(input, Status::Failed(Error::Interrupted)))
            }
        }
    }
}
