//! Messages for people: diagnostics, hints, progress and the summary.

pub(crate) mod diagnostics;
pub(crate) mod escape;
mod events;
mod failures;
pub(crate) mod hints;
pub(crate) mod log_clock;
pub(crate) mod progress;
mod progress_terminal;
pub(crate) mod status;
pub(crate) mod summary;
