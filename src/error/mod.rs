//! Errors of the library: one enum that programs can match on.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub use self::api::{ApiError, ApiErrorKind};
pub use self::details::{Advice, Setting, Shortfall};
pub use self::kind::{Effect, ErrorKind};
pub use self::over_budget::OverBudget;
pub use self::received::Received;

pub(crate) use self::messages::causes;
pub(crate) use self::received::add;

mod api;
mod details;
mod kind;
mod messages;
mod over_budget;
mod received;

/// Error of another crate, kept as a source.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Failure of one input or of the whole run.
///
/// The message says what happened; [`Error::kind`] is its stable name, [`Error::effect`] says
/// what follows from it, and the [`source`](std::error::Error::source) chain has the causes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting or operand cannot be used.
    #[error("{}", messages::invalid(*setting, value.as_deref(), reason))]
    Invalid {
        /// Setting that is invalid.
        setting: Setting,
        /// Value as it was given; `None` if it may hold a password.
        value: Option<String>,
        /// Reason why it cannot be used.
        reason: String,
    },
    /// The key would be sent unencrypted.
    #[error("refused to send the key over unencrypted http:// to {host}")]
    InsecureUrl {
        /// Host of the base URL.
        host: String,
    },
    /// The key is empty or holds something other than printable ASCII.
    #[error("the key is empty or contains an invalid character")]
    BadKey,
    /// The HTTP client could not be set up (TLS roots, proxy settings).
    #[error("could not set up HTTP ({})", messages::root_cause(.0))]
    Setup(#[source] BoxError),
    /// A file could not be opened or read.
    #[error("{}", messages::unreadable(.0))]
    Unreadable(#[source] io::Error),
    /// Downloaded or converted audio could not be written to a temporary file.
    #[error("could not store the audio in {} ({})", crate::path_name::path_name(&std::env::temp_dir()), messages::reason(.0))]
    TempFile(#[source] io::Error),
    /// A folder, a named pipe, a device or a socket was given as a file.
    #[error("{what}, not a file")]
    NotAFile {
        /// Type of the file, with its article.
        what: &'static str,
    },
    /// A folder holds no audio, or a glob matches none.
    #[error("no audio found")]
    NothingFound {
        /// One line for each reason why audio was left out.
        omitted: Vec<String>,
    },
    /// A file is a Git LFS pointer; the audio is stored elsewhere.
    #[error("a Git LFS pointer")]
    LfsPointer {
        /// SHA-256 of the audio, in lower-case hexadecimal.
        sha256: String,
    },
    /// A list of inputs has NUL bytes in place of line ends, or line ends in place of NUL bytes.
    #[error("{}", messages::wrong_separator(*is_nul_separated))]
    WrongSeparator {
        /// True if NUL bytes were expected.
        is_nul_separated: bool,
    },
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The content is not audio.
    #[error("not audio but {found}")]
    NotAudio {
        /// Type of the content, with its article.
        found: String,
    },
    /// The content starts like audio, but cannot be decoded.
    #[error("a damaged {container} file ({reason})")]
    Damaged {
        /// Container, such as `WAV`.
        container: String,
        /// Message of the decoder.
        reason: String,
    },
    /// The file has fewer audio tracks than the wanted one.
    #[error("{}", messages::no_track(*number, *count))]
    NoTrack {
        /// Number of the wanted track, counted from 1.
        number: usize,
        /// Number of audio tracks.
        count: usize,
    },
    /// Audio that has to be decoded has a codec without a decoder.
    #[error("{container} cannot be decoded here")]
    Undecodable {
        /// Container, such as `AMR`.
        container: String,
    },
    /// Audio that has to be decoded has a codec that ffmpeg does not decode either.
    #[error("{container} with sound that neither this program nor ffmpeg can decode ({reason})")]
    FfmpegFailed {
        /// Container, such as `WMA`.
        container: String,
        /// Message of ffmpeg.
        reason: String,
    },
    /// The audio is larger than the upload limit.
    #[error("too large: {}", messages::too_large(*encoded, *limit))]
    TooLarge {
        /// Length of the base64 text in bytes; `None` if not all of it was read.
        encoded: Option<u64>,
        /// Limit in bytes.
        limit: u64,
        /// Advice that may help.
        advice: Advice,
    },
    /// Standard input or a download is larger than the spool limit.
    #[error("stream exceeds the limit of {}", messages::si(*limit))]
    StreamTooLarge {
        /// Limit in bytes.
        limit: u64,
    },
    /// The audio is longer than the service takes in one request.
    #[error("too long: {}", messages::too_long(*seconds, *limit))]
    TooLong {
        /// Length in seconds; `None` if not all of it was read.
        seconds: Option<f64>,
        /// Limit in seconds.
        limit: f64,
        /// Advice that may help.
        advice: Advice,
    },
    /// The file was modified during the upload.
    #[error("the file changed during the upload")]
    ModifiedDuringUpload,
    /// A download failed with an HTTP status.
    #[error("the download failed with status {status}")]
    Download {
        /// HTTP status code.
        status: u16,
        /// Wait that the server asked for.
        retry_after: Option<Duration>,
    },
    /// The service refused or failed the request.
    #[error(transparent)]
    Api(#[from] Box<ApiError>),
    /// No connection could be made.
    #[error("could not connect to {host} ({})", messages::root_cause(source))]
    Unreachable {
        /// Host and port.
        host: String,
        /// Failure of the name look-up, of TCP or of TLS.
        source: BoxError,
    },
    /// The proxy wants a user name and a password, or refuses them.
    #[error("{}", messages::proxy_refused(*has_password))]
    ProxyRefused {
        /// True if it got a user name or a password.
        has_password: bool,
    },
    /// The certificate of the server is invalid.
    #[error("the certificate of {host} is not trusted ({})", messages::root_cause(source))]
    InvalidCertificate {
        /// Host and port.
        host: String,
        /// Failure of the verification.
        source: BoxError,
    },
    /// No complete response arrived within the timeout.
    #[error("no complete response within {}", crate::text::duration(*after))]
    TimedOut {
        /// Timeout of one attempt.
        after: Duration,
    },
    /// The connection broke before the response was complete.
    #[error("the connection closed before the response was complete")]
    Disconnected(#[source] BoxError),
    /// A response with a success status holds no caption.
    #[error("response {status} has {found} instead of a caption")]
    UnexpectedResponse {
        /// HTTP status code.
        status: u16,
        /// Description of the body, with its article.
        found: String,
        /// Request id of the service.
        request_id: Option<String>,
    },
    /// The service counted fewer tokens than the audio has: it ignored the audio.
    #[error(
        "the service counted {prompt_tokens} tokens instead of about {expected:.0}: it ignored the audio"
    )]
    NotHeard {
        /// Input tokens that the service counted.
        prompt_tokens: u64,
        /// Input tokens of audio of that length.
        expected: f64,
        /// Request id of the service.
        request_id: Option<String>,
    },
    /// The length of the audio is required and unknown.
    #[error("subtitles need the length of the audio, which is unknown")]
    UnknownLength,
    /// A window of longer audio failed.
    #[error("window {}: {source}", crate::text::span(*start, *end))]
    InWindow {
        /// Start of the window in seconds.
        start: f64,
        /// End of the window in seconds.
        end: f64,
        /// Failure of the window.
        source: Box<Self>,
    },
    /// A request failed after responses that may have been billed.
    #[error("{source}")]
    Billed {
        /// Failure of the request.
        source: Box<Self>,
        /// Content of the responses.
        received: Box<Received>,
    },
    /// The caption is not cached and no request may be sent.
    #[error("not in the manifest (--offline)")]
    Offline,
    /// The request would exceed the spending limit.
    #[error(transparent)]
    BudgetExceeded(OverBudget),
    /// The user ended the run.
    #[error("interrupted")]
    Interrupted,
    /// The run ended before the input was started.
    #[error("not tried: {}", messages::end_of_run(*cause))]
    NotTried {
        /// Kind of the error that ended the run.
        cause: ErrorKind,
    },
    /// A caption could not be written.
    #[error("could not write {} ({})", crate::path_name::path_name(path), messages::reason(source))]
    Unwritable {
        /// Path of the file.
        path: PathBuf,
        /// Failure of the write.
        source: io::Error,
    },
    /// The service or the network failed for all requests, or refused all for a limit, for longer
    /// than is waited for.
    #[error("{}", messages::unserved(*after, source))]
    Unserved {
        /// Time without a caption; zero if the service asked for a longer wait.
        after: Duration,
        /// Failure of the last attempt.
        source: Box<Self>,
    },
    /// The response ended before the caption was complete.
    #[error("the caption is incomplete: {reason}")]
    Incomplete {
        /// Reason why it is incomplete.
        reason: String,
        /// Cause, as far as it makes a difference for the next step.
        cause: Shortfall,
        /// Request id of the service.
        request_id: Option<String>,
    },
}

impl Error {
    /// [`Error::Invalid`] with the value that is invalid.
    pub(crate) fn invalid(
        setting: Setting,
        value: impl Into<String>,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::Invalid { setting, value: Some(value.into()), reason: reason.to_string() }
    }
}
