//! Estimate of the requests and tokens of an input, without sending anything.

use super::Captioner;
use super::facts::Facts;
use super::send::audio_tokens;
use crate::audio::{AudioFormat, AudioTrack, Clip, Truncation, check_upload};
use crate::client::Audio;
use crate::error::Error;
use crate::input::{Input, Source};
use crate::manifest::CacheKey;
use crate::manifest::entry::ManifestEntry;
use crate::progress::Observer;
use crate::rules::{Finding, Severity, check_caption};

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
    /// Audio track of several that would be sent although it was not asked for.
    pub track: Option<AudioTrack>,
    /// Key of the caption.
    pub cache_key: CacheKey,
    /// Violations by the audio, and by its caption if that is cached.
    pub findings: Vec<Finding>,
    /// End that is missing from the audio, if so.
    pub truncation: Option<Truncation>,
    /// True if the audio passes the rules and would be sent.
    pub is_fit: bool,
    /// Format of samples without a head, which the extension of the file tells.
    pub headless: Option<AudioFormat>,
}

impl Captioner {
    /// Estimates the requests and tokens of an input. Sends and downloads nothing, and decodes what
    /// would be decoded for the request, so that it fails where that would.
    pub async fn estimate(&self, input: &Input) -> Result<Estimate, Error> {
        let mut estimate = Estimate {
            seconds: None,
            bytes: 0,
            requests: 1,
            tokens: None,
            is_known: false,
            cache_key: self.cache_key(None, None),
            track: None,
            truncation: None,
            findings: Vec::new(),
            is_fit: true,
            headless: None,
        };
        if let Source::Url(url) = &input.source {
            estimate.bytes = url.as_str().len() as u64;
            return Ok(estimate);
        }
        match self.open(&input.source, &Observer::none()).await {
            Ok(Audio::Clip(clip)) => self.estimate_clip(input, &clip, &mut estimate).await?,
            Ok(Audio::Url(_)) => {}
            Err(pointer @ Error::LfsPointer { .. }) => {
                let pointer = self.cached_pointer(pointer, input)?;
                (estimate.is_known, estimate.seconds) = (true, pointer.entry.seconds);
                estimate.findings = pointer.findings;
                self.check_cached(input, Some(pointer.entry), &mut estimate);
            }
            Err(error) => return Err(error),
        }
        Ok(estimate)
    }

    async fn estimate_clip(
        &self,
        input: &Input,
        clip: &Clip,
        estimate: &mut Estimate,
    ) -> Result<(), Error> {
        estimate.track = self.assumed_track(clip);
        self.check_large(clip)?;
        let is_headless = clip.format().is_headless();
        estimate.headless = is_headless.then(|| clip.format().clone());
        estimate.cache_key = self.cache_key(self.hash(clip).await?, clip.track_key());
        let cached = self.cached(&estimate.cache_key);
        estimate.is_known = cached.is_some();
        estimate.truncation = self.truncation(clip).await?;
        let facts = Facts::new(clip, estimate.truncation, cached.as_ref());
        let seconds = facts.seconds;
        (estimate.findings, _) = self.check_audio(clip, input, &facts).await?;
        self.check_cached(input, cached, estimate);
        self.check_seconds(seconds)?;
        estimate.seconds = seconds;
        let upload = self.upload_for(self.dialect());
        let is_sent = estimate.is_fit && !estimate.is_known;
        estimate.bytes = if is_sent { upload.upload_len(clip)? } else { clip.encoded_len() };
        if is_sent {
            let upload = upload.clone();
            self.decode(clip, move |clip| check_upload(clip, &upload)).await?;
        }
        estimate.requests = seconds.map_or(1, |seconds| upload.requests(seconds));
        estimate.tokens = seconds.map(audio_tokens);
        Ok(())
    }

    /// Checks the rules on a cached caption, unless the audio violates one of severity error.
    fn check_cached(&self, input: &Input, cached: Option<ManifestEntry>, estimate: &mut Estimate) {
        estimate.is_fit =
            estimate.findings.iter().all(|finding| finding.severity < Severity::Error);
        if let Some(entry) = cached.filter(|_| estimate.is_fit) {
            let findings = check_caption(&self.rules, input, &entry.into_answer());
            estimate.findings.extend(findings);
        }
    }
}
