//! Code that the tests and examples of this repository share: a stand-in for the captioning
//! service, test audio, and random test cases.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "test audio is short"
)]
#![allow(clippy::missing_panics_doc, reason = "a panic fails the test, as it should")]

pub mod audio;
pub mod cargo;
pub mod compare;
pub mod containers;
pub mod hostile;
pub mod limited;
pub mod random;
pub mod stand_in;
