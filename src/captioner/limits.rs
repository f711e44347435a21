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
//! A huge file acquires `huge` in place of a hasher or decoder, and to be opened. It gives its
//! permit of `inputs` away while it waits.
//!
//! No input waits for anything while it holds a hasher or a decoder, so that there is no deadlock.

use std::mem;
use std::num::NonZero;
use std::pin::pin;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::sleep;

use super::Captioner;
use crate::budget::{RequestSize, Reservation};
use crate::client::{MAX_AUTO, RunContext};
use crate::error::Error;
use crate::shutdown::Shutdown;

/// Files hashed at a time: enough to keep a disk busy, and few enough that many large files do not
/// delay an upload.
const MAX_HASHERS: usize = 4;

/// Threads for work without a limit of its own: opening files, and writing the manifest.
const FILE_THREADS: usize = 4;

/// Permit of one of the semaphores, none of which is ever closed.
type Permit<'a> = Result<SemaphorePermit<'a>, AcquireError>;

/// Semaphores shared by all inputs of a captioner.
#[derive(Debug)]
pub(super) struct Limits {
    /// Most inputs in progress, and windows of one input.
    pub(super) parallel: usize,
    /// One permit for each input in progress.
    pub(super) inputs: Semaphore,
    hashers: Semaphore,
    /// One permit for each processor: more decoders need more memory and are no faster.
    decoders: Semaphore,
    /// One permit for huge files, in place of a hasher or decoder and for opening them, so that other
    /// files never wait for one.
    huge: Semaphore,
    /// One permit for each request, from its first attempt to the last. Windows of one input share
    /// them with all others. The client limits those in flight.
    pub(super) requests: Semaphore,
}

impl Limits {
    /// Limits for so many requests in flight.
    pub(super) fn new(jobs: Option<usize>) -> Self {
        let parallel = jobs.unwrap_or(MAX_AUTO).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            parallel,
            inputs: Semaphore::new(parallel),
            hashers: Semaphore::new(MAX_HASHERS),
            decoders: Semaphore::new(processors()),
            huge: Semaphore::new(1),
            requests: Semaphore::new(parallel),
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

    /// Waits until no other huge file is worked on. Otherwise as many huge files as there are places
    /// would hold up all others.
    pub(super) async fn huge(&self) -> Permit<'_> {
        self.lend_input(self.huge.acquire()).await
    }

    /// Lets another input start while this one waits for `other`, if it has to.
    pub(super) async fn lend_input<T>(&self, other: impl Future<Output = T>) -> T {
        lend(&[&self.inputs], other).await
    }
}

/// Request of a whole input, which holds a permit of each kind, or of a window.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) captioner: &'a Captioner,
    pub(super) is_window: bool,
    pub(super) size: RequestSize,
}

impl RunContext for Place<'_> {
    fn shutdown(&self) -> &Shutdown {
        &self.captioner.shutdown
    }

    fn reserve(&self) -> BoxFuture<'_, Result<Option<Reservation<'_>>, Error>> {
        Box::pin(self.captioner.reserve(self.size).map_ok(Some))
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        let Limits { inputs, requests, .. } = &self.captioner.limits;
        Box::pin(async move {
            // The input of a window goes on with the other windows.
            let permits = if self.is_window { &[requests] as &[_] } else { &[inputs, requests] };
            lend(permits, sleep(wait)).await;
        })
    }
}

/// Waits for `other`, and lets another input use a permit of each kind meanwhile.
async fn lend<T>(permits: &[&Semaphore], other: impl Future<Output = T>) -> T {
    let mut other = pin!(other);
    if let Some(result) = (&mut other).now_or_never() {
        return result;
    }
    let lent: Vec<_> = permits.iter().map(|permits| Lent::new(permits)).collect();
    let result = other.await;
    for permit in lent {
        permit.take_back().await;
    }
    result
}

/// Permit that another input may use.
struct Lent<'a>(&'a Semaphore);

impl<'a> Lent<'a> {
    fn new(permits: &'a Semaphore) -> Self {
        permits.add_permits(1);
        Self(permits)
    }

    async fn take_back(self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
        mem::forget(self);
    }
}

impl Drop for Lent<'_> {
    /// Takes the permit back if the input was given up.
    fn drop(&mut self) {
        self.0.forget_permits(1);
    }
}

/// Most requests in flight if [`jobs`](crate::captioner::CaptionerOptions::jobs) is not set.
pub const MAX_AUTO_JOBS: usize = MAX_AUTO;

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
