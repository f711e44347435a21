//! Messages for people: diagnostics, hints, progress and the summary.

pub(crate) mod command_escaper;
pub(crate) mod diagnostics;
pub(crate) mod events;
pub(crate) mod hints;
pub(crate) mod progress;
pub(crate) mod summary;
pub(crate) mod terminal;
