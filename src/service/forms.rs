//! Which dialect the server is found to speak, once for all requests of a client.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::audio::Audio;
use super::dialect::{Dialect, is_wrong_form};
use crate::error::Error;
use crate::watch::{Event, Watch};

/// What is known of the server.
#[derive(Debug)]
pub(super) struct Forms(Mutex<Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    dialect: Dialect,
    /// Whether it was said, or answered in.
    is_sure: bool,
}

impl Forms {
    pub(super) fn new(said: Option<Dialect>, guess: Dialect) -> Self {
        Self(Mutex::new(Known { dialect: said.unwrap_or(guess), is_sure: said.is_some() }))
    }

    /// The one to speak.
    pub(super) fn dialect(&self) -> Dialect {
        self.known().dialect
    }

    /// The server answered in this one.
    fn settle(&self, dialect: Dialect) {
        *self.known() = Known { dialect, is_sure: true };
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The dialects that one request is written in, one after another.
pub(super) struct Attempts<'a> {
    forms: &'a Forms,
    pub(super) dialect: Dialect,
    left: Vec<Dialect>,
    refused: Option<Error>,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(forms: &'a Forms, audio: &Audio) -> Self {
        let Known { dialect, is_sure } = *forms.known();
        let others = Dialect::ALL.into_iter().filter(|other| *other != dialect);
        let left = if is_sure {
            Vec::new()
        } else {
            others.filter(|other| other.can_say(audio)).collect()
        };
        Self { forms, dialect, left, refused: None }
    }

    /// Goes on to another dialect where the server does not understand this one, or hands the
    /// error back: of several refusals the first, which is about what was meant to be sent.
    pub(super) fn next(&mut self, error: Error) -> Result<(), Error> {
        if !is_wrong_form(&error) {
            return Err(error);
        }
        let first = self.refused.take().unwrap_or(error);
        if self.left.is_empty() {
            return Err(first);
        }
        self.refused = Some(first);
        self.dialect = self.left.remove(0);
        Ok(())
    }

    /// The server answered.
    pub(super) fn settle(&self, watch: &Watch) {
        if self.refused.is_some() {
            watch.tell(Event::Understood { dialect: self.dialect.name() });
        }
        self.forms.settle(self.dialect);
    }
}
