//! Details of errors, which decide the advice to the user.

use std::time::Duration;

/// Advice for audio that does not fit into one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Cut it into windows of this length.
    Cut {
        /// Length that fits.
        window: Duration,
    },
    /// Convert it.
    Convert,
    /// Make it smaller.
    Shrink,
}

/// Setting or operand that an [`Error::Invalid`](super::Error::Invalid) is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// URL of an input.
    Url,
    /// Base URL of the service.
    BaseUrl,
    /// Glob of files.
    Glob,
    /// Regular expression of a rule.
    Regex,
    /// Proxy URL.
    Proxy,
    /// File of CA certificates.
    CaFile,
}

/// Cause of an incomplete caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// The timeout of the attempt ended the response.
    TimedOut,
    /// The connection or the stream ended early.
    Cut,
    /// The model reached its limit of tokens.
    Limit,
    /// The model or a filter refused the content of the audio.
    Refused,
    /// The model failed, or said nothing.
    Failed,
}
