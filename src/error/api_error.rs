//! What the service says when it refuses, in one shape.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::Kind;

/// What the service said when it refused or failed.
///
/// The ten shapes that its error bodies are known to take are all read into this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status code; of the error object where a success status carried one; 0 where
    /// neither is known.
    pub status: u16,
    /// What it means for the caller.
    pub kind: ApiErrorKind,
    /// The service's words, on one line; empty where it had none.
    pub message: String,
    /// The service's name for the request.
    pub request_id: Option<String>,
    /// How long the service asked to wait.
    pub retry_after: Option<Duration>,
}

/// What a [`ApiError`] means for the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// The key is missing, unknown, or not allowed to do this.
    Key,
    /// The account has to be verified first.
    Unverified,
    /// The account has no credits left.
    Credits,
    /// Too many requests for now.
    RateLimited,
    /// A free allowance is used up; it returns with the hour, not with the next try.
    AllowanceUsed,
    /// The body is larger than the service takes.
    TooLarge,
    /// The service answered with another address to go to.
    Redirected,
    /// The sound is written in another way than the server takes it.
    WrongForm,
    /// The request is at fault: asked again, it will be refused again.
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
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Key | Self::Unverified => Kind::Auth,
            Self::Credits => Kind::Credits,
            Self::RateLimited | Self::AllowanceUsed => Kind::RateLimited,
            Self::TooLarge | Self::Redirected | Self::WrongForm | Self::Rejected => Kind::Rejected,
            Self::Failed => Kind::Server,
        }
    }
}
