//! What captioning an input would take.

use super::source::Located;
use super::{Captioner, Facts, token_check};
use crate::error::Error;
use crate::input::{Input, Source};
use crate::manifest::entry::ManifestEntry;
use crate::outcome::CacheKey;
use crate::progress::Observer;
use crate::rules::check_caption;
use crate::rules::finding::Finding;

/// What captioning an input would take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Estimate {
    /// Length in seconds, by the file's own account.
    pub seconds: Option<f64>,
    /// Bytes of the base64 text, or of the URL that is sent in its place; an estimate where the
    /// sound would be converted.
    pub bytes: u64,
    /// How many requests it takes; an estimate where windows would be cut.
    pub requests: u64,
    /// Tokens of the sound, where its length is known.
    pub tokens: Option<f64>,
    /// Whether the caption is known, so that nothing would be sent.
    pub is_known: bool,
    /// What is asked.
    pub cache_key: CacheKey,
    /// The rules that the sound breaks, and its caption where that is known.
    pub findings: Vec<Finding>,
    /// Whether the sound keeps the rules, so that it would be sent.
    pub is_fit: bool,
}

impl Captioner {
    /// What captioning this would take. Nothing is sent or downloaded, and nothing decoded but
    /// for rules on the sound.
    pub async fn plan(&self, input: &Input) -> Result<Estimate, Error> {
        let found = match &input.source {
            Source::Url(url) => Located::Url(url.clone()),
            source => self.find(source, &Observer::none()).await?,
        };
        let clip = match found {
            Located::Url(url) => {
                return Ok(Estimate {
                    seconds: None,
                    bytes: url.as_str().len() as u64,
                    requests: 1,
                    tokens: None,
                    is_known: false,
                    cache_key: self.cache_key(None),
                    findings: Vec::new(),
                    is_fit: true,
                });
            }
            Located::Clip(clip) => clip,
        };
        let cache_key = self.cache_key(self.hash(&clip).await?);
        let is_known = self.cache.as_ref().is_some_and(|cache| cache.knows(&cache_key));
        let (upload, seconds) = (self.upload(), clip.format().seconds);
        let mut facts = Facts { seconds, ..Facts::default() };
        let known = if is_known && !self.rules.is_empty() { self.recall(&cache_key) } else { None };
        let sound = known.as_ref().and_then(|record| record.sound.clone());
        let is_fit = self.is_fit(&input.name, &clip, sound, &mut facts).await?;
        let answer = known.filter(|_| is_fit).and_then(ManifestEntry::into_answer);
        if let Some(answer) = answer {
            facts.findings.extend(check_caption(&self.rules, &input.name, &answer));
        }
        self.check_length(seconds)?;
        let is_sent = is_fit && !is_known;
        Ok(Estimate {
            seconds,
            bytes: if is_sent { upload.upload_len(&clip)? } else { clip.encoded_len() },
            requests: seconds.map_or(1, |seconds| upload.requests(seconds)),
            tokens: seconds.map(token_check::tokens),
            is_known,
            cache_key,
            findings: facts.findings,
            is_fit,
        })
    }
}
