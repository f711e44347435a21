//! Many inputs to outcomes in the order of the inputs.

use std::sync::Arc;

use futures_util::stream::{Stream, StreamExt};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::input::{Input, InputResult};
use crate::outcome::{Outcome, Status};
use crate::shutdown::Shutdown;

/// How many outcomes may wait for a slow one before them, for each job: enough that one request
/// that has to wait does not idle the others, and few enough to be held in memory.
const AHEAD: usize = 16;

/// Does `work` for the inputs, `jobs` at a time, and hands the outcomes out in the order of the
/// inputs. Cache depends on `jobs`, not on how many inputs there are.
///
/// Once `stop` drains, inputs that were not started yet end without an outcome; once it ends,
/// those under way fail as interrupted. No further input is looked for then, so that a list that
/// is still being written does not keep the run.
pub fn run<'a, W>(
    inputs: impl Stream<Item = InputResult> + 'a,
    jobs: usize,
    shutdown: &'a Shutdown,
    work: impl Fn(Input) -> W + 'a,
) -> impl Stream<Item = Outcome> + 'a
where
    W: Future<Output = Outcome> + 'a,
{
    let permits = Arc::new(Semaphore::new(jobs));
    inputs
        .take_until(shutdown.draining())
        .map(move |found| {
            let permits = permits.clone();
            let started = found.map(|input| (input.clone(), work(input)));
            async move {
                let (input, work) = match started {
                    Ok(started) => started,
                    Err(lost) => return Some(Outcome::of_lost(lost)),
                };
                let _permit = tokio::select! {
                    biased;
                    () = shutdown.draining() => return None,
                    permit = permits.acquire() => permit.ok()?,
                };
                tokio::select! {
                    outcome = work => Some(outcome),
                    () = shutdown.ended() => {
                        Some(Outcome::of(input, Status::Failed(Error::Interrupted)))
                    }
                }
            }
        })
        .buffered(jobs.saturating_mul(AHEAD))
        .filter_map(std::future::ready)
}
