//! What is shown while people wait. For one input: bytes going up, then seconds, then nothing.
//! For several: what is done, above the clips in flight.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use caption::sanitize;
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::ui::summary::Summary;

const UPLOAD: &str = "{spinner} sending {decimal_bytes}/{decimal_total_bytes} {wide_bar}";
const LISTENING: &str = "{spinner} listening {elapsed}";
const WINDOWS: &str = "{spinner} {pos}/{len} windows {wide_bar} {eta} left";
const BATCH: &str = "{spinner} {pos} done{msg} · {rate} · {elapsed}";
const BATCH_OF_KNOWN_SIZE: &str = "{wide_bar} {pos}/{len} done{msg} · {rate} · {eta} left";
const CLIP: &str = "  {spinner} {wide_msg} {elapsed}";

/// More clips than these are counted and not named.
const MOST_CLIPS: usize = 8;

/// Lines on standard error that are gone when they are in the way.
pub(crate) struct Progress {
    visible: bool,
    lines: MultiProgress,
    main: RefCell<Option<ProgressBar>>,
    clips: RefCell<BTreeMap<usize, ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::term_like(Box::new(Term::stderr()))
        } else {
            ProgressDrawTarget::hidden()
        };
        let lines = MultiProgress::with_draw_target(target);
        Self { visible, lines, main: RefCell::default(), clips: RefCell::default() }
    }

    /// For one input: shows the bytes that have left, and the wait once all have.
    pub(crate) fn sent(&self, bytes: u64, total: u64) {
        if !self.visible {
            return;
        }
        let bar = self.main();
        if bytes < total {
            style(&bar, UPLOAD);
            bar.set_length(total);
            bar.set_position(bytes);
        } else {
            bar.reset_elapsed();
            style(&bar, LISTENING);
        }
    }

    /// For one input in windows: shows how many have their caption.
    pub(crate) fn windows(&self, done: u64, total: Option<u64>) {
        if !self.visible {
            return;
        }
        let bar = self.main();
        if let Some(total) = total {
            bar.set_length(total);
        }
        style(&bar, WINDOWS);
        bar.set_position(done);
    }

    /// For several inputs: names one that is under way.
    pub(crate) fn started(&self, number: usize, name: &str) {
        let mut clips = self.clips.borrow_mut();
        if self.visible && clips.len() < MOST_CLIPS {
            let bar = self.lines.add(ProgressBar::new_spinner());
            style(&bar, CLIP);
            bar.set_message(sanitize(name).replace('\n', " "));
            bar.enable_steady_tick(Duration::from_millis(100));
            clips.insert(number, bar);
        }
    }

    /// For several inputs: one is no longer under way.
    pub(crate) fn ended(&self, number: usize) {
        if let Some(bar) = self.clips.borrow_mut().remove(&number) {
            bar.finish_and_clear();
            self.lines.remove(&bar);
        }
    }

    /// For several inputs: shows how far it all is.
    pub(crate) fn counted(&self, summary: &Summary, total: Option<usize>) {
        if !self.visible {
            return;
        }
        let bar = self.main();
        match total {
            Some(total) => {
                bar.set_length(total as u64);
                style(&bar, BATCH_OF_KNOWN_SIZE);
            }
            None => style(&bar, BATCH),
        }
        bar.set_message(summary.asides());
        bar.set_position(summary.done());
    }

    /// Takes everything away.
    pub(crate) fn clear(&self) {
        for (_, bar) in std::mem::take(&mut *self.clips.borrow_mut()) {
            bar.finish_and_clear();
        }
        if let Some(bar) = self.main.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// Takes everything away while something else is written.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.lines.suspend(write)
    }

    fn main(&self) -> ProgressBar {
        let mut main = self.main.borrow_mut();
        let bar = main.get_or_insert_with(|| {
            let bar = self.lines.insert(0, ProgressBar::new_spinner());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.clone()
    }
}

fn style(bar: &ProgressBar, template: &str) {
    let style = ProgressStyle::with_template(template).expect("written above");
    bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A display that cannot be written shows nothing.
        let _ = write!(out, "{:.1}/s", state.per_sec());
    }));
}
