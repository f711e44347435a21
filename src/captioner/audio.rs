//! Audio of an input: opened, hashed, prepared for the upload, and measured.

use std::io;

use url::Url;

use super::{Captioner, CaptionerOptions};
use crate::audio::{Clip, Levels, Prepared, Sound, UploadOptions, measure, prepare};
use crate::blocking::off_thread;
use crate::client::{Audio, Dialect};
use crate::error::Error;
use crate::input::{Source, is_local};
use crate::manifest::entry::ManifestEntry;
use crate::progress::{Event, Observer};
use crate::rules::Rule;
use crate::url_name::url_name;

/// Source of an input that was opened.
pub(super) enum Opened {
    /// URL that the service fetches.
    Url(Url),
    Clip(Clip),
}

impl Captioner {
    pub(super) async fn open(&self, source: &Source, observer: &Observer) -> Result<Opened, Error> {
        let max_len = self.options.upload.largest_source();
        let clip = match source {
            Source::Url(url) if !self.downloads(url) => return Ok(Opened::Url(url.clone())),
            Source::Url(url) => self.download(url, observer).await?,
            Source::File(path) => {
                let path = path.clone();
                off_thread(move || Clip::open(&path)).await?
            }
            Source::Stdin => off_thread(move || Clip::spool(io::stdin(), max_len)).await?,
        };
        Ok(Opened::Clip(clip))
    }

    /// True if a URL is downloaded here and its content uploaded.
    fn downloads(&self, url: &Url) -> bool {
        let CaptionerOptions { inline, needs_length, upload, .. } = &self.options;
        let is_needed = upload.window.is_some() || self.rules.iter().any(Rule::is_on_audio);
        *inline
            || *needs_length
            || is_needed
            || is_local(url)
            || !self.service.dialect().takes_urls()
    }

    async fn download(&self, url: &Url, observer: &Observer) -> Result<Clip, Error> {
        let client = self.service.client()?;
        if !self.options.inline && is_local(url) {
            observer.emit(Event::Inlining { url: url_name(url) });
        }
        client.download(url, self.options.upload.largest_source(), observer).await
    }

    /// Upload options for the current dialect.
    pub(super) fn upload(&self) -> UploadOptions {
        self.upload_for(self.service.dialect())
    }

    fn upload_for(&self, dialect: Dialect) -> UploadOptions {
        let upload = self.options.upload.clone();
        UploadOptions {
            portable_only: upload.portable_only || dialect.is_portable_only(),
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
            Audio::Url(url) => &self.download(url, observer).await?,
            Audio::Clip(clip) => original.unwrap_or(clip),
        };
        let prepared = self.prepare_with(self.upload_for(dialect), clip).await?;
        Ok(Audio::Clip(prepared.clip))
    }

    /// Returns the SHA-256 of the file, if there is a cache.
    pub(super) async fn hash(&self, clip: &Clip) -> Result<Option<String>, Error> {
        if self.cache.is_none() {
            return Ok(None);
        }
        let _permit = self.limits.hashers.acquire().await;
        let clip = clip.clone();
        off_thread(move || clip.sha256()).await.map(Some)
    }

    /// Prepares a whole clip for the upload and reports the result.
    pub(super) async fn prepare(
        &self,
        clip: &Clip,
        observer: &Observer,
    ) -> Result<Prepared, Error> {
        let prepared = self.prepare_with(self.upload(), clip).await?;
        observer.emit(Event::Prepared {
            format: clip.format().clone(),
            is_converted: prepared.is_converted,
            bytes: clip.len(),
            sent: prepared.clip.len(),
        });
        if prepared.is_converted && prepared.damaged_packets > 0 {
            observer.emit(Event::Damaged { packets: prepared.damaged_packets });
        }
        Ok(prepared)
    }

    async fn prepare_with(&self, upload: UploadOptions, clip: &Clip) -> Result<Prepared, Error> {
        let _permit = self.limits.decoders.acquire().await;
        let source = clip.clone();
        let prepared = off_thread(move || prepare(&source, &upload)).await;
        if clip.is_unchanged() { prepared } else { Err(Error::ModifiedDuringUpload) }
    }

    pub(super) async fn measure(&self, clip: &Clip) -> Result<Sound, Error> {
        let _permit = self.limits.decoders.acquire().await;
        let clip = clip.clone();
        off_thread(move || measure(&clip)).await
    }

    /// Returns the levels of a file with a cached caption, measured again if necessary.
    pub(super) async fn cached_sound(&self, entry: &ManifestEntry, clip: &Clip) -> Option<Sound> {
        if self.needs_measuring(entry.sound.as_ref()) {
            return self.measure(clip).await.ok().or_else(|| entry.sound.clone());
        }
        entry.sound.clone()
    }

    /// True if levels are needed that `sound` does not have.
    pub(super) fn needs_measuring(&self, sound: Option<&Sound>) -> bool {
        let CaptionerOptions { needs_waveform, upload, .. } = &self.options;
        let has_waveform =
            |sound: &Sound| sound.levels.as_ref().is_none_or(|levels| !levels.waveform.is_empty());
        sound.map_or(upload.measures, |sound| *needs_waveform && !has_waveform(sound))
    }

    pub(super) fn sound(&self, clip: &Clip, levels: Option<Levels>) -> Option<Sound> {
        let format = clip.format().clone();
        self.options.upload.measures.then_some(Sound { format, levels })
    }
}
