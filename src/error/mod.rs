//! Everything that can go wrong, as one enum that programs can match on.

use std::io;
use std::time::Duration;

pub use self::api_error::{ApiError, ApiErrorKind};
pub use self::kind::Kind;
pub(crate) use self::transport::{ChangedWhileSending, ReadWhileSending};

mod api_error;
mod effect;
mod format;
mod kind;
mod transport;

/// What to do about sound that cannot be sent in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Cut it into windows of this length.
    Cut {
        /// One that fits.
        window: Duration,
    },
    /// Let it be converted.
    Convert,
    /// Make it smaller.
    Shrink,
}

/// Why an input has no caption, or why nothing could start at all.
///
/// The message says what happened; [`Error::kind`] is the stable name for programs, and the
/// causes are in the [`source`](std::error::Error::source) chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operand that looks like a URL cannot be used.
    #[error("not a usable URL ({reason}): {url}")]
    BadUrl {
        /// The URL as it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The base URL cannot be used.
    #[error("not a usable base URL ({reason}): {url}")]
    BadBaseUrl {
        /// The base URL as it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A glob cannot be understood.
    #[error("not a usable glob ({reason}): {glob}")]
    BadGlob {
        /// The glob as it was given.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A regular expression cannot be understood.
    #[error("not a usable regular expression ({reason}): {pattern}")]
    BadRegex {
        /// The expression as it was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The pattern of a sidecar's name cannot be used.
    #[error("not a usable pattern ({reason}): {pattern}")]
    BadPattern {
        /// The pattern as it was given.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A caption would be written over a sound.
    #[error("a caption is never written over a sound: {}", path.display())]
    OverwritesInput {
        /// The file.
        path: std::path::PathBuf,
    },
    /// Two captions would be written to one file.
    #[error("{one} and {other} would both be written to {}", path.display())]
    SameSidecar {
        /// The file.
        path: std::path::PathBuf,
        /// An input.
        one: String,
        /// Another input, or the same.
        other: String,
    },
    /// The key would travel unencrypted.
    #[error("refused to send the key over http:// to {host}, where anyone on the way can read it")]
    InsecureUrl {
        /// The host of the base URL.
        host: String,
    },
    /// The key is empty or holds something other than printable ASCII.
    #[error("the key is empty, or holds a line break or another character that no key has")]
    BadKey,
    /// The address of a proxy cannot be used. It is not repeated: a password may be in it.
    #[error("not a usable proxy ({reason})")]
    BadProxy {
        /// What is wrong with it.
        reason: String,
    },
    /// A file of certificates cannot be used.
    #[error("no certificates to trust ({reason}): {}", path.display())]
    InvalidCaFile {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be set up (TLS roots, proxy settings).
    #[error("could not set up HTTP")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file could not be opened or read.
    #[error("{}", format::unreadable(.0))]
    Unreadable(#[source] io::Error),
    /// Sound on its way, downloaded or converted for one, could not be kept in a temporary file.
    #[error("could not keep the sound in {} ({})", std::env::temp_dir().display(), .0.kind())]
    TempFile(#[source] io::Error),
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
    /// Audio that cannot be decoded here, where it would have to be.
    #[error("{container} with sound that cannot be decoded here")]
    Undecodable {
        /// The container, `AMR` for one.
        container: String,
    },
    /// Longer in base64 than may be sent.
    #[error("too large: {} in base64, and less than {} can be sent", format::told(*encoded), format::si(*limit))]
    TooLarge {
        /// Length of the base64 text in bytes; `None` where the whole was not read.
        encoded: Option<u64>,
        /// The limit in bytes.
        limit: u64,
        /// What may help.
        advice: Advice,
    },
    /// More from standard input or a URL than is kept here.
    #[error("more than {}, which is as much as is kept of what is no file", format::si(*limit))]
    StreamTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// More sound than can be sent in one piece.
    #[error("too long: {} of sound, and at most {} fits into one request", format::length(*seconds), format::span(*limit))]
    TooLong {
        /// Its length in seconds; `None` where the whole was not read.
        seconds: Option<f64>,
        /// The limit in seconds.
        limit: f64,
        /// What may help.
        advice: Advice,
    },
    /// The file was written to, cut or replaced while it was being sent.
    #[error("the file changed while it was being sent")]
    ModifiedDuringUpload,
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
    Api(#[from] Box<ApiError>),
    /// No connection could be made.
    #[error("could not connect to {host} ({})", transport::root_cause(source))]
    Unreachable {
        /// Host and port.
        host: String,
        /// Name look-up, TCP or TLS.
        source: reqwest::Error,
    },
    /// The server's certificate is not one to trust.
    #[error("the certificate of {host} is not trusted ({})", transport::root_cause(source))]
    InvalidCertificate {
        /// Host and port.
        host: String,
        /// What is wrong with it.
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
    UnexpectedResponse {
        /// The HTTP status code.
        status: u16,
        /// What the body looks like, with its article.
        found: String,
        /// The service's name for the request.
        request_id: Option<String>,
    },
    /// Fewer tokens of sound than the sound has: it was answered without listening.
    #[error(
        "the service heard {prompt_tokens} tokens of about {expected:.0}: it answered without the sound"
    )]
    NotHeard {
        /// What the service counted.
        prompt_tokens: u64,
        /// What sound of that length comes to.
        expected: f64,
        /// What it cost all the same, in US dollars.
        usd: Option<f64>,
        /// The service's name for the request.
        request_id: Option<String>,
    },
    /// The length of the sound has to be known and is not.
    #[error("its length is not known, and subtitles need it")]
    UnknownLength,
    /// A window of a longer sound has no caption.
    #[error("window {}: {source}", crate::text::span(*start, *end))]
    InWindow {
        /// Where the window begins, in seconds.
        start: f64,
        /// Where it ends, in seconds.
        end: f64,
        /// Why.
        source: Box<Self>,
    },
    /// Not known, and asking was not allowed.
    #[error("no known caption, and --offline asks for no new one")]
    Offline,
    /// The request would go past what may be spent.
    #[error("{}", format::over_budget(*spent, *max, *is_blind))]
    BudgetExceeded {
        /// US dollars spent so far.
        spent: f64,
        /// The limit in US dollars.
        max: f64,
        /// Whether the service does not tell what its answers cost.
        is_blind: bool,
    },
    /// The run was ended by the user while this was under way.
    #[error("interrupted")]
    Interrupted,
    /// The caption could not be written where it belongs.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An answer without a whole caption in it.
    #[error("the caption is incomplete: {reason}")]
    Incomplete {
        /// What is missing.
        reason: String,
        /// What it cost all the same, in US dollars.
        usd: Option<f64>,
        /// The service's name for the request.
        request_id: Option<String>,
    },
}
