//! Captioner: one input to one outcome, through rules, cache and client.

use std::io;

use self::facts::Facts;
use self::ffmpeg::{OwnFfmpeg, report_decoder};
use self::limits::Limits;
use self::pointer::CachedPointer;
use self::spending::output_limits;
use crate::audio::{Clip, Sound, Truncation, measure};
use crate::budget::Budget;
use crate::client::{Audio, Client, ClientOptions};
use crate::error::Error;
use crate::input::Input;
use crate::manifest::cache::Cache;
use crate::manifest::entry::ManifestEntry;
use crate::manifest::{CacheKey, Manifest, Span};
use crate::outcome::{Outcome, Status};
use crate::progress::Observer;
use crate::rules::{Finding, Rule, Severity, check_audio, check_caption, check_truncation};
use crate::shutdown::Shutdown;
use crate::text::{milliseconds, seconds};

mod audio;
mod batch;
mod estimate;
mod facts;
mod ffmpeg;
mod in_order;
mod limits;
mod lookup;
mod options;
mod pointer;
mod send;
mod spending;
mod window_run;

pub use self::batch::Run;
pub use self::estimate::Estimate;
pub use self::limits::{BLOCKING_STACK, MAX_AUTO_JOBS, blocking_threads};
pub use self::options::CaptionerOptions;

/// Captions inputs, one at a time or many at once.
#[derive(Debug)]
pub struct Captioner {
    options: CaptionerOptions,
    limits: Limits,
    shutdown: Shutdown,
    client: Option<Client>,
    /// Options of the client, or those that cached captions were requested with.
    client_options: ClientOptions,
    ffmpeg: OwnFfmpeg,
    cache: Option<Cache>,
    budget: Budget,
    rules: Vec<Rule>,
}

impl Captioner {
    /// Creates a captioner with no client and no cache. Without a client, every input that is not
    /// cached fails with [`Error::Offline`].
    pub fn new(options: CaptionerOptions) -> Self {
        Self {
            limits: Limits::new(options.jobs),
            ffmpeg: OwnFfmpeg::new(options.ffmpeg.as_ref()),
            options,
            shutdown: Shutdown::new(),
            client: None,
            client_options: ClientOptions::default(),
            cache: None,
            budget: Budget::default(),
            rules: Vec::new(),
        }
    }

    /// Requests captions from a service.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        client.set_concurrency(self.options.jobs.map(|jobs| jobs.max(1)));
        self.budget.set_output_limits(output_limits(client.options()));
        Self { client_options: client.options().clone(), client: Some(client), ..self }
    }

    /// Uses the cache only. The options tell which model and token limit to look up.
    #[must_use]
    pub fn without_client(self, options: ClientOptions) -> Self {
        Self { client: None, client_options: options, ..self }
    }

    /// Uses the captions of a manifest, adds new ones to it, and sends equal requests once.
    #[must_use]
    pub fn with_cache(self, manifest: Manifest) -> Self {
        Self { cache: Some(Cache::new(manifest)), ..self }
    }

    /// Limits the cost of all requests, in US dollars.
    ///
    /// Each attempt reserves the most that it may cost: by the price list of the service, the length
    /// of the audio, and [`max_tokens`](ClientOptions::max_tokens) or else ten times the longest
    /// caption so far. With a price list and `max_tokens` the limit is never exceeded. Otherwise
    /// it is by the cost of one request at most: one request goes alone first, and later ones do
    /// whose reservation would exceed the limit.
    ///
    /// Attempts whose answer was lost count as what they may have cost. The first request that does
    /// not fit fails with [`Error::BudgetExceeded`] and ends a batch.
    #[must_use]
    pub fn with_budget(mut self, max_usd: f64) -> Self {
        self.budget.max_usd = Some(max_usd);
        self
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

    /// Adds the captions of the run to the manifest again if another program removed, replaced or
    /// rewrote it after the last of them. Returns a description of that change. Blocks.
    pub fn check_manifest(&self) -> io::Result<Option<String>> {
        self.cache.as_ref().map_or(Ok(None), |cache| cache.manifest.check())
    }

    /// Captions one input. A failure is part of the outcome.
    pub async fn caption(&self, input: Input, observer: &Observer) -> Outcome {
        let mut outcome = Outcome::new(input.clone(), Status::Failed(Error::Interrupted));
        if let Err(error) = self.try_caption(&input, &mut outcome, observer).await {
            outcome.status = Status::Failed(error);
        }
        if let Some(answer) = outcome.answer() {
            let findings = check_caption(&self.rules, &input, answer);
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
        let clip = match self.open(&input.source, observer).await {
            Err(pointer @ Error::LfsPointer { .. }) => {
                let CachedPointer { cache_key, entry, findings } =
                    self.cached_pointer(pointer, input)?;
                (outcome.cache_key, outcome.seconds) = (Some(cache_key), entry.seconds);
                outcome.findings = findings;
                outcome.status = if outcome.has_violation() {
                    Status::Blocked
                } else {
                    Status::Cached(entry.into_answer())
                };
                return Ok(());
            }
            Err(error) => return Err(error),
            Ok(Audio::Clip(clip)) => clip,
            Ok(url @ Audio::Url(_)) => {
                outcome.cache_key = Some(self.cache_key(None, None));
                let _permit = self.limits.requests.acquire().await;
                let answer = self.request(&self.place(), &url, None, None, observer).await?;
                outcome.status = Status::Captioned(answer);
                return Ok(());
            }
        };
        outcome.seconds = clip.format().seconds;
        outcome.track = self.report_track(&clip, observer);
        outcome.decoder = report_decoder(&clip, observer);
        self.check_large(&clip)?;
        let cache_key = self.cache_key(self.hash(&clip).await?, clip.track_key());
        outcome.cache_key = Some(cache_key.clone());
        // Held until the caption is in the manifest, so that an equal input finds it there.
        let _lock = match &self.cache {
            Some(cache) => Some(self.limits.lend_input(cache.lock(&cache_key)).await),
            None => None,
        };
        outcome.status = self.caption_clip(&clip, input, &cache_key, outcome, observer).await?;
        if let Status::Captioned(answer) = &outcome.status {
            if outcome.truncation.is_none() && clip.has_grown() {
                let truncation = Truncation::Growing;
                outcome.truncation = Some(truncation);
                outcome.findings.extend(check_truncation(&self.rules, input, truncation));
            }
            let mut entry = ManifestEntry::new(&outcome.name, &cache_key, answer);
            entry.seconds = outcome.seconds.map(|length| seconds(milliseconds(length)));
            entry.sound.clone_from(&outcome.sound);
            let error = self.store(entry, observer).await;
            outcome.manifest_error = error.or(outcome.manifest_error.take());
        }
        Ok(())
    }

    async fn caption_clip(
        &self,
        clip: &Clip,
        input: &Input,
        cache_key: &CacheKey,
        outcome: &mut Outcome,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let cached = self.cached_with_cost(cache_key);
        let is_whole_sent = cached.is_none() && self.options.upload.window.is_none();
        if !is_whole_sent || self.rules.iter().any(Rule::is_on_audio) {
            outcome.truncation = self.truncation(clip).await?;
        }
        let facts = Facts::new(clip, outcome.truncation, cached.as_ref());
        outcome.seconds = facts.seconds;
        (outcome.findings, outcome.sound) = self.check_audio(clip, input, &facts).await?;
        if outcome.has_violation() {
            return Ok(Status::Blocked);
        }
        let is_online = self.client.is_some();
        let status = match (cached, self.options.upload.window) {
            (Some(entry), _) => {
                outcome.is_duplicate =
                    self.cache.as_ref().is_some_and(|cache| cache.is_requested(cache_key));
                self.check_seconds(outcome.seconds)?;
                Ok(Status::Cached(entry.into_answer()))
            }
            // All windows may be cached even if the whole is not.
            (None, Some(_)) if is_online || self.cache.is_some() => {
                return self.caption_windows(clip, cache_key, outcome, observer).await;
            }
            (None, None) if is_online => return self.caption_whole(clip, outcome, observer).await,
            _ => Err(Error::Offline),
        };
        if outcome.sound.is_none() {
            outcome.sound = self.sound_without_request(clip, facts.sound).await;
        }
        status
    }

    async fn caption_whole(
        &self,
        clip: &Clip,
        outcome: &mut Outcome,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let prepared = self.prepare(clip, observer).await?;
        outcome.seconds = prepared.seconds;
        outcome.truncation = prepared.truncation;
        outcome.sound = outcome.sound.take().or_else(|| self.sound(clip, prepared.levels));
        self.check_seconds(prepared.seconds)?;
        let _permit = self.limits.requests.acquire().await;
        let audio = Audio::Clip(prepared.clip);
        let place = self.place();
        let answer = self.request(&place, &audio, Some(clip), prepared.seconds, observer).await?;
        Ok(Status::Captioned(answer))
    }

    /// Checks the rules on audio before anything is sent. Returns the violations, and the levels if
    /// there are such rules.
    async fn check_audio(
        &self,
        clip: &Clip,
        input: &Input,
        facts: &Facts,
    ) -> Result<(Vec<Finding>, Option<Sound>), Error> {
        if !self.rules.iter().any(Rule::is_on_audio) {
            return Ok((Vec::new(), None));
        }
        // A manifest may come with the change that is audited, and an error decides about it.
        let is_decisive = |rule: &Rule| {
            rule.severity() == Severity::Error && rule.needs_levels() && rule.applies_to(input)
        };
        let sound = match &facts.sound {
            Some(sound)
                if !self.needs_measuring(Some(sound)) && !self.rules.iter().any(is_decisive) =>
            {
                sound.clone()
            }
            _ => self.decode(clip, measure).await?,
        };
        let seconds = sound.format.seconds.or(facts.actual);
        let findings = check_audio(&self.rules, input, &sound, seconds, facts.truncation);
        Ok((findings, Some(sound)))
    }

    fn check_seconds(&self, seconds: Option<f64>) -> Result<(), Error> {
        match seconds {
            None if self.options.needs_length => Err(Error::UnknownLength),
            _ => Ok(()),
        }
    }

    fn cache_key(&self, sha256: Option<String>, track: Option<usize>) -> CacheKey {
        let ClientOptions { model, max_tokens, .. } = &self.client_options;
        let span = self.options.upload.window.map_or(Span::Whole, |window| Span::Windows {
            length_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
        });
        CacheKey { sha256, model: model.clone(), max_tokens: *max_tokens, track, span }
    }
}
