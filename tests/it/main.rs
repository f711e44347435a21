//! One test binary, one file a subject.

#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod batch;
mod downloads;
mod errors;
mod formats;
mod harness;
mod inputs;
#[cfg(unix)]
mod interrupt;
mod key;
mod library;
mod manifest;
mod money;
mod outputs;
mod readme;
mod request;
mod retries;
mod search;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod streaming;
#[cfg(unix)]
mod terminal;
mod tls;
mod waves;
