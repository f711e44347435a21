//! The words of messages that take more than a format string.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use bytesize::ByteSize;

pub(super) fn unreadable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "no such file".to_owned();
    }
    // In the system's words, without its number.
    let words = error.to_string();
    format!("could not be read ({})", words.split(" (os error").next().unwrap_or(&words))
}

pub(super) fn over_budget(spent: f64, max: f64, is_blind: bool) -> String {
    if is_blind {
        format!("the service does not tell what its answers cost, so ${max} cannot be kept")
    } else {
        format!("${spent:.4} of ${max} is spent, and another request would go past it")
    }
}

pub(super) fn told(encoded: Option<u64>) -> String {
    encoded.map_or_else(|| "more than that".to_owned(), |bytes| si(bytes).to_string())
}

pub(super) fn si(bytes: u64) -> impl Display {
    ByteSize(bytes).display().si()
}

pub(super) fn length(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "more than that".to_owned(), span)
}

/// A length of sound.
pub(super) fn span(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let time = Duration::try_from_secs_f64(seconds.round()).unwrap_or(Duration::MAX);
    humantime::format_duration(time).to_string()
}
