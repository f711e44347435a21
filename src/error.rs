//! Everything that can go wrong, as one enum that programs can match on.

use std::fmt;
use std::io;
use std::time::Duration;

use bytesize::ByteSize;

pub use self::fault::{Fault, Meaning};

mod fault;

/// Why an input has no caption, or why nothing could start at all.
///
/// The message says what happened; [`Error::kind`] is the stable name for programs, and the
/// causes are in the [`source`](std::error::Error::source) chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL, or an operand that looks like a URL, cannot be used.
    #[error("not a usable URL ({reason}): {url}")]
    BadUrl {
        /// The URL as it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key would travel unencrypted.
    #[error("refused to send the key over http:// to {host}, where anyone on the way can read it")]
    InsecureUrl {
        /// The host of the base URL.
        host: String,
    },
    /// The key holds a character that no HTTP header can carry.
    #[error("the key holds a line break or another character that no HTTP header can carry")]
    BadKey,
    /// The HTTP client could not be set up (TLS roots, proxy settings).
    #[error("could not set up HTTP")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file could not be opened or read.
    #[error("{}", unreadable(.0))]
    Unreadable(#[source] io::Error),
    /// A folder, a named pipe, a device or a socket where a file was expected.
    #[error("{what}, not a file")]
    NotAFile {
        /// What it is, with its article.
        what: &'static str,
    },
    /// No bytes at all.
    #[error("empty: not a single byte")]
    Empty,
    /// The content is something other than sound.
    #[error("not audio but {found}")]
    NotAudio {
        /// What the content looks like, with its article.
        found: String,
    },
    /// Audio by its first bytes, but nothing in it can be played.
    #[error("a damaged {container} file ({reason})")]
    Damaged {
        /// The container, `WAV` for one.
        container: String,
        /// What a decoder says of it.
        reason: String,
    },
    /// Longer in base64 than may be sent.
    #[error("too large: {} in base64, and less than {} can be sent", si(*encoded), si(*limit))]
    TooLarge {
        /// Length of the base64 text in bytes; where the whole was not read, at least this.
        encoded: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file was written to, cut or replaced while it was being sent.
    #[error("the file changed while it was being sent")]
    Changed,
    /// A URL that was to be downloaded answered with something other than success.
    #[error("the download was answered with {status}")]
    Download {
        /// The HTTP status code.
        status: u16,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// The service refused the request or failed to serve it, and said so.
    #[error(transparent)]
    Refused(#[from] Box<Fault>),
    /// No connection could be made.
    #[error("could not connect to {host}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// Name look-up, TCP or TLS.
        source: reqwest::Error,
    },
    /// No complete answer within the time given.
    #[error("no complete answer within {}", humantime::format_duration(*after))]
    TimedOut {
        /// The limit that was set.
        after: Duration,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection broke before the answer was complete")]
    Disconnected(#[source] reqwest::Error),
    /// A success status with a body that is no answer.
    #[error("answered {status} with {found} in place of a caption")]
    NotAnAnswer {
        /// The HTTP status code.
        status: u16,
        /// What the body looks like, with its article.
        found: String,
        /// The service's name for the request.
        request_id: Option<String>,
    },
    /// An answer without a whole caption in it.
    #[error("the caption is incomplete: {reason}")]
    Incomplete {
        /// What is missing.
        reason: String,
        /// The service's name for the request.
        request_id: Option<String>,
    },
}

/// The stable names of failures; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Wrong options or configuration.
    Usage,
    /// The input cannot be used.
    Input,
    /// No key, key refused, or account not verified.
    Auth,
    /// Out of credits.
    Credits,
    /// The service will not take this request.
    Rejected,
    /// Too many requests.
    RateLimited,
    /// The network between here and there.
    Network,
    /// The service failed.
    Server,
    /// An answer without a whole caption.
    Incomplete,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usage => "usage",
            Self::Input => "input",
            Self::Auth => "auth",
            Self::Credits => "credits",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::Network => "network",
            Self::Server => "server",
            Self::Incomplete => "incomplete",
        })
    }
}

impl Error {
    /// The stable name of this failure.
    pub fn kind(&self) -> Kind {
        match self {
            Self::BadUrl { .. } | Self::InsecureUrl { .. } | Self::Setup(_) => Kind::Usage,
            Self::BadKey => Kind::Auth,
            Self::Unreadable(_)
            | Self::NotAFile { .. }
            | Self::Empty
            | Self::NotAudio { .. }
            | Self::Damaged { .. }
            | Self::TooLarge { .. }
            | Self::Changed
            | Self::Download { .. } => Kind::Input,
            Self::Refused(fault) => fault.meaning.kind(),
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Disconnected(_) => {
                Kind::Network
            }
            Self::NotAnAnswer { .. } => Kind::Server,
            Self::Incomplete { .. } => Kind::Incomplete,
        }
    }

    /// Whether the same request may well succeed a little later.
    ///
    /// An answer that arrived and made no sense is not: it may have been paid for.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Disconnected(_) => true,
            Self::Download { status, .. } => is_transient_status(*status),
            Self::Refused(fault) => match fault.meaning {
                Meaning::RateLimited => true,
                Meaning::Failed => is_transient_status(fault.status),
                _ => false,
            },
            _ => false,
        }
    }

    /// How long the server asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Download { retry_after, .. } => *retry_after,
            Self::Refused(fault) => fault.retry_after,
            _ => None,
        }
    }

    /// The service's name for the failed request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(fault) => fault.request_id.as_deref(),
            Self::NotAnAnswer { request_id, .. } | Self::Incomplete { request_id, .. } => {
                request_id.as_deref()
            }
            _ => None,
        }
    }

    /// Sorts a failed exchange with `host`, in which one try was given `timeout`.
    pub(crate) fn from_exchange(error: reqwest::Error, host: &str, timeout: Duration) -> Self {
        let error = error.without_url();
        if find::<ChangedWhileSending>(&error).is_some() {
            Self::Changed
        } else if error.is_connect() {
            Self::Unreachable { host: host.to_owned(), source: error }
        } else if error.is_timeout() {
            Self::TimedOut { after: timeout }
        } else {
            Self::Disconnected(error)
        }
    }
}

/// Marks, in the error chain of a broken upload, that our own side broke it.
#[derive(Debug, thiserror::Error)]
#[error("the file is no longer what it was when it was opened")]
pub(crate) struct ChangedWhileSending;

/// Whether a server that answers `status` may well answer otherwise a little later.
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// The first error of type `E` along the chain of causes.
fn find<'a, E>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E>
where
    E: std::error::Error + 'static,
{
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref())
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        kind => format!("could not be read ({kind})"),
    }
}

fn si(bytes: u64) -> impl fmt::Display {
    ByteSize(bytes).display().si()
}
