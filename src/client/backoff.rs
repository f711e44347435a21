//! Waits between the attempts of one request: exponential backoff with full jitter.

use std::time::Duration;

/// Upper bound of the first wait; it doubles with each further one.
const BASE_BACKOFF: Duration = Duration::from_millis(500);
/// Upper bound of all waits that the server did not ask for.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Failures that are a limit after which a request lets the others go first.
const MIN_BUSY: u32 = 3;

/// Wait after failure `number`.
pub(super) fn wait_after(retry_after: Option<Duration>, number: u32) -> Duration {
    // Full jitter: clients that failed together do not retry together.
    let ceiling = BASE_BACKOFF.saturating_mul(1 << (number - 1).min(16)).min(MAX_BACKOFF);
    // `Retry-After: 0` must not make all requests retry at once.
    retry_after.unwrap_or_default().max(ceiling.mul_f64(fastrand::f64()))
}

/// Wait after failure `number` that is a limit. The limiter finds when the next request is taken;
/// one that is refused again and again lets the others go first.
pub(super) fn wait_while_busy(retry_after: Option<Duration>, number: u32) -> Duration {
    match number.checked_sub(MIN_BUSY) {
        None | Some(0) => retry_after.unwrap_or_default(),
        Some(number) => wait_after(retry_after, number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_30_s() {
        for number in 1..=40 {
            let ceiling = MAX_BACKOFF.min(BASE_BACKOFF * 2u32.pow((number - 1).min(10)));
            let waits: Vec<_> = (0..200).map(|_| wait_after(None, number)).collect();
            let longest = waits.into_iter().max().unwrap();
            assert!(longest <= ceiling, "{longest:?} before attempt {}", number + 1);
            assert!(longest > ceiling / 2, "{longest:?} before attempt {}", number + 1);
        }
    }
}
