//! Limits of the work in progress.
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
//! No input waits for anything while it holds a hasher or a decoder, so that there is no deadlock.

use std::mem;
use std::num::NonZero;
use std::pin::pin;
use std::thread::available_parallelism;

use futures_util::FutureExt;
use tokio::sync::Semaphore;

/// Files hashed at a time: enough to keep a disk busy, and few enough that many large files do not
/// delay an upload.
const MAX_HASHERS: usize = 4;

/// Threads for work without a limit of its own: opening files, and writing the manifest.
const FILE_THREADS: usize = 4;

/// Semaphores shared by all inputs of a captioner.
#[derive(Debug)]
pub(super) struct Limits {
    /// One permit for each input in progress.
    pub(super) inputs: Semaphore,
    pub(super) hashers: Semaphore,
    /// One permit for each processor: more decoders need more memory and are no faster.
    pub(super) decoders: Semaphore,
    /// One permit for each request in progress. Windows of one input share them with all others.
    pub(super) requests: Semaphore,
}

impl Limits {
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            inputs: Semaphore::new(jobs),
            hashers: Semaphore::new(MAX_HASHERS),
            decoders: Semaphore::new(processors()),
            requests: Semaphore::new(jobs),
        }
    }

    /// Lets another input start while this one waits for `other`, if it has to.
    pub(super) async fn lend<T>(&self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        if let Some(result) = (&mut other).now_or_never() {
            return result;
        }
        self.inputs.add_permits(1);
        let lent = Lent { inputs: &self.inputs };
        let result = other.await;
        lent.take_back().await;
        result
    }
}

/// Permit for an input that another one may use.
struct Lent<'a> {
    inputs: &'a Semaphore,
}

impl Lent<'_> {
    async fn take_back(self) {
        if let Ok(permit) = self.inputs.acquire().await {
            permit.forget();
        }
        mem::forget(self);
    }
}

impl Drop for Lent<'_> {
    /// Takes the permit back if the input was given up.
    fn drop(&mut self) {
        self.inputs.forget_permits(1);
    }
}

/// Number of threads that the blocking pool of the runtime needs. More use more memory and are no
/// faster.
pub fn blocking_threads() -> usize {
    processors() + MAX_HASHERS + FILE_THREADS
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}
