//! Ctrl-C, SIGTERM and SIGHUP: once to end soon with all that is there, twice to end now.

use std::io;
use std::time::Duration;

use caption::stop::Stop;

/// How long what is in flight may still take.
const GRACE: Duration = Duration::from_secs(5);

/// Tells `stop` of the first signal, and returns at the second.
pub(crate) async fn watch(stop: &Stop, interrupted: impl FnOnce()) {
    // Without signals to wait for, the system's own way to end a program is left in place.
    if next().await.is_err() {
        return std::future::pending().await;
    }
    interrupted();
    stop.drain();
    tokio::select! {
        _ = next() => {}
        () = tokio::time::sleep(GRACE) => {
            stop.end();
            let _ = next().await;
        }
    }
}

async fn next() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut hangup) =
            (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt,
            _ = terminate.recv() => Ok(()),
            _ = hangup.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
