//! Key of a caption in the cache.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::index::Fingerprint;
use crate::text::milliseconds;

/// Key of a caption in the cache: content of the file, audio track, model, token limit and windows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CacheKey {
    /// SHA-256 of the file in lower-case hexadecimal. `None` without a cache, and for a URL that
    /// the service fetches.
    pub sha256: Option<String>,
    /// Name of the model.
    pub model: String,
    /// Limit of the caption in tokens.
    pub max_tokens: Option<u32>,
    /// Number of the audio track, if it is not the default one of its file.
    pub track: Option<usize>,
    /// Part of the audio that the caption describes.
    pub(crate) span: Span,
}

/// Part of the audio that a caption describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Span {
    /// The whole file in one caption.
    Whole,
    /// The whole file in windows of this length.
    Windows { length_ms: u64 },
    /// One window.
    Window { start_ms: u64, end_ms: u64 },
}

impl CacheKey {
    /// Requested length of the windows, if the audio is split.
    pub fn window_length(&self) -> Option<Duration> {
        match self.span {
            Span::Windows { length_ms } => Some(Duration::from_millis(length_ms)),
            Span::Whole | Span::Window { .. } => None,
        }
    }

    /// Returns the key of one window, given in seconds.
    pub(crate) fn window(&self, start: f64, end: f64) -> Self {
        let (start_ms, end_ms) = (milliseconds(start), milliseconds(end));
        Self { span: Span::Window { start_ms, end_ms }, ..self.clone() }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::digest(format!("{self:?}"));
        *digest.first_chunk().expect("a digest of 32 bytes")
    }
}
