//! Error responses of the service.

use std::fmt;
use std::time::Duration;

use super::ErrorKind;
use crate::text::duration;

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
    /// Limit of requests a minute that the service named.
    pub per_minute: Option<u32>,
    /// Address that the service does not know, or that it redirects to, without query and
    /// password.
    pub address: Option<String>,
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
    /// A filter of the service refuses the content of the audio.
    Filtered,
    /// The server takes audio in another dialect.
    WrongForm,
    /// The server takes audio in none of the dialects.
    NoDialect,
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
            ApiErrorKind::TooLarge => "the request is larger than the service allows",
            ApiErrorKind::Filtered => "the service refuses the content of the audio",
            ApiErrorKind::Redirected => "a redirect, which is not followed with the key",
            ApiErrorKind::Rejected | ApiErrorKind::WrongForm | ApiErrorKind::NoDialect => {
                "the service rejected the request"
            }
            ApiErrorKind::Failed => "the service failed",
        })?;
        let status = (self.status > 0).then(|| self.status.to_string());
        let message = (!self.message.is_empty()).then(|| format!("\"{}\"", self.message));
        let wait = self.retry_after.map(|wait| format!("wait {}", duration(wait)));
        let facts: Vec<String> = [status, message, wait].into_iter().flatten().collect();
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        let to = if self.kind == ApiErrorKind::Redirected { "to" } else { "at" };
        self.address.as_ref().map_or(Ok(()), |address| write!(f, " {to} {address}"))
    }
}

impl std::error::Error for ApiError {}

impl ApiErrorKind {
    pub(super) fn error_kind(self) -> ErrorKind {
        match self {
            Self::Key | Self::Unverified => ErrorKind::Auth,
            Self::Credits => ErrorKind::Credits,
            Self::RateLimited | Self::AllowanceUsed | Self::Quota => ErrorKind::RateLimited,
            Self::TooLarge
            | Self::Redirected
            | Self::Filtered
            | Self::NotFound
            | Self::WrongForm
            | Self::NoDialect
            | Self::Rejected => ErrorKind::Rejected,
            Self::Failed => ErrorKind::Server,
        }
    }
}
