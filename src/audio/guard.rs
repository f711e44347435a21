//! The one place that readers of containers and decoders run in.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// True if this thread reads or decodes a file: a panic here is an error of the file, so that a hook
/// for panics has nothing to print.
pub fn is_decoding() -> bool {
    DEPTH.get() > 0
}

/// Marks the thread for as long as it lives.
struct Mark;

impl Mark {
    fn new() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Runs work that opens or decodes a file. A panic of a decoder becomes [`Error::Damaged`], so that
/// it fails only its own input, on whatever thread it happens.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let _mark = Mark::new();
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
        let result: Result<(), _> = guarded(|| {
            assert!(is_decoding());
            panic!("a decoder")
        });
        assert!(!is_decoding());
        assert!(matches!(result, Err(Error::Damaged { reason, .. }) if reason.contains("gave up")));
        assert!(matches!(guarded(|| Ok(1)), Ok(1)));
    }
}
