//! The one place that readers of containers and decoders run in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;

/// Runs work that opens or decodes a file. A panic of a decoder becomes [`Error::Damaged`], so that
/// it fails only its own input, on whatever thread it happens.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // A decoder that panicked is dropped with the state that it left behind.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let (container, reason) = ("sound".to_owned(), "its decoder gave up".to_owned());
        Err(Error::Damaged { container, reason })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_file() {
        let result: Result<(), _> = guarded(|| panic!("a decoder"));
        assert!(matches!(result, Err(Error::Damaged { reason, .. }) if reason.contains("gave up")));
        assert!(matches!(guarded(|| Ok(1)), Ok(1)));
    }
}
