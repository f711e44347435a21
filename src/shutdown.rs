//! Early end of a run, in two stages.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::error::ErrorKind;

/// Signal that ends a run early. Clones share one signal.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    stage: watch::Sender<Stage>,
    /// The first cause.
    cause: Arc<OnceLock<ErrorKind>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Running,
    Draining,
    Ended,
}

impl Shutdown {
    /// Creates a signal that has not been raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts no further inputs because of an interruption; those in progress may finish.
    pub fn drain(&self) {
        self.drain_after(ErrorKind::Interrupted);
    }

    /// Starts no further inputs because of an error of this kind; those in progress may finish.
    pub fn drain_after(&self, cause: ErrorKind) {
        // The first cause counts.
        let _ = self.cause.set(cause);
        self.raise(Stage::Draining);
    }

    /// First reason to start no further inputs.
    pub fn cause(&self) -> ErrorKind {
        self.cause.get().copied().unwrap_or(ErrorKind::Interrupted)
    }

    /// Aborts the inputs in progress.
    pub fn end(&self) {
        self.raise(Stage::Ended);
    }

    /// True once [`drain`](Self::drain) or [`end`](Self::end) was called.
    pub fn is_draining(&self) -> bool {
        *self.stage.borrow() >= Stage::Draining
    }

    /// Returns once [`drain`](Self::drain) or [`end`](Self::end) is called.
    pub async fn draining(&self) {
        self.reached(Stage::Draining).await;
    }

    /// Returns once [`end`](Self::end) is called.
    pub async fn ended(&self) {
        self.reached(Stage::Ended).await;
    }

    fn raise(&self, stage: Stage) {
        self.stage.send_modify(|current| *current = stage.max(*current));
    }

    async fn reached(&self, stage: Stage) {
        // The sender is `self`, so the channel cannot close.
        let _ = self.stage.subscribe().wait_for(|current| *current >= stage).await;
    }
}
