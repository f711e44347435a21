//! Batch: many inputs to outcomes, several at a time, in the order of the inputs.
//!
//! An input acquires the concurrency limits of the captioner in this order:
//!
//! 1. `inputs`, held until the outcome is there. Inputs of a batch wait here.
//! 2. `hashers`, held while the file is hashed.
//! 3. The lock of its key in the cache, held until the caption is in the manifest.
//! 4. `decoders`, held while the file, or one window of it, is decoded.
//! 5. `requests`, held from the first attempt to the response. With it, a captioner may acquire
//!    `decoders` to convert the audio for another dialect.
//!
//! A huge file acquires `huge` in place of a hasher or decoder, and to be opened. It gives its
//! permit of `inputs` away while it waits.
//!
//! No input waits for anything while it holds a hasher or a decoder, so that there is no deadlock.

use std::num::NonZero;
use std::pin::Pin;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::sleep;

use super::Captioner;
use crate::error::{Error, ErrorKind};
use crate::input::{Input, InputError};
use crate::outcome::{Outcome, Status};
use crate::progress::Observer;

/// Outcomes per job that may wait for a slow one before them: enough that one slow request does
/// not idle the others, and few enough for memory.
const MAX_WAITING: usize = 16;

/// Files hashed at a time: enough to keep a disk busy, and few enough that many large files do not
/// delay an upload.
const MAX_HASHERS: usize = 4;

/// Time that the search has to find the next input after the start of a drain.
const SEARCH_GRACE: Duration = Duration::from_millis(250);

/// Threads for work without a limit of its own: opening files, and writing the manifest.
const FILE_THREADS: usize = 4;

/// Permit of one of the semaphores, none of which is ever closed.
type Permit<'a> = Result<SemaphorePermit<'a>, AcquireError>;

/// Semaphores shared by all inputs of a captioner.
#[derive(Debug)]
pub(super) struct Limits {
    /// One permit for each input in progress.
    inputs: Semaphore,
    hashers: Semaphore,
    /// One permit for each processor: more decoders need more memory and are no faster.
    decoders: Semaphore,
    /// One permit for huge files, in place of a hasher or decoder and for opening them, so that other
    /// files never wait for one.
    huge: Semaphore,
    /// One permit for each request in progress. Windows of one input share them with all others.
    pub(super) requests: Semaphore,
}

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
        self.run(inputs, move |input| {
            let observer = observer.clone();
            async move { self.caption(input, &observer).await }
        })
    }

    /// Does `work` for many inputs and returns the outcomes in the order of the inputs. `work` is
    /// expected to call [`caption`](Self::caption).
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
    ) -> impl Stream<Item = Outcome> + Unpin + 'a
    where
        W: Future<Output = Outcome> + 'a,
    {
        let outcome = move |input: Result<Input, InputError>| {
            let started = input.map(|input| (input.clone(), work(input)));
            async move {
                match started {
                    Ok((input, work)) => self.run_one(input, work).await,
                    Err(error) => Outcome::from(error),
                }
            }
        };
        let outcomes = self
            .until_drained(inputs)
            .map(outcome)
            .buffered(self.options.jobs.max(1).saturating_mul(MAX_WAITING));
        Box::pin(outcomes)
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

    async fn run_one(&self, input: Input, work: impl Future<Output = Outcome>) -> Outcome {
        let not_tried = |input| {
            let cause = self.shutdown.cause();
            Outcome::new(input, Status::Failed(Error::NotTried { cause }))
        };
        let _permit = tokio::select! {
            biased;
            () = self.shutdown.draining() => return not_tried(input),
            permit = self.limits.inputs.acquire() => match permit {
                Ok(permit) => permit,
                Err(_) => return not_tried(input),
            },
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

impl Limits {
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            inputs: Semaphore::new(jobs),
            hashers: Semaphore::new(MAX_HASHERS),
            decoders: Semaphore::new(processors()),
            huge: Semaphore::new(1),
            requests: Semaphore::new(jobs),
        }
    }

    /// Waits until a file may be hashed.
    pub(super) async fn hasher(&self, is_huge: bool) -> Permit<'_> {
        if is_huge { self.huge().await } else { self.hashers.acquire().await }
    }

    /// Waits until a file may be decoded.
    pub(super) async fn decoder(&self, is_huge: bool) -> Permit<'_> {
        if is_huge { self.huge().await } else { self.decoders.acquire().await }
    }

    /// Waits until no other huge file is worked on. Meanwhile, another input has the place of this
    /// one: otherwise as many huge files as there are places would hold up all others.
    pub(super) async fn huge(&self) -> Permit<'_> {
        if let Ok(permit) = self.huge.try_acquire() {
            return Ok(permit);
        }
        self.inputs.add_permits(1);
        let permit = self.huge.acquire().await;
        self.inputs.acquire().await?.forget();
        permit
    }
}

/// Stack of a thread of the blocking pool, in bytes: several times what the deepest file needs that
/// is not refused, which is 32 boxes within each other. The environment cannot make it smaller.
pub const BLOCKING_STACK: usize = 2 << 20;

/// Number of threads that the blocking pool of the runtime needs. More use more memory and are no
/// faster.
pub fn blocking_threads() -> usize {
    processors() + MAX_HASHERS + FILE_THREADS + 1
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}
