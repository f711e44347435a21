//! Captions of Git LFS pointers, found by the hash of the audio.

use std::num::NonZeroUsize;

use super::Captioner;
use crate::error::Error;
use crate::input::Input;
use crate::manifest::CacheKey;
use crate::manifest::entry::ManifestEntry;
use crate::rules::{Finding, check_missing_audio};

/// Cached caption of audio that is not there.
pub(super) struct CachedPointer {
    pub(super) cache_key: CacheKey,
    pub(super) entry: ManifestEntry,
    /// One finding for each rule on audio.
    pub(super) findings: Vec<Finding>,
}

impl Captioner {
    /// Key of the caption of a pointer. Nobody knows which track of the audio is the default one.
    pub(super) fn pointer_key(&self, sha256: &str) -> CacheKey {
        let track = self.options.track.map(NonZeroUsize::get);
        self.cache_key(Some(sha256.to_owned()), track)
    }

    /// Looks up the caption of a pointer. Fails with the error `pointer` itself if there is none.
    pub(super) fn cached_pointer(
        &self,
        pointer: Error,
        input: &Input,
    ) -> Result<CachedPointer, Error> {
        let Error::LfsPointer { sha256 } = &pointer else { return Err(pointer) };
        let cache_key = self.pointer_key(sha256);
        let Some(entry) = self.cached_with_cost(&cache_key) else { return Err(pointer) };
        let findings = check_missing_audio(&self.rules, input, &pointer);
        Ok(CachedPointer { cache_key, entry, findings })
    }
}
