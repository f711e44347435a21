//! Single-flight cache over a manifest: equal requests of a run are sent once.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

use super::entry::ManifestEntry;
use super::index::Fingerprint;
use super::{CacheKey, Manifest};
use crate::descriptors::block_for;
use crate::platform;

type AsyncMutex = Arc<tokio::sync::Mutex<()>>;

/// Manifest in use by one run.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) manifest: Arc<Manifest>,
    /// One lock per key in use.
    locks: Mutex<HashMap<CacheKey, AsyncMutex>>,
    /// Keys of the captions that were requested in this run.
    requested: Mutex<HashSet<Fingerprint>>,
    /// Held while an entry is written, so that at most one thread of the pool waits for the file.
    writer: AsyncMutex,
}

impl Cache {
    pub(crate) fn new(manifest: Manifest) -> Self {
        let manifest = Arc::new(manifest);
        Self {
            manifest,
            locks: Mutex::default(),
            requested: Mutex::default(),
            writer: AsyncMutex::default(),
        }
    }

    /// Waits until no other task works on the same key.
    pub(crate) async fn lock(&self, cache_key: &CacheKey) -> CacheLock<'_> {
        let mutex = platform::lock(&self.locks).entry(cache_key.clone()).or_default().clone();
        let guard = mutex.lock_owned().await;
        CacheLock { cache: self, cache_key: cache_key.clone(), _guard: guard }
    }

    /// True if the caption of a key was requested in this run.
    pub(crate) fn is_requested(&self, cache_key: &CacheKey) -> bool {
        platform::lock(&self.requested).contains(&cache_key.fingerprint())
    }

    /// Appends an entry to the manifest and returns once it is in the file, with the description of
    /// a change of the file from outside. Writing happens on a
    /// thread of the blocking pool: another program may hold the file's lock for seconds.
    pub(crate) async fn insert(&self, entry: ManifestEntry) -> io::Result<Option<String>> {
        platform::lock(&self.requested).insert(entry.cache_key().fingerprint());
        let (manifest, writer) = (self.manifest.clone(), self.writer.clone().lock_owned().await);
        let append = move || {
            // A caller that is dropped does not stop the write; the next one still waits for it.
            let _writer = writer;
            block_for(|| manifest.append(&entry))
        };
        tokio::task::spawn_blocking(append).await?
    }
}

/// Exclusive use of a key; released when dropped.
#[derive(Debug)]
pub(crate) struct CacheLock<'a> {
    cache: &'a Cache,
    cache_key: CacheKey,
    _guard: OwnedMutexGuard<()>,
}

impl Drop for CacheLock<'_> {
    fn drop(&mut self) {
        let mut locks = platform::lock(&self.cache.locks);
        // One reference of the map and one of this lock: no other task waits.
        if locks.get(&self.cache_key).is_some_and(|mutex| Arc::strong_count(mutex) == 2) {
            locks.remove(&self.cache_key);
        }
    }
}
