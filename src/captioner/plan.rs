//! What captioning an input would take.

use super::source::Found;
use super::{Captioner, Facts, heard};
use crate::error::Error;
use crate::finding::Finding;
use crate::input::{Input, Source};
use crate::outcome::Question;
use crate::record::Record;
use crate::rules::check_caption;
use crate::watch::Watch;

/// What captioning an input would take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
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
    pub question: Question,
    /// The rules that the sound breaks, and its caption where that is known.
    pub findings: Vec<Finding>,
    /// Whether the sound keeps the rules, so that it would be sent.
    pub is_fit: bool,
}

impl Captioner {
    /// What captioning this would take. Nothing is sent or downloaded, and nothing decoded but
    /// for rules on the sound.
    pub async fn plan(&self, input: &Input) -> Result<Plan, Error> {
        let found = match &input.source {
            Source::Url(url) => Found::Url(url.clone()),
            source => self.find(source, &Watch::none()).await?,
        };
        let clip = match found {
            Found::Url(url) => {
                return Ok(Plan {
                    seconds: None,
                    bytes: url.as_str().len() as u64,
                    requests: 1,
                    tokens: None,
                    is_known: false,
                    question: self.question(None),
                    findings: Vec::new(),
                    is_fit: true,
                });
            }
            Found::Clip(clip) => clip,
        };
        let question = self.question(self.hash(&clip).await?);
        let is_known = self.memory.as_ref().is_some_and(|memory| memory.knows(&question));
        let (recipe, seconds) = (self.recipe(), clip.format().seconds);
        let mut facts = Facts { seconds, ..Facts::default() };
        let known = if is_known && !self.rules.is_empty() { self.recall(&question) } else { None };
        let sound = known.as_ref().and_then(|record| record.sound.clone());
        let is_fit = self.is_fit(&input.name, &clip, sound, &mut facts).await?;
        let answer = known.filter(|_| is_fit).and_then(Record::into_answer);
        if let Some(answer) = answer {
            facts.findings.extend(check_caption(&self.rules, &input.name, &answer));
        }
        self.check_length(seconds)?;
        let is_sent = is_fit && !is_known;
        Ok(Plan {
            seconds,
            bytes: if is_sent { recipe.upload_len(&clip)? } else { clip.encoded_len() },
            requests: seconds.map_or(1, |seconds| recipe.requests(seconds)),
            tokens: seconds.map(heard::tokens),
            is_known,
            question,
            findings: facts.findings,
            is_fit,
        })
    }
}
