//! Texts of error messages that take more than a format string.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::time::Duration;

use bytesize::ByteSize;

use super::{BoxError, Error, ErrorKind, Setting};
use crate::text::duration;

pub(super) fn invalid(setting: Setting, value: Option<&str>, reason: &str) -> String {
    let what = match setting {
        Setting::Url => "not a usable URL",
        Setting::BaseUrl => "not a usable base URL",
        Setting::Glob => "not a usable glob",
        Setting::Regex => "not a usable regular expression",
        Setting::Proxy => "not a usable proxy",
        Setting::CaFile => "no certificates to trust",
    };
    let value = value.map(|value| format!(": {value}")).unwrap_or_default();
    format!("{what} ({reason}){value}")
}

pub(super) fn unreadable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "no such file".to_owned();
    }
    format!("could not be read ({})", reason(error))
}

pub(super) fn end_of_run(cause: ErrorKind) -> &'static str {
    match cause {
        ErrorKind::Auth => "the key or the account was refused",
        ErrorKind::Credits => "the account is out of credits",
        ErrorKind::Budget => "the spending limit was reached",
        ErrorKind::Output => "an output could not be written",
        ErrorKind::Network => "the network failed",
        ErrorKind::Server => "the service failed",
        ErrorKind::RateLimited => "the service refused all requests",
        ErrorKind::Rejected => "the service refused the request",
        ErrorKind::Interrupted => "the run was interrupted",
        _ => "the run ended early",
    }
}

pub(super) fn unserved(after: Duration, source: &Error) -> String {
    if after.is_zero() {
        return source.to_string();
    }
    format!("{source}; all requests failed for {}", duration(after))
}

/// Message of the system without its number.
pub(super) fn reason(error: &io::Error) -> String {
    let message = error.to_string();
    message.split(" (os error").next().unwrap_or_default().to_owned()
}

pub(super) fn wrong_separator(is_nul_separated: bool) -> &'static str {
    if is_nul_separated {
        "a list with line ends where NUL bytes were expected"
    } else {
        "a list with NUL bytes where line ends were expected"
    }
}

pub(super) fn no_track(number: usize, count: usize) -> String {
    let only = if count == 1 {
        "only one audio track".to_owned()
    } else {
        format!("{count} audio tracks")
    };
    format!("no audio track {number}: the file has {only}")
}

/// Describes a size in base64 over the limit; `None` if not all of it was read.
pub(super) fn too_large(encoded: Option<u64>, limit: u64) -> String {
    match encoded {
        Some(encoded) => format!("{} in base64, must be under {}", si(encoded), si(limit)),
        None => format!("{} or more in base64", si(limit)),
    }
}

/// Describes a length over the limit; `None` if not all of it was read.
pub(super) fn too_long(seconds: Option<f64>, limit: f64) -> String {
    let limit = length(limit);
    match seconds {
        Some(seconds) => format!("{} of audio; one request holds at most {limit}", length(seconds)),
        None => format!("more than {limit} of audio, which is what one request holds"),
    }
}

pub(super) fn si(bytes: u64) -> impl Display {
    ByteSize(bytes).display().si()
}

/// Length of audio.
pub(super) fn length(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// Message of the innermost cause, which tells a refused connection from a wrong name.
pub(super) fn root_cause(error: &BoxError) -> String {
    let cause = causes(&**error).last().map_or_else(String::new, ToString::to_string);
    match cause.strip_prefix("tunnel error: ") {
        Some("unsuccessful") => "the proxy refuses or cannot reach it".to_owned(),
        Some("unexpected end of file") => "the proxy closed the connection".to_owned(),
        _ => cause,
    }
}

pub(super) fn proxy_refused(has_password: bool) -> &'static str {
    if has_password {
        "the proxy refused the user name or the password (407)"
    } else {
        "the proxy wants a user name and a password (407)"
    }
}

/// Chain of causes, beginning with the error itself.
pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // `io::Error::source` skips the error that it wraps.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}
