//! What programs want to know of an error.

use std::time::Duration;

use super::{ApiErrorKind, Error, Kind};

impl Error {
    /// The failure itself, without the window in which it happened.
    pub fn root(&self) -> &Self {
        match self {
            Self::InWindow { source, .. } => source.root(),
            error => error,
        }
    }

    /// The stable name of this failure.
    pub fn kind(&self) -> Kind {
        match self {
            Self::BadUrl { .. }
            | Self::BadBaseUrl { .. }
            | Self::BadGlob { .. }
            | Self::BadPattern { .. }
            | Self::BadRegex { .. }
            | Self::BadProxy { .. }
            | Self::InvalidCaFile { .. }
            | Self::SameSidecar { .. }
            | Self::OverwritesInput { .. }
            | Self::InsecureUrl { .. }
            | Self::Setup(_) => Kind::Usage,
            Self::BadKey => Kind::Auth,
            Self::Unreadable(_)
            | Self::NotAFile { .. }
            | Self::Empty
            | Self::NotAudio { .. }
            | Self::Damaged { .. }
            | Self::Undecodable { .. }
            | Self::TooLarge { .. }
            | Self::TooLong { .. }
            | Self::StreamTooLarge { .. }
            | Self::UnknownLength
            | Self::ModifiedDuringUpload
            | Self::Download { .. } => Kind::Input,
            Self::Api(api_error) => api_error.kind.kind(),
            Self::Unreachable { .. }
            | Self::InvalidCertificate { .. }
            | Self::TimedOut { .. }
            | Self::Disconnected(_) => Kind::Network,
            Self::UnexpectedResponse { .. } => Kind::Server,
            Self::Incomplete { .. } => Kind::Incomplete,
            Self::NotHeard { .. } => Kind::NotHeard,
            Self::InWindow { source, .. } => source.kind(),
            Self::Offline => Kind::Offline,
            Self::BudgetExceeded { .. } => Kind::Budget,
            Self::Interrupted => Kind::Interrupted,
            Self::Unwritable { .. } | Self::TempFile(_) => Kind::Output,
        }
    }

    /// Whether the same request may well succeed a little later.
    ///
    /// An answer that arrived and made no sense is not: it may have been paid for.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::InWindow { source, .. } => source.is_transient(),
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Disconnected(_) => true,
            Self::Download { status, .. } => is_transient_status(*status),
            Self::Api(api_error) => match api_error.kind {
                ApiErrorKind::RateLimited => true,
                ApiErrorKind::Failed => is_transient_status(api_error.status),
                _ => false,
            },
            _ => false,
        }
    }

    /// How long the server asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InWindow { source, .. } => source.retry_after(),
            Self::Download { retry_after, .. } => *retry_after,
            Self::Api(api_error) => api_error.retry_after,
            _ => None,
        }
    }

    /// The HTTP status code, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::InWindow { source, .. } => source.status(),
            Self::Download { status, .. } | Self::UnexpectedResponse { status, .. } => {
                Some(*status)
            }
            Self::Api(api_error) => Some(api_error.status).filter(|status| *status > 0),
            _ => None,
        }
    }

    /// The service's name for the failed request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::InWindow { source, .. } => source.request_id(),
            Self::Api(api_error) => api_error.request_id.as_deref(),
            Self::UnexpectedResponse { request_id, .. }
            | Self::Incomplete { request_id, .. }
            | Self::NotHeard { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// What the failed request cost in US dollars, where the service told.
    pub fn usd(&self) -> Option<f64> {
        match self {
            Self::InWindow { source, .. } => source.usd(),
            Self::Incomplete { usd, .. } | Self::NotHeard { usd, .. } => *usd,
            _ => None,
        }
    }
}

/// Whether a server that answers `status` may well answer otherwise a little later.
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}
