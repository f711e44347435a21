//! Which dialect the server is found to speak, once for all requests of a client.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dialect::Dialect;
use crate::error::{ApiErrorKind, Error};

/// What is known of the server.
#[derive(Debug)]
pub(super) struct DialectNegotiation {
    known: Mutex<Known>,
    /// Held by the one request that tries another dialect while the others wait for what it finds.
    probing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    dialect: Dialect,
    /// Whether it was said, or answered in.
    is_sure: bool,
}

impl DialectNegotiation {
    pub(super) fn new(said: Option<Dialect>, guess: Dialect) -> Self {
        let known = Known { dialect: said.unwrap_or(guess), is_sure: said.is_some() };
        Self { known: Mutex::new(known), probing: tokio::sync::Mutex::new(()) }
    }

    /// The one to speak.
    pub(super) fn dialect(&self) -> Dialect {
        self.known().dialect
    }

    /// The server answered in this one. Whether that is news: the first answer decides.
    fn settle(&self, dialect: Dialect) -> bool {
        let mut known = self.known();
        let is_news = !known.is_sure && known.dialect != dialect;
        if !known.is_sure {
            *known = Known { dialect, is_sure: true };
        }
        is_news
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The dialects that one request is written in, one after another.
pub(super) struct DialectAttempts<'a> {
    negotiation: &'a DialectNegotiation,
    /// The one that is spoken now; others may find out meanwhile.
    current: Dialect,
    /// The one to try next, where that is another than the server is known to speak.
    other: Option<Dialect>,
    tried: Vec<Dialect>,
    refused: Option<Error>,
    probing: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl<'a> DialectAttempts<'a> {
    pub(super) fn new(negotiation: &'a DialectNegotiation) -> Self {
        let current = negotiation.dialect();
        Self { negotiation, current, other: None, tried: Vec::new(), refused: None, probing: None }
    }

    /// The one to speak now.
    pub(super) fn turn(&mut self) -> Dialect {
        self.current = self.other.unwrap_or_else(|| self.negotiation.dialect());
        self.current
    }

    /// Goes on to another dialect where the server does not understand this one, or hands the
    /// error back: of several refusals the first, which is about what was meant to be sent.
    pub(super) async fn next(&mut self, error: Error) -> Result<(), Error> {
        let Error::Api(api_error) = &error else { return Err(error) };
        match api_error.kind {
            ApiErrorKind::WrongForm => self.go_on(error).await,
            ApiErrorKind::Rejected => Err(self.refused.take().unwrap_or(error)),
            // What the account or the server's state has to do with is told as it is.
            _ => Err(error),
        }
    }

    /// As [`next`](Self::next), where the sound cannot be written in this dialect.
    pub(super) async fn skip(&mut self, error: Error) -> Result<(), Error> {
        if self.refused.is_none() { Err(error) } else { self.go_on(error).await }
    }

    async fn go_on(&mut self, error: Error) -> Result<(), Error> {
        self.tried.push(self.current);
        let first = self.refused.take().unwrap_or(error);
        if self.probing.is_none() {
            self.probing = Some(self.negotiation.probing.lock().await);
        }
        let known = *self.negotiation.known();
        let untried = |dialect: &Dialect| !self.tried.contains(dialect);
        self.other = if known.is_sure {
            // Somebody else may have found out meanwhile.
            Some(known.dialect).filter(untried)
        } else {
            Dialect::ALL.into_iter().find(untried)
        };
        if self.other.is_none() {
            return Err(first);
        }
        self.refused = Some(first);
        Ok(())
    }

    /// The server answered; the name of what it speaks, where that is news.
    pub(super) fn settle(self) -> Option<&'static str> {
        self.negotiation.settle(self.current).then(|| self.current.name())
    }
}
