//! Formats: what is read from a file is what was written to it.

mod containers;
mod containers_by_ffmpeg;
#[cfg(unix)]
mod fake_ffmpeg;
#[cfg(unix)]
mod ffmpeg_choice;
#[cfg(unix)]
mod ffmpeg_failures;
mod ffmpeg_formats;
#[cfg(unix)]
mod ffmpeg_safety;
mod identification;
