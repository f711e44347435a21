//! Content of responses that were billed although they hold no usable caption.

use std::fmt;
use std::ops::Add;

use super::Error;
use crate::answer::{Answer, Usage};

/// Content of the responses to a failed request, which may have been billed.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// Cost in US dollars.
    pub usd: Option<f64>,
    /// Token counts.
    pub usage: Option<Usage>,
    /// Text that is no complete caption.
    pub partial: Option<String>,
    /// Bodies as received; a streamed response has none.
    pub bodies: Vec<String>,
}

/// Leaves out the texts: a server may repeat the key in them, and errors are logged.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { usd, usage, .. } = self;
        f.debug_struct("Received").field("usd", usd).field("usage", usage).finish_non_exhaustive()
    }
}

impl Received {
    /// Adds the content of a later response.
    #[must_use]
    pub(crate) fn and(self, later: Self) -> Self {
        let texts = [self.partial, later.partial].into_iter().flatten().collect::<Vec<_>>();
        Self {
            usd: add(self.usd, later.usd),
            usage: add(self.usage, later.usage),
            partial: Some(texts.join("\n")).filter(|text| !text.is_empty()),
            bodies: [self.bodies, later.bodies].concat(),
        }
    }
}

impl From<Answer> for Received {
    fn from(answer: Answer) -> Self {
        let windows = answer.windows.into_iter().filter_map(|window| window.body);
        Self {
            usd: answer.usd,
            usage: answer.usage,
            partial: Some(answer.caption).filter(|text| !text.is_empty()),
            bodies: answer.body.into_iter().chain(windows).collect(),
        }
    }
}

impl Error {
    /// Adds the content of the responses to the failed request, if there is any.
    #[must_use]
    pub fn with_received(self, received: Received) -> Self {
        let (source, earlier) = self.into_parts();
        let received = Box::new(earlier.and(received));
        if *received == Received::default() {
            return source;
        }
        Self::Billed { source: Box::new(source), received }
    }

    /// Content of the responses to the failed request.
    pub fn received(&self) -> Option<&Received> {
        match self {
            Self::Billed { received, .. } => Some(received),
            Self::InWindow { source, .. } => source.received(),
            _ => None,
        }
    }

    /// Content of the responses to the failed request, to be changed.
    pub(crate) fn received_mut(&mut self) -> Option<&mut Received> {
        match self {
            Self::Billed { received, .. } => Some(received),
            Self::InWindow { source, .. } => source.received_mut(),
            _ => None,
        }
    }

    /// True if the request may have been served and billed, and its answer was lost: on the way, or
    /// behind a gateway, which responds with a page of its own. The service does not bill what it
    /// reports as failed. Source: AI/ML API docs, "usage logs".
    pub(crate) fn is_answer_lost(&self) -> bool {
        match self.root() {
            Self::TimedOut { .. } | Self::Disconnected(_) => true,
            Self::Api(error) => {
                matches!(error.status, 502 | 504 | 520 | 524) && error.message.is_empty()
            }
            _ => false,
        }
    }

    /// True if a response arrived, so that the request may have been billed.
    pub(crate) fn is_after_response(&self) -> bool {
        matches!(self.root(), Self::Incomplete { .. } | Self::UnexpectedResponse { .. })
    }

    /// Separates the failure from the content of the responses.
    pub(crate) fn into_parts(self) -> (Self, Received) {
        match self {
            Self::Billed { source, received } => (*source, *received),
            Self::InWindow { start, end, source } => {
                let (source, received) = source.into_parts();
                (Self::InWindow { start, end, source: Box::new(source) }, received)
            }
            error => (error, Received::default()),
        }
    }
}

/// Adds two values; one that is missing counts as nothing.
pub(crate) fn add<T: Add<Output = T>>(one: Option<T>, other: Option<T>) -> Option<T> {
    [one, other].into_iter().flatten().reduce(T::add)
}
