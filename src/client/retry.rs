//! Retries of one request, with exponential backoff and jitter.

use std::time::Duration;

use tokio::time::Instant;

use super::rate_limit::RateLimiter;
use crate::error::{Effect, Error, ErrorKind, Received};
use crate::progress::{Event, Observer};

/// Upper bound of the first wait; it doubles with each further one.
const BASE_BACKOFF: Duration = Duration::from_millis(500);
/// Upper bound of all waits that the server did not ask for.
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// Longest `Retry-After` that is waited for; a longer one is reported as an error.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(2);

/// Attempts of one request.
pub(super) struct RetryState<'a> {
    /// Number of the current attempt; the first is 1.
    pub(super) number: u32,
    /// Failed attempts that count towards the limit: 429 does not while other requests succeed.
    failures: u32,
    max_retries: u32,
    rate_limiter: &'a RateLimiter,
    successes: u64,
    sent: Instant,
    /// Content of the responses to failed attempts, which may have been billed.
    pub(super) received: Received,
}

impl<'a> RetryState<'a> {
    pub(super) fn new(max_retries: u32, rate_limiter: &'a RateLimiter) -> Self {
        let successes = rate_limiter.successes();
        Self {
            number: 1,
            failures: 0,
            max_retries,
            rate_limiter,
            successes,
            sent: Instant::now(),
            received: Received::default(),
        }
    }

    /// Waits until the rate limiter admits the request.
    pub(super) async fn acquire(&mut self) {
        self.rate_limiter.acquire().await;
        self.sent = Instant::now();
    }

    /// Keeps the content of the response to a failed attempt.
    pub(super) fn keep_received(&mut self, error: Error) -> Error {
        let (error, received) = error.into_parts();
        self.received = std::mem::take(&mut self.received).and(received);
        error
    }

    /// Waits for the next attempt, or returns the error if there is none.
    pub(super) async fn wait(&mut self, error: Error, observer: &Observer) -> Result<(), Error> {
        let error = self.keep_received(error);
        if error.effect() != Effect::Retry {
            return Err(error);
        }
        let is_rate_limited = error.kind() == ErrorKind::RateLimited;
        if is_rate_limited && self.rate_limiter.successes() != self.successes {
            self.successes = self.rate_limiter.successes();
            self.failures = 0;
        }
        self.failures += 1;
        let wait = wait_after(&error, self.failures).filter(|_| self.failures <= self.max_retries);
        let Some(wait) = wait else { return Err(error) };
        if is_rate_limited {
            self.rate_limiter.slow_down(self.sent);
        }
        // The other requests pause for `Retry-After` alone, without the backoff of this one.
        if let Some(pause) = error.retry_after().or(is_rate_limited.then_some(wait)) {
            self.rate_limiter.pause(pause);
        }
        self.number += 1;
        let reason = error.to_string();
        observer.emit(Event::Retrying { reason, wait, attempt: self.number });
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Wait after failed attempt `number`; `None` if the server asks for a longer one than is kept.
fn wait_after(error: &Error, number: u32) -> Option<Duration> {
    // Full jitter: clients that failed together do not retry together.
    let ceiling = BASE_BACKOFF.saturating_mul(1 << (number - 1).min(16)).min(MAX_BACKOFF);
    let backoff = ceiling.mul_f64(fastrand::f64());
    match error.retry_after() {
        Some(wait) if wait > MAX_RETRY_AFTER => None,
        // `Retry-After: 0` must not make all requests retry at once.
        Some(wait) => Some(wait.max(backoff)),
        None => Some(backoff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ApiError, ApiErrorKind};

    fn rate_limited(retry_after: Option<Duration>) -> Error {
        let api_error = ApiError {
            status: 429,
            kind: ApiErrorKind::RateLimited,
            retry_after,
            ..ApiError::default()
        };
        Error::Api(Box::new(api_error))
    }

    #[test]
    fn backoff_doubles_up_to_30_s() {
        for number in 1..=40 {
            let ceiling = MAX_BACKOFF.min(BASE_BACKOFF * 2u32.pow((number - 1).min(10)));
            let wait = wait_after(&rate_limited(None), number).unwrap();
            assert!(wait <= ceiling, "{wait:?} before attempt {}", number + 1);
            let longest = (0..200).filter_map(|_| wait_after(&rate_limited(None), number)).max();
            assert!(longest.unwrap() > ceiling / 2, "{longest:?} before attempt {}", number + 1);
        }
    }

    #[test]
    fn retry_after_is_kept_up_to_two_minutes() {
        let wait = Duration::from_mins(2);
        assert_eq!(wait_after(&rate_limited(Some(wait)), 1), Some(wait));
        assert_eq!(wait_after(&rate_limited(Some(wait + Duration::from_secs(1))), 1), None);
    }
}
