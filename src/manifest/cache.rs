//! What is known, and what is being asked: no question is asked twice in a run.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::manifest::Manifest;
use crate::manifest::entry::ManifestEntry;
use crate::outcome::CacheKey;

/// A manifest in use by one run.
#[derive(Debug)]
pub struct Cache {
    manifest: Manifest,
    force: bool,
    turns: Mutex<HashMap<CacheKey, Arc<tokio::sync::Mutex<()>>>>,
    /// With `force`: what this very run has asked.
    asked: Mutex<HashSet<CacheKey>>,
}

impl Cache {
    /// With `force`, what the manifest knew before the run is asked again.
    pub fn new(manifest: Manifest, force: bool) -> Self {
        Self { manifest, force, turns: Mutex::default(), asked: Mutex::default() }
    }

    /// Whether the question would be answered without asking.
    pub fn knows(&self, cache_key: &CacheKey) -> bool {
        !self.is_to_be_asked(cache_key) && self.manifest.knows(cache_key)
    }

    /// The record with the answer, where it is known.
    pub fn recall(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        if self.is_to_be_asked(cache_key) {
            return None;
        }
        self.manifest.find(cache_key)
    }

    /// Waits while somebody else asks the same question.
    pub async fn lock(&self, cache_key: &CacheKey) -> CacheLock<'_> {
        let mutex = locked(&self.turns).entry(cache_key.clone()).or_default().clone();
        let guard = mutex.lock_owned().await;
        CacheLock { cache: self, cache_key: cache_key.clone(), _guard: guard }
    }

    /// Keeps an answer for this run and those to come.
    pub fn keep(&self, cache_key: &CacheKey, record: &ManifestEntry) -> io::Result<()> {
        self.manifest.add(record)?;
        if self.force {
            locked(&self.asked).insert(cache_key.clone());
        }
        Ok(())
    }

    fn is_to_be_asked(&self, cache_key: &CacheKey) -> bool {
        self.force && !locked(&self.asked).contains(cache_key)
    }
}

/// The right to ask a question; given back when dropped.
#[derive(Debug)]
pub struct CacheLock<'a> {
    cache: &'a Cache,
    cache_key: CacheKey,
    _guard: OwnedMutexGuard<()>,
}

impl Drop for CacheLock<'_> {
    fn drop(&mut self) {
        let mut turns = locked(&self.cache.turns);
        // One for the map and one for this turn: nobody waits.
        if turns.get(&self.cache_key).is_some_and(|mutex| Arc::strong_count(mutex) == 2) {
            turns.remove(&self.cache_key);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
