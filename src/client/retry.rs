//! When to try again, and how long to wait before.

use std::time::Duration;

use tokio::time::Instant;

use super::rate_limit::RateLimiter;
use crate::error::{Effect, Error, ErrorKind};
use crate::progress::{Event, Observer};

/// The first wait is somewhere below this, the second below twice as much, and so on.
const FIRST: Duration = Duration::from_millis(500);
/// No wait of our own choice is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// A server that asks for a longer wait is not waited for: the user is told in its place.
const PATIENCE: Duration = Duration::from_mins(2);

/// Counts the tries of one request.
pub(super) struct RetryState<'a> {
    /// The number of the try under way; the first is 1.
    pub(super) number: u32,
    /// Failed tries that count: those that were only too many for the service do not as long as
    /// it serves others.
    failures: u32,
    max_retries: u32,
    rate_limiter: &'a RateLimiter,
    successes: u64,
    sent: Instant,
}

impl<'a> RetryState<'a> {
    pub(super) fn new(max_retries: u32, rate_limiter: &'a RateLimiter) -> Self {
        let successes = rate_limiter.successes();
        Self { number: 1, failures: 0, max_retries, rate_limiter, successes, sent: Instant::now() }
    }

    /// Waits until the request may be sent.
    pub(super) async fn acquire(&mut self) {
        self.rate_limiter.acquire().await;
        self.sent = Instant::now();
    }

    /// Waits until it is time for the next try, or hands the error back where there is none.
    pub(super) async fn wait(&mut self, error: Error, observer: &Observer) -> Result<(), Error> {
        if error.effect() != Effect::Retry {
            return Err(error);
        }
        let is_too_many = error.kind() == ErrorKind::RateLimited;
        if is_too_many && self.rate_limiter.successes() != self.successes {
            self.successes = self.rate_limiter.successes();
            self.failures = 0;
        }
        self.failures += 1;
        let wait = wait_after(&error, self.failures).filter(|_| self.failures <= self.max_retries);
        let Some(wait) = wait else { return Err(error) };
        if is_too_many {
            self.rate_limiter.slow_down(self.sent);
        }
        // The others wait for as long as the service asked, and not for what this one adds to it.
        if let Some(asked) = error.retry_after().or(is_too_many.then_some(wait)) {
            self.rate_limiter.pause(asked);
        }
        self.number += 1;
        let reason = error.to_string();
        observer.emit(Event::Retrying { reason, wait, attempt: self.number });
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Wait after failed attempt `number`; `None` if the server asks for one that is too long.
fn wait_after(error: &Error, number: u32) -> Option<Duration> {
    // Full jitter: clients that failed together do not come back together.
    let ceiling = FIRST.saturating_mul(1 << (number - 1).min(16)).min(LONGEST);
    let own = ceiling.mul_f64(fastrand::f64());
    match error.retry_after() {
        Some(asked) if asked > PATIENCE => None,
        // A server that asks for no wait at all is not asked all at once either.
        Some(asked) => Some(asked.max(own)),
        None => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ApiError, ApiErrorKind};

    fn too_many(retry_after: Option<Duration>) -> Error {
        let api_error = ApiError {
            status: 429,
            kind: ApiErrorKind::RateLimited,
            retry_after,
            ..ApiError::default()
        };
        Error::Api(Box::new(api_error))
    }

    #[test]
    fn waits_grow_but_never_past_half_a_minute() {
        for number in 1..=40 {
            let ceiling = LONGEST.min(FIRST * 2u32.pow((number - 1).min(10)));
            let wait = wait_after(&too_many(None), number).unwrap();
            assert!(wait <= ceiling, "{wait:?} before try {}", number + 1);
            let longest = (0..200).filter_map(|_| wait_after(&too_many(None), number)).max();
            assert!(longest.unwrap() > ceiling / 2, "{longest:?} before try {}", number + 1);
        }
    }

    #[test]
    fn the_servers_own_wait_is_kept_up_to_two_minutes() {
        let asked = Duration::from_mins(2);
        assert_eq!(wait_after(&too_many(Some(asked)), 1), Some(asked));
        assert_eq!(wait_after(&too_many(Some(asked + Duration::from_secs(1))), 1), None);
    }
}
