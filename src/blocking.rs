//! Blocking work off the runtime's thread.

use std::io;

use crate::error::Error;

/// Runs `work` on a thread of the blocking pool. A panic of a decoder fails only its own input.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => Err(Error::Damaged {
            container: "sound".to_owned(),
            reason: "its decoder gave up".to_owned(),
        }),
        Err(error) => Err(Error::Unreadable(io::Error::other(error))),
    }
}
