//! Work that waits for a disk or a reader, off the thread that waits for the network.

use std::io;

use crate::error::Error;

/// Runs `work` on a thread of its own. A decoder that panics on what it was given costs only that
/// input.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) if stopped.is_panic() => Err(Error::Damaged {
            container: "sound".to_owned(),
            reason: "its decoder gave up".to_owned(),
        }),
        Err(stopped) => Err(Error::Unreadable(io::Error::other(stopped))),
    }
}
