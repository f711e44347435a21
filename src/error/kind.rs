//! Kinds of errors, their effect, and the details of the failed request.

use std::fmt;
use std::time::Duration;

use super::{ApiErrorKind, Error};

/// Stable name of a failure; scripts rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Wrong options or configuration.
    Usage,
    /// The input cannot be used.
    Input,
    /// No key, key refused, or account not verified.
    Auth,
    /// Out of credits.
    Credits,
    /// The service rejects this request.
    Rejected,
    /// Too many requests.
    RateLimited,
    /// The network failed.
    Network,
    /// The service failed.
    Server,
    /// The response holds no complete caption.
    Incomplete,
    /// The service ignored the audio.
    NotHeard,
    /// The spending limit is reached.
    Budget,
    /// Not cached, and no request may be sent.
    Offline,
    /// The caption could not be written.
    Output,
    /// The user ended the run.
    Interrupted,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde::Serialize::serialize(self, f)
    }
}

/// Consequence of a failure for the request, the input and the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The same request may succeed later. The input fails when the retries are used up.
    Retry,
    /// The input fails; others may succeed.
    FailInput,
    /// All other inputs would fail in the same way. A [`Captioner`](crate::Captioner) starts no
    /// further input of its batch.
    StopRun,
}

impl Error {
    /// Failure itself, without the window in which it happened and what was received.
    pub fn root(&self) -> &Self {
        match self {
            Self::InWindow { source, .. }
            | Self::Billed { source, .. }
            | Self::Unserved { source, .. } => source.root(),
            error => error,
        }
    }

    /// Stable name of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } | Self::InsecureUrl { .. } | Self::Setup(_) => ErrorKind::Usage,
            Self::BadKey => ErrorKind::Auth,
            Self::Unreadable(_)
            | Self::NotAFile { .. }
            | Self::NothingFound { .. }
            | Self::LfsPointer { .. }
            | Self::WrongSeparator { .. }
            | Self::Empty
            | Self::NotAudio { .. }
            | Self::Damaged { .. }
            | Self::NoTrack { .. }
            | Self::Undecodable { .. }
            | Self::FfmpegFailed { .. }
            | Self::TooLarge { .. }
            | Self::TooLong { .. }
            | Self::StreamTooLarge { .. }
            | Self::UnknownLength
            | Self::ModifiedDuringUpload
            | Self::Download { .. } => ErrorKind::Input,
            Self::Api(api_error) => api_error.kind.error_kind(),
            Self::Unreachable { .. }
            | Self::ProxyRefused { .. }
            | Self::InvalidCertificate { .. }
            | Self::TimedOut { .. }
            | Self::Disconnected(_) => ErrorKind::Network,
            Self::UnexpectedResponse { .. } => ErrorKind::Server,
            Self::Incomplete { .. } => ErrorKind::Incomplete,
            Self::NotHeard { .. } => ErrorKind::NotHeard,
            Self::InWindow { source, .. }
            | Self::Billed { source, .. }
            | Self::Unserved { source, .. } => source.kind(),
            Self::Offline => ErrorKind::Offline,
            Self::BudgetExceeded(_) => ErrorKind::Budget,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::NotTried { cause } => *cause,
            Self::Unwritable { .. } | Self::TempFile(_) => ErrorKind::Output,
        }
    }

    /// Consequence of this failure.
    ///
    /// A response that makes no sense is not retried: it may have been billed.
    pub fn effect(&self) -> Effect {
        if self.is_for_all() {
            return Effect::StopRun;
        }
        let is_transient = match self.root() {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Disconnected(_)
            | Self::NotTried { .. } => true,
            Self::Download { status, .. } => is_transient_status(*status),
            Self::Api(api_error) => match api_error.kind {
                ApiErrorKind::RateLimited => true,
                ApiErrorKind::Failed => is_transient_status(api_error.status),
                _ => false,
            },
            _ => false,
        };
        match self.kind() {
            _ if is_transient => Effect::Retry,
            ErrorKind::Auth | ErrorKind::Credits | ErrorKind::Budget | ErrorKind::Output => {
                Effect::StopRun
            }
            _ => Effect::FailInput,
        }
    }

    /// True if the service or the network would fail in the same way for all other inputs.
    fn is_for_all(&self) -> bool {
        use ApiErrorKind::{AllowanceUsed, NoDialect, NotFound, Quota, Redirected};
        match self {
            // The proxy may lock out who tries often.
            Self::Unserved { .. } | Self::ProxyRefused { .. } => true,
            Self::InWindow { source, .. } | Self::Billed { source, .. } => source.is_for_all(),
            Self::Api(error) => {
                matches!(error.kind, AllowanceUsed | NoDialect | NotFound | Quota | Redirected)
            }
            _ => false,
        }
    }

    /// True if nothing decodes the audio, which may be a file that others can use.
    pub(crate) fn is_undecodable(&self) -> bool {
        matches!(self, Self::Undecodable { .. } | Self::FfmpegFailed { .. })
    }

    /// True if the service said that it is busy, which may be a limit of requests at a time.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.status(), Some(503 | 529))
    }

    /// Wait that the server asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.root() {
            Self::Download { retry_after, .. } => *retry_after,
            Self::Api(api_error) => api_error.retry_after,
            _ => None,
        }
    }

    /// HTTP status code of the response.
    pub fn status(&self) -> Option<u16> {
        match self.root() {
            Self::Download { status, .. } | Self::UnexpectedResponse { status, .. } => {
                Some(*status)
            }
            Self::Api(api_error) => Some(api_error.status).filter(|status| *status > 0),
            _ => None,
        }
    }

    /// Request id of the service, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        match self.root() {
            Self::Api(api_error) => api_error.request_id.as_deref(),
            Self::UnexpectedResponse { request_id, .. }
            | Self::Incomplete { request_id, .. }
            | Self::NotHeard { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// Cost of the failed request in US dollars, if the service reported it.
    pub fn usd(&self) -> Option<f64> {
        self.received().and_then(|received| received.usd)
    }
}

/// True if a server that responds with `status` may respond otherwise later.
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}
