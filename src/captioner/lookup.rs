//! Captions that are cached, without a request.

use super::Captioner;
use crate::client::Audio;
use crate::error::Error;
use crate::input::{Input, Source};
use crate::outcome::Outcome;
use crate::progress::Observer;

impl Captioner {
    /// Captions a file whose caption is cached. Returns `None` if it would have to be requested, or
    /// if the file cannot be read.
    pub async fn caption_cached(&self, input: &Input, observer: &Observer) -> Option<Outcome> {
        if !matches!(input.source, Source::File(_)) {
            return None;
        }
        let cache_key = match self.open(&input.source, observer).await {
            Ok(Audio::Clip(clip)) => self.cache_key(self.hash(&clip).await.ok()?, clip.track_key()),
            Err(Error::LfsPointer { sha256 }) => self.pointer_key(&sha256),
            _ => return None,
        };
        self.cached(&cache_key)?;
        Some(self.caption(input.clone(), observer).await)
    }
}
