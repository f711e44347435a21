//! Run that a request belongs to, as far as the client has to know it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::budget::Reservation;
use crate::error::Error;
use crate::shutdown::Shutdown;

/// Run that a request belongs to.
pub(crate) trait RunContext: Sync {
    /// Signal after which no first attempt is sent.
    fn shutdown(&self) -> &Shutdown;

    /// Waits for the next attempt of the request. Other requests may use its place meanwhile.
    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()>;

    /// Reserves the cost of an attempt, and waits while that depends on attempts in progress.
    fn reserve(&self) -> BoxFuture<'_, Result<Option<Reservation<'_>>, Error>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// A request without a run around it.
impl RunContext for Shutdown {
    fn shutdown(&self) -> &Shutdown {
        self
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}
