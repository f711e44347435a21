//! What captioning an input would take.

use super::source::Found;
use super::{Captioner, heard};
use crate::error::Error;
use crate::input::Source;
use crate::outcome::Question;
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
}

impl Captioner {
    /// What captioning this would take; nothing is sent, downloaded or decoded.
    pub async fn plan(&self, source: &Source) -> Result<Plan, Error> {
        let found = match source {
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
                });
            }
            Found::Clip(clip) => clip,
        };
        let question = self.question(self.hash(&clip).await?);
        let is_known = self.memory.as_ref().is_some_and(|memory| memory.knows(&question));
        let (recipe, seconds) = (&self.preparation.recipe, clip.format().seconds);
        self.check_length(seconds)?;
        Ok(Plan {
            seconds,
            bytes: if is_known { clip.encoded_len() } else { recipe.upload_len(&clip)? },
            requests: seconds.map_or(1, |seconds| recipe.requests(seconds)),
            tokens: seconds.map(heard::tokens),
            is_known,
            question,
        })
    }
}
