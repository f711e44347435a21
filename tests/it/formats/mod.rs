//! Formats: what is read from a file is what was written to it.

mod containers;
mod containers_by_ffmpeg;
mod identification;
