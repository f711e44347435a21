//! What programs want to know of an error.

use std::time::Duration;

use super::{Error, Kind, Meaning};

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
            | Self::BadAuthorities { .. }
            | Self::SameSidecar { .. }
            | Self::OverSound { .. }
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
            | Self::Endless { .. }
            | Self::UnknownLength
            | Self::Changed
            | Self::Download { .. } => Kind::Input,
            Self::Refused(fault) => fault.meaning.kind(),
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::TimedOut { .. }
            | Self::Disconnected(_) => Kind::Network,
            Self::NotAnAnswer { .. } => Kind::Server,
            Self::Incomplete { .. } => Kind::Incomplete,
            Self::NotHeard { .. } => Kind::NotHeard,
            Self::InWindow { source, .. } => source.kind(),
            Self::Offline => Kind::Offline,
            Self::OverBudget { .. } => Kind::Budget,
            Self::Interrupted => Kind::Interrupted,
            Self::Unwritable { .. } | Self::NoRoom(_) => Kind::Output,
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
            Self::InWindow { source, .. } => source.retry_after(),
            Self::Download { retry_after, .. } => *retry_after,
            Self::Refused(fault) => fault.retry_after,
            _ => None,
        }
    }

    /// The HTTP status code, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::InWindow { source, .. } => source.status(),
            Self::Download { status, .. } | Self::NotAnAnswer { status, .. } => Some(*status),
            Self::Refused(fault) => Some(fault.status).filter(|status| *status > 0),
            _ => None,
        }
    }

    /// The service's name for the failed request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::InWindow { source, .. } => source.request_id(),
            Self::Refused(fault) => fault.request_id.as_deref(),
            Self::NotAnAnswer { request_id, .. }
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
