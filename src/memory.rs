//! What is known, and what is being asked: no question is asked twice in a run.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::manifest::Manifest;
use crate::outcome::Question;
use crate::record::Record;

/// A manifest in use by one run.
#[derive(Debug)]
pub struct Memory {
    manifest: Manifest,
    force: bool,
    turns: Mutex<HashMap<Question, Arc<tokio::sync::Mutex<()>>>>,
    /// With `force`: what this very run has asked.
    asked: Mutex<HashSet<Question>>,
}

impl Memory {
    /// With `force`, what the manifest knew before the run is asked again.
    pub fn new(manifest: Manifest, force: bool) -> Self {
        Self { manifest, force, turns: Mutex::default(), asked: Mutex::default() }
    }

    /// Whether the question would be answered without asking.
    pub fn knows(&self, question: &Question) -> bool {
        !self.is_to_be_asked(question) && self.manifest.knows(question)
    }

    /// The record with the answer, where it is known.
    pub fn recall(&self, question: &Question) -> Option<Record> {
        if self.is_to_be_asked(question) {
            return None;
        }
        self.manifest.find(question)
    }

    /// Waits while somebody else asks the same question.
    pub async fn turn(&self, question: &Question) -> Turn<'_> {
        let mutex = lock(&self.turns).entry(question.clone()).or_default().clone();
        let guard = mutex.lock_owned().await;
        Turn { memory: self, question: question.clone(), _guard: guard }
    }

    /// Keeps an answer for this run and those to come.
    pub fn keep(&self, question: &Question, record: &Record) -> io::Result<()> {
        self.manifest.add(record)?;
        if self.force {
            lock(&self.asked).insert(question.clone());
        }
        Ok(())
    }

    fn is_to_be_asked(&self, question: &Question) -> bool {
        self.force && !lock(&self.asked).contains(question)
    }
}

/// The right to ask a question; given back when dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    memory: &'a Memory,
    question: Question,
    _guard: OwnedMutexGuard<()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = lock(&self.memory.turns);
        // One for the map and one for this turn: nobody waits.
        if turns.get(&self.question).is_some_and(|mutex| Arc::strong_count(mutex) == 2) {
            turns.remove(&self.question);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
