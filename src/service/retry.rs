//! When to try again, and how long to wait before.

use std::time::Duration;

use crate::error::Error;
use crate::watch::{Event, Watch};

/// The first wait is somewhere below this, the second below twice as much, and so on.
const FIRST: Duration = Duration::from_millis(500);
/// No wait of our own choice is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// A server that asks for a longer wait is not waited for: the user is told in its place.
const PATIENCE: Duration = Duration::from_secs(120);

/// Counts the tries of one request.
pub(super) struct Tries {
    /// The number of the try under way; the first is 1.
    pub(super) number: u32,
    max_retries: u32,
}

impl Tries {
    pub(super) fn new(max_retries: u32) -> Self {
        Self { number: 1, max_retries }
    }

    /// Waits until it is time for the next try, or hands the error back where there is none.
    pub(super) async fn wait(&mut self, error: Error, watch: &Watch) -> Result<(), Error> {
        let wait = wait_after(&error, self.number).filter(|_| self.number <= self.max_retries);
        let Some(wait) = wait else { return Err(error) };
        self.number += 1;
        let reason = error.to_string();
        watch.tell(Event::Retrying { reason, wait, attempt: self.number });
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// How long to wait after try `number` failed; `None` where another try makes no sense.
fn wait_after(error: &Error, number: u32) -> Option<Duration> {
    if !error.is_transient() {
        return None;
    }
    match error.retry_after() {
        Some(asked) if asked > PATIENCE => None,
        Some(asked) => Some(asked),
        None => {
            // Full jitter: clients that failed together do not come back together.
            let ceiling = FIRST.saturating_mul(1 << (number - 1).min(16)).min(LONGEST);
            Some(ceiling.mul_f64(fastrand::f64()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, Meaning};

    fn too_many(retry_after: Option<Duration>) -> Error {
        let fault =
            Fault { status: 429, meaning: Meaning::RateLimited, retry_after, ..Fault::default() };
        Error::Refused(Box::new(fault))
    }

    #[test]
    fn waits_grow_but_never_past_half_a_minute() {
        for number in 1..=40 {
            let ceiling = LONGEST.min(FIRST * 2u32.pow((number - 1).min(10)));
            let wait = wait_after(&too_many(None), number).unwrap();
            assert!(wait <= ceiling, "{wait:?} before try {}", number + 1);
        }
    }

    #[test]
    fn the_servers_own_wait_is_kept_up_to_two_minutes() {
        let asked = Duration::from_secs(120);
        assert_eq!(wait_after(&too_many(Some(asked)), 1), Some(asked));
        assert_eq!(wait_after(&too_many(Some(asked + Duration::from_secs(1))), 1), None);
    }
}
