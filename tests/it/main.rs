//! One test binary, one file a subject.

#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![cfg_attr(
    not(target_os = "linux"),
    allow(unused_imports, dead_code, reason = "some tests are of Linux")
)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the sounds of tests are short"
)]

mod answers;
mod audit;
mod batch;
mod browser;
mod ci;
mod damage;
mod dialects;
mod downloads;
mod errors;
mod faults;
mod fleet;
mod formats;
mod harness;
mod heard;
mod hostile;
mod inputs;
#[cfg(unix)]
mod interrupt;
mod key;
mod levels;
mod library;
mod limits;
mod manifest;
mod money;
mod outputs;
mod page;
mod properties;
mod proxies;
mod readme;
mod recipes;
mod report_safety;
mod reports;
mod request;
mod resampling;
mod retries;
mod sandbox;
mod search;
mod settings;
mod shells;
mod skip;
mod snapshots;
mod streaming;
#[cfg(unix)]
mod terminal;
mod tls;
mod watched;
mod windows;
