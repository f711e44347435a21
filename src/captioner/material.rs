//! What is to be sent, made ready for whatever the server turns out to speak.

use url::Url;

use super::Captioner;
use crate::audio::Clip;
use crate::client::{Audio, Dialect, Material};
use crate::error::Error;
use crate::progress::Observer;

/// A recording that may have to be made ready again.
pub(super) enum Recording<'a> {
    /// For the service to fetch, if it does.
    Url { captioner: &'a Captioner, url: &'a Url, observer: &'a Observer },
    /// At hand, and what was made of it at first.
    Clip { captioner: &'a Captioner, clip: &'a Clip, prepared: Audio },
}

impl Material for Recording<'_> {
    async fn written_in(&self, dialect: Dialect) -> Result<Audio, Error> {
        match self {
            Self::Url { url, .. } if dialect.takes_urls() => Ok(Audio::Url((*url).clone())),
            Self::Url { captioner, url, observer } => {
                captioner.fetched(url, dialect, observer).await
            }
            Self::Clip { captioner, clip, prepared } => match prepared.written_in(dialect).await {
                Err(_) => captioner.made(clip, dialect).await,
                ready => ready,
            },
        }
    }
}
