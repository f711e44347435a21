//! Audio of an input: opened, hashed, prepared for the upload, and measured.

use std::io;
use std::path::PathBuf;

use url::Url;

use super::{Captioner, CaptionerOptions};
use crate::audio::{
    AudioTrack, Clip, Convert, Levels, OpenFile, Prepared, Sound, Truncation, UploadOptions,
    is_prepared_at_once, measure, prepare,
};
use crate::client::{Audio, Dialect};
use crate::descriptors::wait_for;
use crate::error::Error;
use crate::input::{Source, is_local};
use crate::platform::off_thread;
use crate::progress::{Event, Observer};
use crate::rules::Rule;
use crate::url_name::url_name;

impl Captioner {
    /// Opens the audio of an input. A URL is returned as it is if the service fetches it.
    pub(super) async fn open(&self, source: &Source, observer: &Observer) -> Result<Audio, Error> {
        let max_len = self.options.upload.largest_source();
        let clip = match source {
            Source::Url(url) if !self.downloads(url) => return Ok(Audio::Url(url.clone())),
            Source::Url(url) => self.download(url, observer).await?,
            Source::File(path) => wait_for(|| self.open_file(path.clone())).await?,
            Source::Stdin => {
                let ffmpeg = self.ffmpeg.get().cloned();
                off_thread(move || Clip::spool_with(io::stdin(), max_len, ffmpeg.as_ref())).await?
            }
        };
        self.with_track(clip).await.map(Audio::Clip)
    }

    /// The clip with the wanted audio track.
    async fn with_track(&self, clip: Clip) -> Result<Clip, Error> {
        let Some(number) = self.options.track else { return Ok(clip) };
        let _permit = if clip.is_huge() { Some(self.limits.huge().await) } else { None };
        let ffmpeg = self.ffmpeg.get().cloned();
        off_thread(move || clip.with_track(number, ffmpeg.as_ref())).await
    }

    async fn open_file(&self, path: PathBuf) -> Result<Clip, Error> {
        let ffmpeg = self.ffmpeg.get().cloned();
        let probe = move || OpenFile::open(&path)?.probe_unless_huge(ffmpeg.as_ref());
        match off_thread(probe).await? {
            Ok(clip) => Ok(clip),
            Err(file) => {
                let _permit = self.limits.huge().await;
                let ffmpeg = self.ffmpeg.get().cloned();
                off_thread(move || file.probe(ffmpeg.as_ref())).await
            }
        }
    }

    /// Fails if a large clip cannot be sent, before it is read through.
    pub(super) fn check_large(&self, clip: &Clip) -> Result<(), Error> {
        if clip.is_large() { self.upload_for(self.dialect()).check_header(clip) } else { Ok(()) }
    }

    /// The audio track of a clip with several, unless one was asked for or all are sent.
    pub(super) fn assumed_track(&self, clip: &Clip) -> Option<AudioTrack> {
        let CaptionerOptions { track, upload, .. } = &self.options;
        clip.track().filter(|_| track.is_none() && upload.convert != Convert::Never)
    }

    /// True if a URL is downloaded here and its content uploaded.
    fn downloads(&self, url: &Url) -> bool {
        let CaptionerOptions { inline, needs_length, upload, track, .. } = &self.options;
        let is_needed =
            upload.window.is_some() || track.is_some() || self.rules.iter().any(Rule::is_on_audio);
        *inline || *needs_length || is_needed || is_local(url) || !self.dialect().takes_urls()
    }

    async fn download(&self, url: &Url, observer: &Observer) -> Result<Clip, Error> {
        let client = self.client()?;
        if !self.options.inline && is_local(url) {
            observer.emit(Event::Inlining { url: url_name(url) });
        }
        let (max_len, ffmpeg) = (self.options.upload.largest_source(), self.ffmpeg.get());
        client.download(url, max_len, ffmpeg, observer, &self.shutdown).await
    }

    /// Upload options for a dialect.
    pub(super) fn upload_for(&self, dialect: Dialect) -> UploadOptions {
        let mut upload = self.options.upload.clone();
        upload.portable_only |= dialect.is_portable_only();
        upload
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
            Audio::Url(url) => &self.with_track(self.download(url, observer).await?).await?,
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
        if clip.content().is_some() {
            return clip.sha256().map(Some);
        }
        let _permit = self.limits.hasher(clip.is_huge()).await;
        let clip = clip.clone();
        off_thread(move || clip.sha256()).await.map(Some)
    }

    /// Prepares a whole clip for the upload and reports the result.
    pub(super) async fn prepare(
        &self,
        clip: &Clip,
        observer: &Observer,
    ) -> Result<Prepared, Error> {
        let prepared = self.prepare_with(self.upload_for(self.dialect()), clip).await?;
        observer.emit(Event::Prepared {
            format: clip.format().clone(),
            is_converted: prepared.is_converted,
            bytes: clip.len(),
            sent: prepared.clip.len(),
        });
        if prepared.is_converted && prepared.damaged_packets > 0 {
            observer.emit(damaged(clip, prepared.damaged_packets));
        }
        Ok(prepared)
    }

    async fn prepare_with(&self, upload: UploadOptions, clip: &Clip) -> Result<Prepared, Error> {
        if is_prepared_at_once(clip, &upload) {
            return prepare(clip, &upload);
        }
        let prepared = self.decode(clip, move |clip| prepare(clip, &upload)).await;
        if clip.is_unchanged() { prepared } else { Err(Error::ModifiedDuringUpload) }
    }

    /// End that is missing from a clip, if so.
    pub(super) async fn truncation(&self, clip: &Clip) -> Result<Option<Truncation>, Error> {
        if !clip.may_be_truncated() {
            return Ok(None);
        }
        self.decode(clip, |clip| Ok(clip.truncation(None))).await
    }

    /// Runs `work` on a thread once a decoder is free.
    pub(super) async fn decode<T: Send + 'static>(
        &self,
        clip: &Clip,
        work: impl FnOnce(&Clip) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _permit = self.limits.decoder(clip.is_huge()).await;
        let clip = clip.clone();
        off_thread(move || work(&clip)).await
    }

    /// Returns the levels of a file that is not sent: those of the cache, or measured if they are
    /// needed.
    pub(super) async fn sound_without_request(
        &self,
        clip: &Clip,
        cached: Option<Sound>,
    ) -> Option<Sound> {
        if self.needs_measuring(cached.as_ref()) {
            return self.decode(clip, measure).await.ok().or(cached);
        }
        cached
    }

    /// True if levels are needed that `sound` does not have.
    pub(super) fn needs_measuring(&self, sound: Option<&Sound>) -> bool {
        let Some(sound) = sound else { return self.options.upload.measures };
        if self.options.remeasure {
            return true;
        }
        let lacks_waveform = sound.levels.as_ref().is_some_and(|levels| levels.waveform.is_empty());
        self.options.needs_waveform && lacks_waveform
    }

    pub(super) fn sound(&self, clip: &Clip, levels: Option<Levels>) -> Option<Sound> {
        let format = clip.format().clone();
        self.options.upload.measures.then_some(Sound { format, levels })
    }
}

/// Event of packets that could not be decoded. Only the decoders of this program put silence in
/// their place.
pub(super) fn damaged(clip: &Clip, packets: u64) -> Event {
    Event::Damaged { packets, is_silenced: clip.decoder().is_none() }
}
