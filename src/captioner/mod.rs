//! Captioner: one input to one outcome, through rules, cache and client.

use self::audio::Opened;
use self::limits::Limits;
use self::request::Service;
use self::usage::UsageCounter;
use crate::audio::{Clip, Sound};
use crate::budget::Budget;
use crate::client::{Audio, Client, ClientOptions, Usage};
use crate::error::Error;
use crate::input::Input;
use crate::manifest::Manifest;
use crate::manifest::cache::Cache;
use crate::manifest::key::{CacheKey, Span};
use crate::outcome::{Outcome, Status};
use crate::progress::Observer;
use crate::rules::{Rule, Severity, check_audio, check_caption};
use crate::shutdown::Shutdown;

mod audio;
mod estimate;
mod limits;
mod lookup;
mod merge;
mod options;
mod request;
mod usage;
mod window_run;

pub use self::estimate::Estimate;
pub use self::limits::blocking_threads;
pub use self::options::CaptionerOptions;

/// Captions inputs, one at a time or many at once.
#[derive(Debug)]
pub struct Captioner {
    pub(crate) options: CaptionerOptions,
    pub(crate) limits: Limits,
    pub(crate) shutdown: Shutdown,
    service: Service,
    cache: Option<Cache>,
    budget: Option<Budget>,
    rules: Vec<Rule>,
    usage: UsageCounter,
}

impl Captioner {
    /// Creates a captioner with no client and no cache.
    pub fn new(options: CaptionerOptions) -> Self {
        Self {
            limits: Limits::new(options.jobs.max(1)),
            options,
            shutdown: Shutdown::new(),
            service: Service::Offline(Box::default()),
            cache: None,
            budget: None,
            rules: Vec::new(),
            usage: UsageCounter::default(),
        }
    }

    /// Requests captions from a service.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { service: Service::Online(client), ..self }
    }

    /// Uses cached captions only: those that a client with these options requested.
    #[must_use]
    pub fn without_client(self, options: ClientOptions) -> Self {
        Self { service: Service::Offline(Box::new(options)), ..self }
    }

    /// Uses the captions of a manifest, adds new ones to it, and sends equal requests once.
    #[must_use]
    pub fn with_cache(self, manifest: Manifest) -> Self {
        Self { cache: Some(Cache::new(manifest)), ..self }
    }

    /// Limits the cost of all requests, in US dollars.
    ///
    /// The cost of a request is estimated from the highest price per token so far. Requests run one
    /// at a time until the first response reveals a price; the very first request is not estimated.
    #[must_use]
    pub fn with_budget(self, max_usd: f64) -> Self {
        Self { budget: Some(Budget::new(max_usd)), ..self }
    }

    /// Checks all audio and all captions. Audio that violates a rule of severity error is not sent.
    #[must_use]
    pub fn with_rules(self, rules: Vec<Rule>) -> Self {
        Self { rules, ..self }
    }

    /// Starts no further input or window once the signal is raised.
    #[must_use]
    pub fn with_shutdown(self, shutdown: Shutdown) -> Self {
        Self { shutdown, ..self }
    }

    /// Returns the tokens of all responses so far, also of those without a caption.
    pub fn usage(&self) -> Usage {
        self.usage.totals().0
    }

    /// Returns the cost of all responses so far in US dollars. `None` if no response had a cost.
    pub fn usd(&self) -> Option<f64> {
        self.usage.totals().1
    }

    /// Captions one input. A failure is part of the outcome.
    pub async fn caption(&self, input: Input, observer: &Observer) -> Outcome {
        let mut outcome = Outcome::new(input.clone(), Status::Failed(Error::Interrupted));
        if let Err(error) = self.try_caption(&input, &mut outcome, observer).await {
            outcome.status = Status::Failed(error);
        }
        if let Some(answer) = outcome.answer() {
            let findings = check_caption(&self.rules, &outcome.name, answer);
            outcome.findings.extend(findings);
        }
        outcome
    }

    async fn try_caption(
        &self,
        input: &Input,
        outcome: &mut Outcome,
        observer: &Observer,
    ) -> Result<(), Error> {
        let clip = match self.open(&input.source, observer).await? {
            Opened::Clip(clip) => clip,
            Opened::Url(url) => {
                outcome.cache_key = Some(self.cache_key(None));
                let _permit = self.limits.requests.acquire().await;
                let answer = self.request(&Audio::Url(url), None, None, observer).await?;
                outcome.status = Status::Captioned(answer);
                return Ok(());
            }
        };
        outcome.seconds = clip.format().seconds;
        let cache_key = self.cache_key(self.hash(&clip).await?);
        outcome.cache_key = Some(cache_key.clone());
        // Held until the caption is in the manifest, so that an equal input finds it there.
        let _lock = match &self.cache {
            Some(cache) => Some(cache.lock(&cache_key).await),
            None => None,
        };
        outcome.status = self.caption_clip(&clip, &cache_key, outcome, observer).await?;
        self.store(&cache_key, outcome).await;
        Ok(())
    }

    async fn caption_clip(
        &self,
        clip: &Clip,
        cache_key: &CacheKey,
        outcome: &mut Outcome,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let cached = self.cached_with_cost(cache_key);
        outcome.seconds = cached.as_ref().and_then(|entry| entry.seconds).or(outcome.seconds);
        let sound = cached.as_ref().and_then(|entry| entry.sound.clone());
        if !self.check_audio(clip, sound, outcome).await? {
            return Ok(Status::Blocked);
        }
        if let Some(entry) = cached {
            self.check_seconds(outcome.seconds)?;
            if outcome.sound.is_none() {
                outcome.sound = self.cached_sound(&entry, clip).await;
            }
            return entry.into_answer().map(Status::Cached).ok_or(Error::Offline);
        }
        let is_online = self.service.client().is_ok();
        match self.options.upload.window {
            // All windows may be cached even if the whole is not.
            Some(_) if is_online || self.cache.is_some() => {
                self.caption_windows(clip, cache_key, outcome, observer).await
            }
            None if is_online => self.caption_whole(clip, outcome, observer).await,
            _ => {
                if outcome.sound.is_none() && self.needs_measuring(None) {
                    outcome.sound = self.measure(clip).await.ok();
                }
                Err(Error::Offline)
            }
        }
    }

    async fn caption_whole(
        &self,
        clip: &Clip,
        outcome: &mut Outcome,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let prepared = self.prepare(clip, observer).await?;
        outcome.seconds = prepared.seconds;
        outcome.sound = outcome.sound.take().or_else(|| self.sound(clip, prepared.levels));
        self.check_seconds(prepared.seconds)?;
        let _permit = self.limits.requests.acquire().await;
        let audio = Audio::Clip(prepared.clip);
        self.request(&audio, Some(clip), prepared.seconds, observer).await.map(Status::Captioned)
    }

    /// Checks the rules on audio before anything is sent. False if one of severity error is
    /// violated.
    async fn check_audio(
        &self,
        clip: &Clip,
        cached: Option<Sound>,
        outcome: &mut Outcome,
    ) -> Result<bool, Error> {
        if !self.rules.iter().any(Rule::is_on_audio) {
            return Ok(true);
        }
        let sound = match cached.filter(|sound| !self.needs_measuring(Some(sound))) {
            Some(sound) => sound,
            None => self.measure(clip).await?,
        };
        let seconds = sound.format.seconds.or(outcome.seconds);
        outcome.findings = check_audio(&self.rules, &outcome.name, &sound, seconds);
        outcome.sound = Some(sound);
        Ok(outcome.findings.iter().all(|finding| finding.severity < Severity::Error))
    }

    fn check_seconds(&self, seconds: Option<f64>) -> Result<(), Error> {
        match seconds {
            None if self.options.needs_length => Err(Error::UnknownLength),
            _ => Ok(()),
        }
    }

    fn cache_key(&self, sha256: Option<String>) -> CacheKey {
        let ClientOptions { model, max_tokens, .. } = self.service.options();
        let span = self.options.upload.window.map_or(Span::Whole, |window| Span::Windows {
            length_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
        });
        CacheKey { sha256, model: model.clone(), max_tokens: *max_tokens, span }
    }
}
