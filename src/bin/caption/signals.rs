//! Ctrl-C, SIGTERM and SIGHUP: once to end soon with all that is there, twice to end now.

use std::time::Duration;

use caption::stop::Stop;

use super::platform::asked_to_end;

/// How long what is in flight may still take.
const GRACE: Duration = Duration::from_secs(5);

/// Tells `stop` of the first signal, and returns at the second.
pub(crate) async fn watch(stop: &Stop, interrupted: impl FnOnce()) {
    // Without signals to wait for, the system's own way to end a program is left in place.
    if asked_to_end().await.is_err() {
        return std::future::pending().await;
    }
    interrupted();
    stop.drain();
    tokio::select! {
        _ = asked_to_end() => {}
        () = tokio::time::sleep(GRACE) => {
            stop.end();
            let _ = asked_to_end().await;
        }
    }
}
