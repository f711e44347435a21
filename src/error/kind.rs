//! Kinds of errors and of error responses, their effect, and the details of the failed request.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::Error;

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

/// Error response of the service. Every form of its error bodies is read into this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status code, or that of an error object in a successful response, or 0 if there is
    /// none.
    pub status: u16,
    /// Meaning for the caller.
    pub kind: ApiErrorKind,
    /// Message of the service on one line; may be empty.
    pub message: String,
    /// Request id of the service.
    pub request_id: Option<String>,
    /// Wait that the service asked for.
    pub retry_after: Option<Duration>,
}

/// Meaning of an [`ApiError`] for the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// The key is missing, invalid, or not allowed to do this.
    Key,
    /// The account is not verified.
    Unverified,
    /// The account has no credits left.
    Credits,
    /// Too many requests.
    RateLimited,
    /// The free allowance is used up until the next hour.
    AllowanceUsed,
    /// A quota is used up, and the service asks for a longer wait than is kept.
    Quota,
    /// There is no such model, or no such address.
    NotFound,
    /// The request body is larger than the service takes.
    TooLarge,
    /// The service responded with a redirect.
    Redirected,
    /// The server takes audio in another dialect.
    WrongForm,
    /// The request is invalid and would be refused again.
    Rejected,
    /// The service or something behind it failed.
    #[default]
    Failed,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ApiErrorKind::Key => "the key was refused",
            ApiErrorKind::Unverified => "the account is not verified",
            ApiErrorKind::Credits => "the account is out of credits",
            ApiErrorKind::RateLimited => "too many requests",
            ApiErrorKind::AllowanceUsed => "the free allowance is used up",
            ApiErrorKind::Quota => "the quota is used up",
            ApiErrorKind::NotFound => "no such model or address",
            ApiErrorKind::TooLarge => "the request is larger than the service takes",
            ApiErrorKind::Redirected => "a redirect, which is not followed with the key",
            ApiErrorKind::Rejected | ApiErrorKind::WrongForm => "the service rejected the request",
            ApiErrorKind::Failed => "the service failed",
        })?;
        let status = (self.status > 0).then(|| self.status.to_string());
        let message = (!self.message.is_empty()).then(|| format!("\"{}\"", self.message));
        let wait = self.retry_after.map(|wait| format!("wait {}", format_duration(wait)));
        let facts: Vec<String> = [status, message, wait].into_iter().flatten().collect();
        if facts.is_empty() { Ok(()) } else { write!(f, " ({})", facts.join(", ")) }
    }
}

impl std::error::Error for ApiError {}

impl ApiErrorKind {
    fn error_kind(self) -> ErrorKind {
        match self {
            Self::Key | Self::Unverified => ErrorKind::Auth,
            Self::Credits => ErrorKind::Credits,
            Self::RateLimited | Self::AllowanceUsed | Self::Quota => ErrorKind::RateLimited,
            Self::TooLarge
            | Self::Redirected
            | Self::NotFound
            | Self::WrongForm
            | Self::Rejected => ErrorKind::Rejected,
            Self::Failed => ErrorKind::Server,
        }
    }
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
            Self::BudgetExceeded { .. } => ErrorKind::Budget,
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
            Self::Api(api_error) => {
                matches!(api_error.kind, ApiErrorKind::RateLimited | ApiErrorKind::Failed)
                    && is_transient_status(api_error.status)
            }
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
        use ApiErrorKind::{AllowanceUsed, NotFound, Quota, Redirected};
        match self {
            Self::Unserved { .. } => true,
            Self::InWindow { source, .. } | Self::Billed { source, .. } => source.is_for_all(),
            Self::Api(error) => {
                matches!(error.kind, AllowanceUsed | NotFound | Quota | Redirected)
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

    /// True if a response arrived, so that the request may have been billed.
    pub(crate) fn is_after_response(&self) -> bool {
        matches!(self.root(), Self::Incomplete { .. } | Self::UnexpectedResponse { .. })
    }
}

/// True if a server that responds with `status` may respond otherwise later.
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}
