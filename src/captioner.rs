//! One input to one outcome: find the sound, look up or ask, keep what came.

use std::io;

use url::Url;

use crate::audio::Clip;
use crate::blocking::off_thread;
use crate::budget::Budget;
use crate::caption::Answer;
use crate::error::Error;
use crate::input::{Input, Source, is_local};
use crate::memory::Memory;
use crate::outcome::{Ending, Outcome, Question};
use crate::record::Record;
use crate::service::{Audio, Client, DEFAULT_MODEL, Downloader, MAX_UPLOAD};
use crate::watch::{Event, Watch};

/// Tokens of one second of sound; a shorter clip counts as one second. Source: Alibaba Model
/// Studio, "Qwen3-Omni-Captioner", 2026-01.
pub const TOKENS_A_SECOND: f64 = 12.5;

/// What is asked, and what is done with the sound before it is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Preparation {
    /// The model that the questions are for.
    pub model: String,
    /// The limit of a caption in tokens that the questions are for.
    pub max_tokens: Option<u32>,
    /// Whether every URL is downloaded here and its bytes sent, in place of the URL. One that
    /// only this machine can reach is downloaded in any case.
    pub inline: bool,
    /// The longest base64 text that may be sent, in bytes, itself not included; `None` for a
    /// service without such a limit.
    pub max_upload: Option<u64>,
}

impl Default for Preparation {
    fn default() -> Self {
        Self {
            model: DEFAULT_MODEL.to_owned(),
            max_tokens: None,
            inline: false,
            max_upload: Some(MAX_UPLOAD),
        }
    }
}

/// Captions inputs, one at a time or many at once.
#[derive(Debug)]
pub struct Captioner {
    preparation: Preparation,
    line: Option<(Client, Downloader)>,
    memory: Option<Memory>,
    budget: Option<Budget>,
}

/// What captioning an input would take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Length in seconds, by the file's own account.
    pub seconds: Option<f64>,
    /// Bytes of the base64 text, or of the URL that is sent in its place.
    pub bytes: u64,
    /// Tokens of the sound, where its length is known.
    pub tokens: Option<f64>,
    /// Whether the caption is known, so that nothing would be sent.
    pub is_known: bool,
    /// What is asked.
    pub question: Question,
}

/// Sound, and what is known about it before anything is asked.
struct Sound {
    audio: Audio,
    question: Question,
    seconds: Option<f64>,
}

impl Captioner {
    /// Knows nothing and cannot ask anybody.
    pub fn new(preparation: Preparation) -> Self {
        Self { preparation, line: None, memory: None, budget: None }
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

    /// Captions one input. A failure is part of the outcome.
    pub async fn caption(&self, input: Input, watch: &Watch) -> Outcome {
        let sound = match self.resolve(&input.source, watch).await {
            Ok(sound) => sound,
            Err(error) => return Outcome::of(input, Ending::Failed(error)),
        };
        let _turn = match &self.memory {
            Some(memory) if sound.question.sha256.is_some() => {
                Some(memory.turn(&sound.question).await)
            }
            _ => None,
        };
        let ending = match self.recall(&sound.question) {
            Some(answer) => Ending::Known(answer),
            None => match self.ask(&sound, watch).await {
                Ok(answer) => Ending::Captioned(answer),
                Err(error) => Ending::Failed(error),
            },
        };
        let mut outcome = Outcome::of(input, ending);
        outcome.question = Some(sound.question);
        outcome.seconds = sound.seconds;
        self.keep(&mut outcome);
        outcome
    }

    /// What captioning this would take; nothing is sent or downloaded.
    pub async fn plan(&self, source: &Source) -> Result<Plan, Error> {
        let sound = match source {
            Source::Url(url) => self.by_reference(url.clone()),
            source => self.resolve(source, &Watch::none()).await?,
        };
        let is_known = self.memory.as_ref().is_some_and(|memory| memory.knows(&sound.question));
        Ok(Plan {
            seconds: sound.seconds,
            bytes: match &sound.audio {
                Audio::Clip(clip) => clip.encoded_len(),
                Audio::Url(url) => url.as_str().len() as u64,
            },
            tokens: sound.seconds.map(tokens),
            is_known,
            question: sound.question,
        })
    }

    fn recall(&self, question: &Question) -> Option<Answer> {
        self.memory.as_ref()?.recall(question)
    }

    async fn ask(&self, sound: &Sound, watch: &Watch) -> Result<Answer, Error> {
        let Some((client, _)) = &self.line else { return Err(Error::Offline) };
        let Some(budget) = &self.budget else { return client.caption(&sound.audio, watch).await };
        let reservation = budget.reserve(sound.seconds.map_or(0.0, tokens)).await?;
        let result = client.caption(&sound.audio, watch).await;
        match &result {
            Ok(answer) => reservation.spend(answer),
            Err(error) => reservation.lose(error),
        }
        result
    }

    /// Keeps a new caption the moment it is there.
    fn keep(&self, outcome: &mut Outcome) {
        let (Some(memory), Ending::Captioned(_), Some(question)) =
            (&self.memory, &outcome.ending, &outcome.question)
        else {
            return;
        };
        if question.sha256.is_some() {
            let record = Record::new(outcome, |_| String::new());
            outcome.unkept = memory.keep(question, &record).err();
        }
    }

    async fn resolve(&self, source: &Source, watch: &Watch) -> Result<Sound, Error> {
        let max_upload = self.preparation.max_upload;
        let clip = match source {
            Source::Url(url) if !self.preparation.inline && !is_local(url) => {
                return Ok(self.by_reference(url.clone()));
            }
            Source::Url(url) => self.inline(url, watch).await?,
            Source::File(path) => {
                let path = path.clone();
                off_thread(move || Clip::open(&path)).await?
            }
            Source::Stdin => off_thread(move || Clip::spool(io::stdin(), max_upload)).await?,
        };
        clip.check_fits(max_upload)?;
        self.by_value(clip).await
    }

    async fn inline(&self, url: &Url, watch: &Watch) -> Result<Clip, Error> {
        let Some((_, downloader)) = &self.line else { return Err(Error::Offline) };
        if !self.preparation.inline {
            watch.tell(Event::Inlining { url: url.to_string() });
        }
        downloader.fetch(url, self.preparation.max_upload, watch).await
    }

    fn by_reference(&self, url: Url) -> Sound {
        Sound { audio: Audio::Url(url), question: self.question(None), seconds: None }
    }

    async fn by_value(&self, clip: Clip) -> Result<Sound, Error> {
        let seconds = clip.format().seconds;
        let sha256 = match &self.memory {
            Some(_) => {
                let clip = clip.clone();
                Some(off_thread(move || clip.sha256()).await?)
            }
            None => None,
        };
        Ok(Sound { audio: Audio::Clip(clip), question: self.question(sha256), seconds })
    }

    fn question(&self, sha256: Option<String>) -> Question {
        let Preparation { model, max_tokens, .. } = &self.preparation;
        Question { sha256, model: model.clone(), max_tokens: *max_tokens }
    }
}

/// Tokens of a sound of that many seconds.
fn tokens(seconds: f64) -> f64 {
    (seconds.max(1.0) * TOKENS_A_SECOND).ceil()
}
