//! Formats of recordings, and what decodes them.

#[cfg(unix)]
mod fake_ffmpeg;
#[cfg(unix)]
mod ffmpeg_choice;
#[cfg(unix)]
mod ffmpeg_failures;
mod ffmpeg_formats;
#[cfg(unix)]
mod ffmpeg_safety;
