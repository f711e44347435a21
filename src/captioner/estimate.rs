//! Estimate of the requests and tokens of an input, without sending anything.

use super::audio::Opened;
use super::{Captioner, usage};
use crate::error::Error;
use crate::input::{Input, Source};
use crate::manifest::entry::ManifestEntry;
use crate::manifest::key::CacheKey;
use crate::outcome::{Outcome, Status};
use crate::progress::Observer;
use crate::rules::Finding;
use crate::rules::check_caption;

/// Estimated requests and tokens of an input.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Estimate {
    /// Duration in seconds by the file's header.
    pub seconds: Option<f64>,
    /// Size of the upload in base64, or of the URL; estimated if the audio is to be converted.
    pub bytes: u64,
    /// Number of requests; estimated if the audio is split into windows.
    pub requests: u64,
    /// Tokens of the audio, if its duration is known.
    pub tokens: Option<f64>,
    /// True if the caption is cached and nothing would be sent.
    pub is_known: bool,
    /// Key of the caption.
    pub cache_key: CacheKey,
    /// Violations by the audio, and by its caption if that is cached.
    pub findings: Vec<Finding>,
    /// True if the audio passes the rules and would be sent.
    pub is_fit: bool,
}

impl Captioner {
    /// Estimates the requests and tokens of an input. Sends and downloads nothing, and decodes only
    /// for rules on audio.
    pub async fn estimate(&self, input: &Input) -> Result<Estimate, Error> {
        let opened = match &input.source {
            Source::Url(url) => Opened::Url(url.clone()),
            source => self.open(source, &Observer::none()).await?,
        };
        let clip = match opened {
            Opened::Clip(clip) => clip,
            Opened::Url(url) => return Ok(self.estimate_url(url.as_str())),
        };
        let cache_key = self.cache_key(self.hash(&clip).await?);
        let is_known = self.cache.as_ref().is_some_and(|cache| cache.contains(&cache_key));
        let (upload, seconds) = (self.upload(), clip.format().seconds);
        let cached =
            if is_known && !self.rules.is_empty() { self.cached(&cache_key) } else { None };
        let sound = cached.as_ref().and_then(|entry| entry.sound.clone());
        let mut outcome = Outcome::new(input.clone(), Status::Blocked);
        outcome.seconds = seconds;
        let is_fit = self.check_audio(&clip, sound, &mut outcome).await?;
        let answer = cached.filter(|_| is_fit).and_then(ManifestEntry::into_answer);
        if let Some(answer) = answer {
            outcome.findings.extend(check_caption(&self.rules, &input.name, &answer));
        }
        self.check_seconds(seconds)?;
        let is_sent = is_fit && !is_known;
        Ok(Estimate {
            seconds,
            bytes: if is_sent { upload.upload_len(&clip)? } else { clip.encoded_len() },
            requests: seconds.map_or(1, |seconds| upload.requests(seconds)),
            tokens: seconds.map(usage::audio_tokens),
            is_known,
            cache_key,
            findings: outcome.findings,
            is_fit,
        })
    }

    fn estimate_url(&self, url: &str) -> Estimate {
        Estimate {
            seconds: None,
            bytes: url.len() as u64,
            requests: 1,
            tokens: None,
            is_known: false,
            cache_key: self.cache_key(None),
            findings: Vec::new(),
            is_fit: true,
        }
    }
}
