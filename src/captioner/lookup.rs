//! What is known, and what will be.

use std::collections::HashSet;

use super::{Captioner, merge};
use crate::manifest::record::Record;
use crate::outcome::{CacheKey, Outcome, Status};

impl Captioner {
    pub(super) fn recall(&self, cache_key: &CacheKey) -> Option<Record> {
        self.cache.as_ref()?.recall(cache_key)
    }

    /// With what the windows cost, which is kept with each of them and not with their whole.
    pub(super) fn recall_joined(&self, cache_key: &CacheKey) -> Option<Record> {
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
        let (Some(cache), Status::Captioned(_), Some(cache_key)) =
            (&self.cache, &outcome.status, &outcome.cache_key)
        else {
            return;
        };
        if cache_key.sha256.is_some() {
            let mut record = Record::new(outcome, |_| String::new());
            if !record.windows.is_empty() {
                // Each of them tells it, and a sum over the manifest is to be right.
                (record.usage, record.usd) = (None, None);
            }
            outcome.manifest_error =
                cache.keep(cache_key, &record).err().or(outcome.manifest_error.take());
        }
    }
}
