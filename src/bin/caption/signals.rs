//! Ctrl-C, SIGTERM and SIGHUP: once to end soon with all that is there, twice to end now.

use std::time::Duration;

use caption::Shutdown;

use crate::platform::shutdown_signal;

/// How long what is in flight may still take.
const GRACE: Duration = Duration::from_secs(5);

/// Tells `stop` of the first signal, and returns at the second.
pub(crate) async fn observer(shutdown: &Shutdown, interrupted: impl FnOnce()) {
    // Without signals to wait for, the system's own way to end a program is left in place.
    if shutdown_signal().await.is_err() {
        return std::future::pending().await;
    }
    interrupted();
    shutdown.drain();
    tokio::select! {
        _ = shutdown_signal() => {}
        () = tokio::time::sleep(GRACE) => {
            shutdown.end();
            let _ = shutdown_signal().await;
        }
    }
}
