//! Ctrl-C, SIGTERM and SIGHUP: the first lets requests finish, the second ends the run at once.

use std::time::Duration;

use caption::Shutdown;
use tokio::time::sleep;

use crate::exit_code::Exit;
use crate::platform::shutdown_signal;

/// Time that requests in flight have to finish after the first signal.
const GRACE_PERIOD: Duration = Duration::from_millis(4500);

/// Time to deliver the outcomes after that, also if the reader of the output has stopped.
pub(crate) const DELIVERY_PERIOD: Duration = Duration::from_millis(250);

/// Starts the shutdown at the first signal, whose exit code `interrupted` takes, and returns at the
/// second, or when the time to finish is over: at once if there is none.
pub(crate) async fn observer(
    shutdown: &Shutdown,
    ends_at_once: bool,
    interrupted: impl FnOnce(Exit),
) {
    let exit = next().await;
    if ends_at_once {
        interrupted(exit);
        return shutdown.end();
    }
    let finishing = async {
        interrupted(exit);
        shutdown.drain();
        sleep(GRACE_PERIOD).await;
        shutdown.end();
        sleep(DELIVERY_PERIOD).await;
    };
    tokio::select! {
        // The second signal may follow as soon as the first is reported.
        biased;
        _ = next() => {}
        () = finishing => {}
    }
}

/// Runs work without requests, which has nothing to finish, until a signal ends it. Fails with the
/// exit code of the signal.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Result<T, Exit> {
    tokio::select! {
        // Work that is done at once leaves the system's default action in place.
        biased;
        done = work => Ok(done),
        exit = next() => Err(exit),
    }
}

/// Exit code of the next signal. Without a signal handler, the system's default action ends the
/// program.
async fn next() -> Exit {
    match shutdown_signal().await {
        Ok(exit) => exit,
        Err(_) => std::future::pending().await,
    }
}
