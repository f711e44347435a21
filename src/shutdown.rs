//! How a run is told to end early, in two steps.

use tokio::sync::watch;

/// Held by whoever may stop a run and by all that has to notice.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Sender<Stage>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Draining,
    Over,
}

impl Shutdown {
    /// Nothing is stopped yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(Stage::Running))
    }

    /// Starts nothing new; what is under way may end.
    pub fn drain(&self) {
        self.raise(Stage::Draining);
    }

    /// Gives up what is under way.
    pub fn end(&self) {
        self.raise(Stage::Over);
    }

    /// Whether nothing new is to be started.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Stage::Draining
    }

    /// Returns once nothing new is to be started.
    pub async fn draining(&self) {
        self.reached(Stage::Draining).await;
    }

    /// Returns once what is under way is to be given up.
    pub async fn ended(&self) {
        self.reached(Stage::Over).await;
    }

    fn raise(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let rises = stage > *now;
            *now = stage.max(*now);
            rises
        });
    }

    async fn reached(&self, stage: Stage) {
        // The sender is `self`, so the channel cannot close.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}
