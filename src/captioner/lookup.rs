//! Captions in the cache: read before a request, stored after it.

use std::collections::HashSet;

use super::Captioner;
use crate::error::add;
use crate::manifest::entry::ManifestEntry;
use crate::manifest::key::CacheKey;
use crate::outcome::{Outcome, Status};
use crate::text::in_milliseconds;

impl Captioner {
    pub(super) fn cached(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        self.cache.as_ref()?.get(cache_key)
    }

    /// Returns a cached caption with the cost of its windows, which is stored with each of them and
    /// not with the whole.
    pub(super) fn cached_with_cost(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        let mut entry = self.cached(cache_key)?;
        // A set, so that windows repeated by an edit of the manifest are read once.
        let windows = entry.windows.iter().map(|part| cache_key.window(part.start, part.end));
        for window in windows.collect::<HashSet<_>>() {
            let Some(part) = self.cached(&window) else { continue };
            entry.usage = add(entry.usage, part.usage, |one, other| one + other);
            entry.usd = add(entry.usd, part.usd, |one, other| one + other);
        }
        Some(entry)
    }

    /// Stores a new caption and returns once it is in the manifest.
    pub(super) async fn store(&self, cache_key: &CacheKey, outcome: &mut Outcome) {
        let (Some(cache), Status::Captioned(answer)) = (&self.cache, &outcome.status) else {
            return;
        };
        let mut entry = ManifestEntry::new(&outcome.name, cache_key, answer);
        entry.seconds = outcome.seconds.map(in_milliseconds);
        entry.sound.clone_from(&outcome.sound);
        if let Err(error) = cache.insert(entry).await {
            outcome.manifest_error = Some(error);
        }
    }
}
