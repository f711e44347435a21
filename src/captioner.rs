//! One input to one outcome: find the sound, ask, keep what came.

use std::io;

use url::Url;

use crate::audio::Clip;
use crate::caption::{Answer, Outcome};
use crate::error::Error;
use crate::input::{Input, Source, is_local};
use crate::service::{Audio, Client, Downloader};
use crate::watch::{Event, Watch};

/// What is done with the sound before it is sent.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Preparation {
    /// Whether every URL is downloaded here and its bytes sent, in place of the URL. One that
    /// only this machine can reach is downloaded in any case.
    pub inline: bool,
    /// The longest base64 text that may be sent, in bytes, itself not included; `None` for a
    /// service without such a limit.
    pub max_upload: Option<u64>,
}

/// Captions inputs, one at a time or many at once.
#[derive(Debug)]
pub struct Captioner {
    client: Client,
    downloader: Downloader,
    preparation: Preparation,
}

impl Captioner {
    /// Puts together what is needed for any number of inputs.
    pub fn new(client: Client, downloader: Downloader, preparation: Preparation) -> Self {
        Self { client, downloader, preparation }
    }

    /// Captions one input. A failure is part of the outcome.
    pub async fn caption(&self, input: Input, watch: &Watch) -> Outcome {
        let result = self.ask(&input.source, watch).await;
        Outcome { input: input.name, result }
    }

    async fn ask(&self, source: &Source, watch: &Watch) -> Result<Answer, Error> {
        let audio = self.resolve(source, watch).await?;
        self.client.caption(&audio, watch).await
    }

    async fn resolve(&self, source: &Source, watch: &Watch) -> Result<Audio, Error> {
        let max_upload = self.preparation.max_upload;
        let clip = match source {
            Source::Url(url) if !self.preparation.inline && !is_local(url) => {
                return Ok(Audio::Url(url.clone()));
            }
            Source::Url(url) => self.inline(url, watch).await?,
            Source::File(path) => {
                let path = path.clone();
                off_thread(move || Clip::open(&path)).await?
            }
            Source::Stdin => off_thread(move || Clip::spool(io::stdin(), max_upload)).await?,
        };
        clip.check_fits(max_upload)?;
        Ok(Audio::Clip(clip))
    }

    async fn inline(&self, url: &Url, watch: &Watch) -> Result<Clip, Error> {
        if !self.preparation.inline {
            watch.tell(Event::Inlining { url: url.to_string() });
        }
        self.downloader.fetch(url, self.preparation.max_upload, watch).await
    }
}

/// Keeps a disk that is slow, or a reader that waits, from holding up the other inputs.
async fn off_thread(
    read: impl FnOnce() -> Result<Clip, Error> + Send + 'static,
) -> Result<Clip, Error> {
    match tokio::task::spawn_blocking(read).await {
        Ok(clip) => clip,
        Err(stopped) => Err(Error::Unreadable(io::Error::other(stopped))),
    }
}
