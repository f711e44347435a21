//! Output of a run: where captions, records and reports are written.

pub(crate) mod reports;
pub(crate) mod sink;
