//! Progress display. For one input: uploaded bytes, then seconds. For a batch: a bar above the
//! inputs in flight.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use caption::sanitize;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::ui::progress_terminal::ProgressTerminal;
use crate::ui::summary::Summary;

const WORKING: &str = "{spinner} {msg} {elapsed}";
const UPLOAD: &str = "{spinner} sending {decimal_bytes}/{decimal_total_bytes} {bar:30}";
const WAITING: &str = "{spinner} listening {elapsed}";
const WINDOWS: &str = "{spinner} {pos}/{len} windows {bar:30} {eta} left";
const BATCH: &str = "{spinner} {pos} done{msg} · {rate} · {elapsed}";
const BATCH_OF_KNOWN_SIZE: &str = "{bar:20} {pos}/{len} done{msg} · {rate} · {eta} left";
const INPUT: &str = "  {spinner} {elapsed} {wide_msg}";

/// Maximum of inputs in flight that have a line of their own.
const MAX_INPUT_LINES: usize = 8;

/// Temporary lines at the end of standard error.
pub(crate) struct Progress {
    lines: MultiProgress,
    main: RefCell<Option<ProgressBar>>,
    inputs: RefCell<BTreeMap<usize, ProgressBar>>,
    /// Reason of a wait.
    wait: RefCell<Option<ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::term_like(Box::new(ProgressTerminal::stderr()))
        } else {
            ProgressDrawTarget::hidden()
        };
        let lines = MultiProgress::with_draw_target(target);
        Self {
            lines,
            main: RefCell::default(),
            inputs: RefCell::default(),
            wait: RefCell::default(),
        }
    }

    /// Shows the time of work before the first request.
    pub(crate) fn working(&self, work: &'static str) {
        let Some(bar) = self.main() else { return };
        style(&bar, WORKING);
        bar.set_message(work);
    }

    /// Shows the uploaded bytes of the only input, then the wait for its response.
    pub(crate) fn sent(&self, bytes: u64, total: u64) {
        let Some(bar) = self.main() else { return };
        if bytes < total {
            style(&bar, UPLOAD);
            bar.set_length(total);
            bar.set_position(bytes);
        } else {
            bar.reset_elapsed();
            style(&bar, WAITING);
        }
    }

    /// Shows the captioned windows of the only input.
    pub(crate) fn windows(&self, done: u64, total: Option<u64>) {
        let Some(bar) = self.main() else { return };
        if let Some(total) = total {
            bar.set_length(total);
        }
        style(&bar, WINDOWS);
        bar.set_position(done);
    }

    /// Adds a line for an input of a batch.
    pub(crate) fn started(&self, number: usize, name: &str) {
        let mut inputs = self.inputs.borrow_mut();
        if !self.lines.is_hidden() && inputs.len() < MAX_INPUT_LINES {
            let bar = self.lines.add(ProgressBar::new_spinner());
            style(&bar, INPUT);
            bar.set_message(sanitize(name).replace('\n', " "));
            bar.enable_steady_tick(Duration::from_millis(100));
            inputs.insert(number, bar);
        }
    }

    /// Removes the line of an input.
    pub(crate) fn ended(&self, number: usize) {
        self.remove(self.inputs.borrow_mut().remove(&number));
    }

    /// Shows the inputs that are done in a batch.
    pub(crate) fn counted(&self, summary: &Summary, total: Option<usize>) {
        let Some(bar) = self.main() else { return };
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

    /// Shows the reason of a wait below the bar, or removes it.
    pub(crate) fn waiting(&self, reason: Option<&str>) {
        let mut line = self.wait.borrow_mut();
        match reason {
            Some(reason) if !self.lines.is_hidden() => {
                let line = line.get_or_insert_with(|| {
                    let line = self.lines.insert(1, ProgressBar::new_spinner());
                    style(&line, INPUT);
                    line.enable_steady_tick(Duration::from_millis(100));
                    line
                });
                line.set_message(sanitize(&format!("waiting: {reason}")).replace('\n', " "));
            }
            _ => self.remove(line.take()),
        }
    }

    fn remove(&self, line: Option<ProgressBar>) {
        if let Some(line) = line {
            line.finish_and_clear();
            self.lines.remove(&line);
        }
    }

    /// Removes all lines.
    pub(crate) fn clear(&self) {
        self.waiting(None);
        for (_, bar) in std::mem::take(&mut *self.inputs.borrow_mut()) {
            bar.finish_and_clear();
        }
        if let Some(bar) = self.main.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// Hides all lines while something else is written.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.lines.suspend(write)
    }

    /// Line of the only input or of the batch, unless progress is hidden.
    fn main(&self) -> Option<ProgressBar> {
        if self.lines.is_hidden() {
            return None;
        }
        let mut main = self.main.borrow_mut();
        let bar = main.get_or_insert_with(|| {
            let bar = self.lines.insert(0, ProgressBar::new_spinner());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Some(bar.clone())
    }
}

fn style(bar: &ProgressBar, template: &str) {
    let style = ProgressStyle::with_template(template).expect("a valid template");
    bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{:.1}/s", state.per_sec());
    }));
}
