//! What programs can rely on of an error.

use std::fmt;

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
    /// The service answered without listening.
    NotHeard,
    /// What may be spent is spent.
    Budget,
    /// Not known, and nothing may be asked.
    Offline,
    /// The caption could not be written.
    Output,
    /// Ended by the user.
    Interrupted,
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
            Self::NotHeard => "not_heard",
            Self::Budget => "budget",
            Self::Offline => "offline",
            Self::Output => "output",
            Self::Interrupted => "interrupted",
        })
    }
}
