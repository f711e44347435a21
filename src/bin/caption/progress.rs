//! What is shown while people wait: bytes going up, then seconds, then nothing.

use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const UPLOAD: &str = "{spinner} sending {bytes}/{total_bytes} {wide_bar}";
const LISTENING: &str = "{spinner} listening {elapsed}";
const COUNT: &str = "{spinner} {pos}/{len} done {elapsed}";

/// One line on standard error that is gone when the caption starts.
pub(crate) struct Progress {
    bar: ProgressBar,
    visible: bool,
}

impl Progress {
    pub(crate) fn new(visible: bool) -> Self {
        Self { bar: ProgressBar::hidden(), visible }
    }

    /// For one input: shows the bytes that have left, and the wait once all have.
    pub(crate) fn sent(&self, bytes: u64, total: u64) {
        if !self.visible {
            return;
        }
        if bytes < total {
            self.show(UPLOAD);
            self.bar.set_length(total);
            self.bar.set_position(bytes);
        } else {
            self.bar.reset_elapsed();
            self.show(LISTENING);
        }
    }

    /// For several inputs: shows how many are done.
    pub(crate) fn done(&self, inputs: usize, total: usize) {
        if self.visible {
            self.show(COUNT);
            self.bar.set_length(total as u64);
            self.bar.set_position(inputs as u64);
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if self.visible {
            self.bar.finish_and_clear();
        }
    }

    /// Takes the line away while something else is written.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    fn show(&self, template: &str) {
        if self.bar.is_hidden() {
            let stderr = Box::new(Term::stderr());
            self.bar.set_draw_target(ProgressDrawTarget::term_like(stderr));
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
        self.bar.set_style(ProgressStyle::with_template(template).expect("written above"));
    }
}
