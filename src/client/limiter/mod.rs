//! Limiter of all requests: how many at a time, how fast, and when the service is down.
//!
//! Requests wait in a queue; the first of it looks at the [`State`] until it may be sent. The state
//! learns from the responses: refusals tell the rate or the number in flight that the service
//! takes, and failures of all requests are an outage, which one request at a time tests.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::state::{Admission, State};
use crate::error::ErrorKind;
use crate::platform::lock;

mod breaker;
mod noise;
mod pacer;
mod periods;
#[cfg(test)]
mod simulation;
mod state;
mod throughput;
mod window;

pub(crate) use self::window::MAX as MAX_AUTO;

/// Time that all requests may be refused for a limit, however short an outage may be.
pub(super) const MIN_REFUSED: Duration = Duration::from_mins(5);

#[derive(Debug)]
pub(super) struct Limiter {
    /// Held by the first request of the queue.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    changed: Notify,
    requests: AtomicU64,
    min_interval: Duration,
    /// Longest outage that is waited for.
    max_outage: Duration,
    /// Kind of the last failure that no wait will mend, and their number.
    ended: Mutex<(u64, ErrorKind)>,
    /// Length of an outage that is over, until it is reported.
    over: Mutex<Option<Duration>>,
}

/// Attempt in flight. Dropped without a result, it counts as given up.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    limiter: &'a Limiter,
    number: u64,
}

/// Meaning of a failure of the service or the network.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failure {
    /// It fails for all.
    Outage { is_new: bool },
    /// It serves as many others as it can.
    Limit,
    /// This request failed.
    Alone,
}

impl Limiter {
    pub(super) fn new(min_interval: Duration, max_outage: Duration) -> Self {
        Self {
            queue: tokio::sync::Mutex::new(()),
            state: Mutex::new(State::new(Some(usize::MAX), min_interval, Instant::now())),
            changed: Notify::new(),
            requests: AtomicU64::new(0),
            min_interval,
            max_outage,
            ended: Mutex::new((0, ErrorKind::Interrupted)),
            over: Mutex::default(),
        }
    }

    /// Limits the number of requests in flight; `None` finds it. For use before the first request.
    pub(super) fn set_concurrency(&self, concurrency: Option<usize>) {
        *lock(&self.state) = State::new(concurrency, self.min_interval, Instant::now());
    }

    /// Returns a number for a request, the same for all of its attempts.
    pub(super) fn new_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until an attempt may be sent. Fails with the kind of a failure that ended all requests
    /// in the meantime.
    pub(super) async fn start(&self, request: u64) -> Result<Attempt<'_>, ErrorKind> {
        let (before, _) = *lock(&self.ended);
        let _first = self.queue.lock().await;
        loop {
            let changed = self.changed.notified();
            let (ended, kind) = *lock(&self.ended);
            if ended > before {
                return Err(kind);
            }
            match self.admit(request) {
                Ok(attempt) => return Ok(attempt),
                Err(Some(at)) => {
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = changed => {}
                    }
                }
                Err(None) => changed.await,
            }
        }
    }

    /// Starts an attempt, or returns the time to ask again at the latest.
    fn admit(&self, request: u64) -> Result<Attempt<'_>, Option<Instant>> {
        let (mut state, now) = (lock(&self.state), Instant::now());
        match state.admission(now) {
            Admission::Now => Ok(Attempt { limiter: self, number: state.send(request, now) }),
            Admission::At(at) => Err(Some(at)),
            Admission::Later => Err(None),
        }
    }

    /// Ends all requests that wait.
    pub(super) fn end(&self, kind: ErrorKind) {
        let mut ended = lock(&self.ended);
        *ended = (ended.0 + 1, kind);
        drop(ended);
        self.changed.notify_waiters();
    }

    /// Longest outage that is waited for.
    pub(super) fn max_outage(&self) -> Duration {
        self.max_outage
    }

    /// True while an outage stops all requests.
    pub(super) fn is_down(&self) -> bool {
        lock(&self.state).outage().is_some()
    }

    /// True once the service has answered a request of the run.
    pub(super) fn has_succeeded(&self) -> bool {
        lock(&self.state).has_succeeded()
    }

    /// Returns the time that all requests have failed or were refused, if it is longer than is
    /// waited for.
    pub(super) fn given_up_after(&self, max_retries: u32) -> Option<Duration> {
        self.given_up_at(&lock(&self.state), Instant::now(), max_retries)
    }

    fn given_up_at(&self, state: &State, now: Instant, max_retries: u32) -> Option<Duration> {
        let failed = state.outage().filter(|outage| outage.tests >= max_retries);
        let failed = failed.map(|outage| now - outage.since);
        let refused = state.refused_since().map(|since| now - since);
        let max_refused = MIN_REFUSED.max(self.max_outage);
        let failed = failed.filter(|time| *time >= self.max_outage);
        failed.or(refused.filter(|time| *time >= max_refused))
    }

    /// Time until the next request may be sent.
    pub(super) fn wait(&self) -> Duration {
        lock(&self.state).next().saturating_duration_since(Instant::now())
    }

    /// Returns the length of an outage that is over, once.
    pub(super) fn take_over(&self) -> Option<Duration> {
        lock(&self.over).take()
    }

    fn update<T>(&self, change: impl FnOnce(&mut State, Instant) -> T) -> T {
        let (mut state, now) = (lock(&self.state), Instant::now());
        let since = state.outage().map(|outage| outage.since);
        let changed = change(&mut state, now);
        if let Some(since) = since.filter(|_| state.outage().is_none()) {
            *lock(&self.over) = Some(now - since);
        }
        drop(state);
        self.changed.notify_waiters();
        changed
    }
}

impl Attempt<'_> {
    /// A complete response arrived.
    pub(super) fn succeeded(self) {
        self.limiter.update(|state, now| state.succeeded(self.number, now));
    }

    /// The service refused the request for a limit. Returns its own wait.
    pub(super) fn refused(self, retry_after: Option<Duration>) -> Duration {
        self.limiter.update(|state, now| state.refused(self.number, retry_after, now))
    }

    /// The service or the network failed; `is_busy` is true if the service said that it is busy.
    pub(super) fn failed(self, retry_after: Option<Duration>, is_busy: bool) -> Failure {
        let was_down = self.limiter.is_down();
        let update = |state: &mut State, now| state.failed(self.number, retry_after, is_busy, now);
        let is_limit = self.limiter.update(update);
        match self.limiter.is_down() {
            true => Failure::Outage { is_new: !was_down },
            false if is_limit => Failure::Limit,
            false => Failure::Alone,
        }
    }

    /// The service responded, and would respond in the same way again.
    pub(super) fn rejected(self) {
        self.limiter.update(|state, now| state.rejected(self.number, now));
    }
}

impl Drop for Attempt<'_> {
    /// Has no effect after a result.
    fn drop(&mut self) {
        self.limiter.update(|state, _| state.cancelled(self.number));
    }
}
