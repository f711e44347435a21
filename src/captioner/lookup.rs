//! What is known, and what will be.

use std::collections::HashSet;

use super::{Captioner, merge};
use crate::manifest::entry::ManifestEntry;
use crate::outcome::{CacheKey, Outcome, Status};
use crate::text::in_milliseconds;

impl Captioner {
    pub(super) fn recall(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        self.cache.as_ref()?.recall(cache_key)
    }

    /// With what the windows cost, which is kept with each of them and not with their whole.
    pub(super) fn recall_joined(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        let mut record = self.recall(cache_key)?;
        // Each is read once, whatever somebody wrote into the manifest.
        let windows = record.windows.iter().map(|window| cache_key.about(window.start, window.end));
        for window in windows.collect::<HashSet<_>>() {
            let Some(part) = self.recall(&window) else { continue };
            record.usage = merge::add(record.usage, part.usage, |one, other| one + other);
            record.usd = merge::add(record.usd, part.usd, |one, other| one + other);
        }
        Some(record)
    }

    /// Keeps a new caption the moment it is there.
    pub(super) fn keep(&self, outcome: &mut Outcome) {
        let (Some(cache), Status::Captioned(answer), Some(cache_key)) =
            (&self.cache, &outcome.status, &outcome.cache_key)
        else {
            return;
        };
        if cache_key.sha256.is_some() {
            let mut record = ManifestEntry::new(&outcome.name, cache_key, answer);
            record.seconds = outcome.seconds.map(in_milliseconds);
            record.sound.clone_from(&outcome.sound);
            outcome.manifest_error =
                cache.keep(cache_key, &record).err().or(outcome.manifest_error.take());
        }
    }
}
