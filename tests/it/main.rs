//! One test binary, one file a subject.

#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod downloads;
mod errors;
mod harness;
mod inputs;
mod key;
mod library;
mod readme;
mod request;
mod retries;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod streaming;
#[cfg(unix)]
mod terminal;
