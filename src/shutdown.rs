//! Early end of a run, in two stages.

use tokio::sync::watch;

/// Signal that ends a run early. Clones share one signal.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(watch::Sender<Stage>);

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

    /// Starts no further inputs; those in progress may finish.
    pub fn drain(&self) {
        self.raise(Stage::Draining);
    }

    /// Aborts the inputs in progress.
    pub fn end(&self) {
        self.raise(Stage::Ended);
    }

    /// True once [`drain`](Self::drain) or [`end`](Self::end) was called.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Stage::Draining
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
        self.0.send_modify(|current| *current = stage.max(*current));
    }

    async fn reached(&self, stage: Stage) {
        // The sender is `self`, so the channel cannot close.
        let _ = self.0.subscribe().wait_for(|current| *current >= stage).await;
    }
}
