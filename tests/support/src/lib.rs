//! Helpers shared by the tests and examples: the stand-in service and random test cases.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    clippy::missing_panics_doc,
    reason = "for the tests and examples of this repository alone"
)]

pub mod random;
pub mod stand_in;
