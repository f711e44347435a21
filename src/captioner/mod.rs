//! One input to one outcome: find the sound, look up or ask, keep what came.

use std::io;
use std::num::NonZero;
use std::thread;

use tokio::sync::Semaphore;

use self::source::{Located, tell};
use self::token_check::check_heard;
use self::usage::UsageCounter;
use crate::audio::{Clip, Sound};
use crate::budget::Budget;
use crate::client::answer::Answer;
use crate::client::{Audio, Client};
use crate::error::Error;
use crate::input::Input;
use crate::manifest::cache::Cache;
use crate::outcome::{CacheKey, Outcome, Span, Status};
use crate::progress::Observer;
use crate::rules::finding::{Finding, Severity};
use crate::rules::{Evidence, Rule, check_caption, check_sound};
use crate::shutdown::Shutdown;

mod estimate;
mod lookup;
mod merge;
mod options;
mod source;
mod token_check;
mod usage;
mod window_run;

pub use self::estimate::Estimate;
pub use self::options::CaptionerOptions;
pub use self::usage::UsageTotals;

/// Captions inputs, one at a time or many at once.
#[derive(Debug)]
pub struct Captioner {
    options: CaptionerOptions,
    client: Option<Client>,
    cache: Option<Cache>,
    budget: Option<Budget>,
    shutdown: Shutdown,
    usage: UsageCounter,
    rules: Vec<Rule>,
    /// One for each request that may be under way.
    requests: Semaphore,
    /// One for each processor: more decoders than those would only need more memory.
    decoders: Semaphore,
    hashers: Semaphore,
}

/// What becomes known of an input on its way.
#[derive(Default)]
struct Facts {
    cache_key: Option<CacheKey>,
    seconds: Option<f64>,
    sound: Option<Sound>,
    manifest_error: Option<io::Error>,
    findings: Vec<Finding>,
}

impl Captioner {
    /// Knows nothing and cannot ask anybody.
    pub fn new(options: CaptionerOptions) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            requests: Semaphore::new(options.jobs.max(1)),
            decoders: Semaphore::new(processors),
            hashers: Semaphore::new(source::MOST_HASHERS),
            options,
            client: None,
            cache: None,
            budget: None,
            shutdown: Shutdown::new(),
            usage: UsageCounter::default(),
            rules: Vec::new(),
        }
    }

    /// Asks a service; without it, only known captions are given. What is asked, and remembered,
    /// is then as the client asks.
    #[must_use]
    pub fn with_client(mut self, client: Client) -> Self {
        self.options.model.clone_from(&client.options().model);
        self.options.max_tokens = client.options().max_tokens;
        Self { client: Some(client), ..self }
    }

    /// Remembers captions, and asks no question twice.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Keeps to what may be spent.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Checks every sound and every caption. Sound that breaks a rule of severity error is not
    /// sent.
    #[must_use]
    pub fn with_rules(self, rules: Vec<Rule>) -> Self {
        Self { rules, ..self }
    }

    /// Starts no further window once the run is told to end.
    #[must_use]
    pub fn with_shutdown(self, shutdown: Shutdown) -> Self {
        Self { shutdown, ..self }
    }

    /// What the answers have cost so far, those that are no captions included.
    pub fn spent(&self) -> UsageTotals {
        self.usage.spent()
    }

    /// Captions one input. A failure is part of the outcome.
    pub async fn caption(&self, input: Input, observer: &Observer) -> Outcome {
        let mut facts = Facts::default();
        let result = self.try_caption(&input, &mut facts, observer).await;
        let Facts { cache_key, seconds, sound, manifest_error, findings } = facts;
        let status = result.unwrap_or_else(Status::Failed);
        let mut outcome =
            Outcome { cache_key, seconds, sound, manifest_error, ..Outcome::of(input, status) };
        self.keep(&mut outcome);
        // Other rules may be checked tomorrow: what is kept is what was heard.
        outcome.findings = findings;
        if let Some(answer) = outcome.answer() {
            let found = check_caption(&self.rules, &outcome.name, answer);
            outcome.findings.extend(found);
        }
        outcome
    }

    async fn try_caption(
        &self,
        input: &Input,
        facts: &mut Facts,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let clip = match self.find(&input.source, observer).await? {
            Located::Clip(clip) => clip,
            Located::Url(url) => {
                facts.cache_key = Some(self.cache_key(None));
                let _permit = self.requests.acquire().await;
                let audio = Audio::Url(url);
                return self.ask(&audio, None, None, observer).await.map(Status::Captioned);
            }
        };
        facts.seconds = clip.format().seconds;
        let cache_key = self.cache_key(self.hash(&clip).await?);
        facts.cache_key = Some(cache_key.clone());
        let _turn = match &self.cache {
            Some(cache) if cache_key.sha256.is_some() => Some(cache.lock(&cache_key).await),
            _ => None,
        };
        let known = self.recall_joined(&cache_key);
        facts.seconds = known.as_ref().and_then(|record| record.seconds).or(facts.seconds);
        let sound = known.as_ref().and_then(|record| record.sound.clone());
        if !self.is_fit(&input.name, &clip, sound, facts).await? {
            return Ok(Status::Blocked);
        }
        if let Some(record) = known {
            self.check_length(facts.seconds)?;
            if facts.sound.is_none() {
                facts.sound = self.measured(&record, clip).await;
            }
            return record.into_answer().map(Status::Cached).ok_or(Error::Offline);
        }
        match self.options.upload.window {
            // All windows may be known, even if their whole is not.
            Some(_) if self.client.is_some() || self.cache.is_some() => {
                self.caption_windows(&input.name, &clip, &cache_key, facts, observer).await
            }
            None if self.client.is_some() => self.caption_whole(&clip, facts, observer).await,
            _ => {
                if facts.sound.is_none() && self.needs_measuring(None) {
                    facts.sound = self.measure(&clip).await.ok();
                }
                Err(Error::Offline)
            }
        }
    }

    async fn caption_whole(
        &self,
        clip: &Clip,
        facts: &mut Facts,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let prepared = self.prepare(clip).await?;
        tell(clip, &prepared, observer);
        facts.seconds = prepared.seconds;
        facts.sound = facts.sound.take().or_else(|| self.sound(clip, prepared.levels));
        self.check_length(prepared.seconds)?;
        let _permit = self.requests.acquire().await;
        let audio = Audio::Clip(prepared.clip);
        self.ask(&audio, Some(clip), prepared.seconds, observer).await.map(Status::Captioned)
    }

    /// Checks the sound before anything is paid for it.
    async fn is_fit(
        &self,
        name: &str,
        clip: &Clip,
        known: Option<Sound>,
        facts: &mut Facts,
    ) -> Result<bool, Error> {
        if !self.rules.iter().any(Rule::is_on_sound) {
            return Ok(true);
        }
        let sound = match known.filter(|sound| !self.needs_measuring(Some(sound))) {
            Some(sound) => sound,
            None => self.measure(clip).await?,
        };
        let evidence =
            Evidence { name, sound: &sound, seconds: sound.format.seconds.or(facts.seconds) };
        facts.findings = check_sound(&self.rules, &evidence);
        facts.sound = Some(sound);
        Ok(facts.findings.iter().all(|finding| finding.severity < Severity::Error))
    }

    fn check_length(&self, seconds: Option<f64>) -> Result<(), Error> {
        match seconds {
            None if self.options.needs_length => Err(Error::UnknownLength),
            _ => Ok(()),
        }
    }

    /// Sends the audio within the budget and checks the token count of the answer. `original` is
    /// the clip that the audio was prepared from.
    async fn ask(
        &self,
        audio: &Audio,
        original: Option<&Clip>,
        seconds: Option<f64>,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let Some(client) = &self.client else { return Err(Error::Offline) };
        let reservation = match &self.budget {
            Some(budget) => Some(budget.reserve(seconds.map_or(0.0, token_check::tokens)).await?),
            None => None,
        };
        let result = self.negotiate(client, audio, original, observer).await;
        self.usage.count(&result);
        match (reservation, &result) {
            (Some(reservation), Ok(answer)) => reservation.spend(answer),
            (Some(reservation), Err(error)) => reservation.lose(error),
            (None, _) => {}
        }
        let answer = result?;
        check_heard(&self.options.model, seconds, &answer)?;
        Ok(answer)
    }

    /// Sends the audio in one dialect after another, prepared for each, until one is accepted.
    async fn negotiate(
        &self,
        client: &Client,
        audio: &Audio,
        original: Option<&Clip>,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let mut request = client.request(observer);
        while let Some(dialect) = request.next_dialect().await {
            match self.audio_for(dialect, audio, original, observer).await {
                Ok(audio) => request.send(&audio).await,
                Err(error) => request.skip(error),
            }
        }
        request.finish()
    }

    fn cache_key(&self, sha256: Option<String>) -> CacheKey {
        let CaptionerOptions { model, max_tokens, upload, .. } = &self.options;
        let span = upload.window.map_or(Span::Whole, |window| Span::Windows {
            length_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
        });
        CacheKey { sha256, model: model.clone(), max_tokens: *max_tokens, span }
    }
}
