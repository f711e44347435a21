//! One input to one outcome: find the sound, look up or ask, keep what came.

use std::io;
use std::num::NonZero;
use std::thread;

use tokio::sync::Semaphore;

use self::heard::check_heard;
use self::material::Recording;
use self::source::{Found, tell};
use self::tally::Tally;
use crate::audio::{Clip, Sound};
use crate::budget::Budget;
use crate::caption::Answer;
use crate::error::Error;
use crate::finding::{Finding, Severity};
use crate::input::Input;
use crate::memory::Memory;
use crate::outcome::{Ending, Extent, Outcome, Question};
use crate::rules::{Evidence, Rule, check_caption, check_sound};
use crate::service::{Audio, Client, Downloader, Material};
use crate::stop::Stop;
use crate::watch::Watch;

mod heard;
mod join;
mod material;
mod plan;
mod preparation;
mod recall;
mod source;
mod tally;
mod windows;

pub use self::plan::Plan;
pub use self::preparation::Preparation;
pub use self::tally::Spent;

/// Captions inputs, one at a time or many at once.
#[derive(Debug)]
pub struct Captioner {
    preparation: Preparation,
    line: Option<(Client, Downloader)>,
    memory: Option<Memory>,
    budget: Option<Budget>,
    stop: Stop,
    tally: Tally,
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
    question: Option<Question>,
    seconds: Option<f64>,
    sound: Option<Sound>,
    unkept: Option<io::Error>,
    findings: Vec<Finding>,
}

impl Captioner {
    /// Knows nothing and cannot ask anybody.
    pub fn new(preparation: Preparation) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            requests: Semaphore::new(preparation.jobs.max(1)),
            decoders: Semaphore::new(processors),
            hashers: Semaphore::new(source::MOST_HASHERS),
            preparation,
            line: None,
            memory: None,
            budget: None,
            stop: Stop::new(),
            tally: Tally::default(),
            rules: Vec::new(),
        }
    }

    /// Asks a service; without it, only known captions are given. What is asked, and remembered,
    /// is then as the client asks.
    #[must_use]
    pub fn asking(mut self, client: Client, downloader: Downloader) -> Self {
        self.preparation.model.clone_from(&client.options().model);
        self.preparation.max_tokens = client.options().max_tokens;
        Self { line: Some((client, downloader)), ..self }
    }

    /// Remembers captions, and asks no question twice.
    #[must_use]
    pub fn remembering(self, memory: Memory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// Keeps to what may be spent.
    #[must_use]
    pub fn spending(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Checks every sound and every caption. Sound that breaks a rule of severity error is not
    /// sent.
    #[must_use]
    pub fn auditing(self, rules: Vec<Rule>) -> Self {
        Self { rules, ..self }
    }

    /// Starts no further window once the run is told to end.
    #[must_use]
    pub fn heeding(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// What the answers have cost so far, those that are no captions included.
    pub fn spent(&self) -> Spent {
        self.tally.spent()
    }

    /// Captions one input. A failure is part of the outcome.
    pub async fn caption(&self, input: Input, watch: &Watch) -> Outcome {
        let mut facts = Facts::default();
        let result = self.try_caption(&input, &mut facts, watch).await;
        let Facts { question, seconds, sound, unkept, findings } = facts;
        let ending = result.unwrap_or_else(Ending::Failed);
        let mut outcome =
            Outcome { question, seconds, sound, unkept, ..Outcome::of(input, ending) };
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
        watch: &Watch,
    ) -> Result<Ending, Error> {
        let clip = match self.find(&input.source, watch).await? {
            Found::Clip(clip) => clip,
            Found::Url(url) => {
                facts.question = Some(self.question(None));
                let _permit = self.requests.acquire().await;
                let recording = Recording::Url { captioner: self, url: &url, watch };
                return self.ask(&recording, None, watch).await.map(Ending::Captioned);
            }
        };
        facts.seconds = clip.format().seconds;
        let question = self.question(self.hash(&clip).await?);
        facts.question = Some(question.clone());
        let _turn = match &self.memory {
            Some(memory) if question.sha256.is_some() => Some(memory.turn(&question).await),
            _ => None,
        };
        let known = self.recall_joined(&question);
        facts.seconds = known.as_ref().and_then(|record| record.seconds).or(facts.seconds);
        let sound = known.as_ref().and_then(|record| record.sound.clone());
        if !self.is_fit(&input.name, &clip, sound, facts).await? {
            return Ok(Ending::Unfit);
        }
        if let Some(record) = known {
            self.check_length(facts.seconds)?;
            if facts.sound.is_none() {
                facts.sound = self.measured(&record, clip).await;
            }
            return record.into_answer().map(Ending::Known).ok_or(Error::Offline);
        }
        match self.preparation.recipe.window {
            // All windows may be known, even if their whole is not.
            Some(_) if self.line.is_some() || self.memory.is_some() => {
                self.caption_windows(&input.name, &clip, &question, facts, watch).await
            }
            None if self.line.is_some() => self.caption_whole(&clip, facts, watch).await,
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
        watch: &Watch,
    ) -> Result<Ending, Error> {
        let prepared = self.prepare(clip).await?;
        tell(clip, &prepared, watch);
        facts.seconds = prepared.seconds;
        facts.sound = facts.sound.take().or_else(|| self.sound(clip, prepared.levels));
        self.check_length(prepared.seconds)?;
        let _permit = self.requests.acquire().await;
        let seconds = prepared.seconds;
        let prepared = Audio::Clip(prepared.clip);
        let recording = Recording::Clip { captioner: self, clip, prepared };
        self.ask(&recording, seconds, watch).await.map(Ending::Captioned)
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
            None if self.preparation.needs_length => Err(Error::UnknownLength),
            _ => Ok(()),
        }
    }

    /// Asks, and makes sure that the service listened.
    async fn ask(
        &self,
        material: &impl Material,
        seconds: Option<f64>,
        watch: &Watch,
    ) -> Result<Answer, Error> {
        let Some((client, _)) = &self.line else { return Err(Error::Offline) };
        let reservation = match &self.budget {
            Some(budget) => Some(budget.reserve(seconds.map_or(0.0, heard::tokens)).await?),
            None => None,
        };
        let result = client.caption_material(material, watch).await;
        self.tally.count(&result);
        match (reservation, &result) {
            (Some(reservation), Ok(answer)) => reservation.spend(answer),
            (Some(reservation), Err(error)) => reservation.lose(error),
            (None, _) => {}
        }
        let answer = result?;
        check_heard(&self.preparation.model, seconds, &answer)?;
        Ok(answer)
    }

    fn question(&self, sha256: Option<String>) -> Question {
        let Preparation { model, max_tokens, recipe, .. } = &self.preparation;
        let extent = recipe.window.map_or(Extent::Whole, |window| Extent::Windows {
            length_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
        });
        Question { sha256, model: model.clone(), max_tokens: *max_tokens, extent }
    }
}
