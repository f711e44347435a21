//! Ctrl-C, SIGTERM and SIGHUP: the first lets requests finish, the second ends the run at once.

use std::time::Duration;

use caption::Shutdown;

use crate::platform::shutdown_signal;

/// Time that requests in flight have to finish after the first signal.
const GRACE_PERIOD: Duration = Duration::from_secs(5);

/// Starts the shutdown at the first signal, and returns at the second.
pub(crate) async fn observer(shutdown: &Shutdown, interrupted: impl FnOnce()) {
    // Without a signal handler, the system's default action ends the program.
    if shutdown_signal().await.is_err() {
        return std::future::pending().await;
    }
    interrupted();
    shutdown.drain();
    tokio::select! {
        _ = shutdown_signal() => {}
        () = tokio::time::sleep(GRACE_PERIOD) => {
            shutdown.end();
            let _ = shutdown_signal().await;
        }
    }
}
