//! From an input to sound at hand, and to sound ready to be sent.

use std::io;

use url::Url;

use super::{Captioner, CaptionerOptions};
use crate::audio::{Clip, Levels, Prepared, Sound, UploadOptions, measure, prepare};
use crate::blocking::off_thread;
use crate::client::{Audio, Client, Dialect};
use crate::error::Error;
use crate::input::{Source, is_local};
use crate::manifest::entry::ManifestEntry;
use crate::progress::{Event, Observer};
use crate::rules::Rule;

/// Files that are hashed at a time: enough to keep a disk busy, and few enough that many large
/// ones do not hold up what is half sent.
pub(super) const MOST_HASHERS: usize = 4;

/// What an input comes to before anything is asked.
pub(super) enum Located {
    /// For the service to fetch.
    Url(Url),
    /// Here.
    Clip(Clip),
}

impl Captioner {
    pub(super) async fn find(
        &self,
        source: &Source,
        observer: &Observer,
    ) -> Result<Located, Error> {
        let largest = self.options.upload.largest_source();
        let clip = match source {
            Source::Url(url) if !self.is_fetched_here(url) => return Ok(Located::Url(url.clone())),
            Source::Url(url) => self.inline(url, observer).await?,
            Source::File(path) => {
                let path = path.clone();
                off_thread(move || Clip::open(&path)).await?
            }
            Source::Stdin => off_thread(move || Clip::spool(io::stdin(), largest)).await?,
        };
        Ok(Located::Clip(clip))
    }

    fn is_fetched_here(&self, url: &Url) -> bool {
        let CaptionerOptions { inline, needs_length, upload, .. } = &self.options;
        let is_needed = upload.window.is_some() || self.rules.iter().any(Rule::is_on_sound);
        *inline || *needs_length || is_needed || is_local(url) || !self.dialect().takes_urls()
    }

    async fn inline(&self, url: &Url, observer: &Observer) -> Result<Clip, Error> {
        let Some(client) = &self.client else { return Err(Error::Offline) };
        if !self.options.inline && is_local(url) {
            observer.emit(Event::Inlining { url: url.to_string() });
        }
        client.download(url, self.options.upload.largest_source(), observer).await
    }

    /// How the sound is written for the server, as far as is known by now.
    fn dialect(&self) -> Dialect {
        self.client.as_ref().map_or(self.options.dialect, Client::dialect)
    }

    /// Upload options for the current dialect.
    pub(super) fn upload(&self) -> UploadOptions {
        self.upload_for(self.dialect())
    }

    fn upload_for(&self, dialect: Dialect) -> UploadOptions {
        let upload = self.options.upload.clone();
        UploadOptions {
            portable_only: upload.portable_only || dialect == Dialect::OpenAi,
            ..upload
        }
    }

    /// Audio that the dialect can carry: `audio` itself, or made again from `original`, or
    /// downloaded if the server fetches no URLs.
    pub(super) async fn audio_for(
        &self,
        dialect: Dialect,
        audio: &Audio,
        original: Option<&Clip>,
        observer: &Observer,
    ) -> Result<Audio, Error> {
        if dialect.check(audio).is_ok() {
            return Ok(audio.clone());
        }
        let clip = match audio {
            Audio::Url(url) => &self.inline(url, observer).await?,
            Audio::Clip(clip) => original.unwrap_or(clip),
        };
        let prepared = self.prepare_with(self.upload_for(dialect), clip).await?;
        Ok(Audio::Clip(prepared.clip))
    }

    /// What the sound goes by in a manifest.
    pub(super) async fn hash(&self, clip: &Clip) -> Result<Option<String>, Error> {
        if self.cache.is_none() {
            return Ok(None);
        }
        let _permit = self.hashers.acquire().await;
        let clip = clip.clone();
        off_thread(move || clip.sha256()).await.map(Some)
    }

    pub(super) async fn prepare(&self, clip: &Clip) -> Result<Prepared, Error> {
        self.prepare_with(self.upload(), clip).await
    }

    async fn prepare_with(&self, upload: UploadOptions, clip: &Clip) -> Result<Prepared, Error> {
        let _permit = self.decoders.acquire().await;
        let source = clip.clone();
        let prepared = off_thread(move || prepare(&source, &upload)).await;
        if clip.is_unchanged() { prepared } else { Err(Error::ModifiedDuringUpload) }
    }

    /// What was measured of a sound whose caption is known, then or now.
    pub(super) async fn measured(&self, record: &ManifestEntry, clip: Clip) -> Option<Sound> {
        if self.needs_measuring(record.sound.as_ref()) {
            return self.measure(&clip).await.ok().or_else(|| record.sound.clone());
        }
        record.sound.clone()
    }

    /// Whether what is known of a sound is not enough.
    pub(super) fn needs_measuring(&self, sound: Option<&Sound>) -> bool {
        let is_undrawn =
            |sound: &Sound| sound.levels.as_ref().is_some_and(|levels| levels.waveform.is_empty());
        let CaptionerOptions { needs_waveform, upload, .. } = &self.options;
        sound.map_or(upload.measures, |sound| *needs_waveform && is_undrawn(sound))
    }

    pub(super) async fn measure(&self, clip: &Clip) -> Result<Sound, Error> {
        let _permit = self.decoders.acquire().await;
        let clip = clip.clone();
        off_thread(move || measure(&clip)).await
    }

    pub(super) fn sound(&self, clip: &Clip, levels: Option<Levels>) -> Option<Sound> {
        let format = clip.format().clone();
        self.options.upload.measures.then_some(Sound { format, levels })
    }
}

/// What is done to the sound before it is sent.
pub(super) fn tell(clip: &Clip, prepared: &Prepared, observer: &Observer) {
    observer.emit(Event::Prepared {
        format: clip.format().clone(),
        is_converted: prepared.is_converted,
        bytes: clip.len(),
        sent: prepared.clip.len(),
    });
    if prepared.is_converted && prepared.damaged_packets > 0 {
        observer.emit(Event::Damaged { packets: prepared.damaged_packets });
    }
}
