//! Requests of a captioner: cache, budget, dialect, and token check.

use std::collections::HashSet;
use std::io;

use super::Captioner;
use super::limits::Place;
use super::spending::request_size;
use crate::audio::Clip;
use crate::budget::RequestSize;
use crate::client::{Answer, Audio, Client, Dialect};
use crate::error::{Error, add};
use crate::manifest::CacheKey;
use crate::manifest::entry::ManifestEntry;
use crate::progress::{Event, Observer};

/// Tokens per second of audio; a shorter clip counts as one second. Source: Alibaba Model Studio,
/// "Qwen3-Omni-Captioner", 2026-01.
const TOKENS_PER_SECOND: f64 = 12.5;

/// End of the model's name at every provider. Other models count differently.
const CAPTIONER: &str = "qwen3-omni-30b-a3b-captioner";

impl Captioner {
    pub(super) fn client(&self) -> Result<&Client, Error> {
        self.client.as_ref().ok_or(Error::Offline)
    }

    /// Place of a whole input among those in progress.
    pub(super) fn place(&self) -> Place<'_> {
        Place { captioner: self, is_window: false, size: RequestSize::default() }
    }

    /// Dialect of the next request.
    pub(super) fn dialect(&self) -> Dialect {
        match &self.client {
            Some(client) => client.dialect(),
            None => self.client_options.first_dialect(),
        }
    }

    pub(super) fn cached(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        self.cache.as_ref()?.manifest.get(cache_key)
    }

    /// Returns a cached caption with the cost of its windows, which is stored with each of them and
    /// not with the whole.
    pub(super) fn cached_with_cost(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        let mut entry = self.cached(cache_key)?;
        // A set, so that windows repeated by an edit of the manifest are read once.
        let windows = entry.windows.iter().map(|part| cache_key.window(part.start, part.end));
        for window in windows.collect::<HashSet<_>>() {
            let Some(part) = self.cached(&window) else { continue };
            entry.usage = add(entry.usage, part.usage);
            entry.usd = add(entry.usd, part.usd);
        }
        Some(entry)
    }

    /// Stores a new caption and returns once it is in the manifest.
    pub(super) async fn store(
        &self,
        entry: ManifestEntry,
        observer: &Observer,
    ) -> Option<io::Error> {
        match self.cache.as_ref()?.insert(entry).await {
            Ok(change) => {
                if let Some(reason) = change {
                    observer.emit(Event::ManifestChanged { reason });
                }
                None
            }
            Err(error) => Some(error),
        }
    }

    /// Sends the audio within the budget, in one dialect after another, prepared for each, until one
    /// is accepted. `original` is the clip that the audio was prepared from.
    pub(super) async fn request(
        &self,
        place: &Place<'_>,
        audio: &Audio,
        original: Option<&Clip>,
        seconds: Option<f64>,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let client = self.client()?;
        let model = &client.options().model;
        let check = |answer: &Answer| check_tokens(model, seconds, answer);
        let place = Place { size: request_size(audio, seconds), ..*place };
        let mut request = client.request(observer, &check, &place);
        while let Some(dialect) = request.next_dialect().await {
            match self.audio_for(dialect, audio, original, observer).await {
                Ok(audio) => request.send(&audio).await,
                Err(error) => request.skip(error),
            }
        }
        request.finish()
    }
}

/// Returns the tokens of so many seconds of audio.
pub(super) fn audio_tokens(seconds: f64) -> f64 {
    (seconds.max(1.0) * TOKENS_PER_SECOND).ceil()
}

/// True for the documented model, at any provider.
pub(super) fn is_captioner(model: &str) -> bool {
    model.to_lowercase().ends_with(CAPTIONER)
}

/// Fails with [`Error::NotHeard`] if the service counted less than half of the expected tokens.
fn check_tokens(model: &str, seconds: Option<f64>, answer: &Answer) -> Result<(), Error> {
    let (Some(seconds), Some(usage)) = (seconds, answer.usage) else { return Ok(()) };
    let expected = audio_tokens(seconds);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let counted = usage.prompt_tokens as f64;
    let is_unknown = usage.prompt_tokens == 0;
    if is_unknown || counted >= expected / 2.0 || !is_captioner(model) {
        return Ok(());
    }
    Err(Error::NotHeard {
        prompt_tokens: usage.prompt_tokens,
        expected,
        request_id: answer.request_id.clone(),
    })
}
