//! A long sound window by window, several at a time, joined in their order.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::OnceCell;

use super::{Captioner, Facts, merge};
use crate::audio::{Clip, Levels, Splitter, WindowClip};
use crate::blocking::off_thread;
use crate::client::Audio;
use crate::client::answer::{Answer, Window};
use crate::error::Error;
use crate::manifest::entry::ManifestEntry;
use crate::outcome::{CacheKey, Status};
use crate::progress::{Event, Observer};
use crate::text::{in_milliseconds, span};

/// One sound on its way through its windows.
struct WindowRun<'a> {
    captioner: &'a Captioner,
    name: &'a str,
    cache_key: &'a CacheKey,
    observer: &'a Observer,
    total: Option<u64>,
    done: AtomicU64,
    /// Whether any window had to be asked about.
    has_asked: AtomicBool,
    /// Whether a window failed, so that no other is to be started.
    has_failed: AtomicBool,
    /// What the cutter knows once it is through: damaged packets, and what was measured.
    rest: OnceCell<(u64, Option<Levels>)>,
    /// Why a caption could not be kept.
    manifest_error: Mutex<Option<io::Error>>,
}

impl Captioner {
    /// Captions every window, or none: those that came before a failure are remembered.
    pub(super) async fn caption_windows(
        &self,
        name: &str,
        clip: &Clip,
        cache_key: &CacheKey,
        facts: &mut Facts,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let upload = &self.options.upload;
        let total = clip.format().seconds.map(|seconds| upload.requests(seconds));
        observer.emit(Event::Cutting { format: clip.format().clone(), total });
        let timeline = WindowRun {
            captioner: self,
            name,
            cache_key,
            observer,
            total,
            done: AtomicU64::new(0),
            has_asked: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            rest: OnceCell::new(),
            manifest_error: Mutex::default(),
        };
        let started = Instant::now();
        let splitter = self.splitter(clip).await?;
        // No matter which one comes first: they are put in order when all are there.
        let answers = timeline.answers(splitter).buffer_unordered(self.options.jobs.max(1));
        let mut answer = merge::join(answers.collect().await)?;
        answer.elapsed = started.elapsed();
        facts.seconds = answer.windows.last().map(|window| window.end);
        facts.manifest_error =
            timeline.manifest_error.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((damaged_packets, levels)) = timeline.rest.into_inner() {
            facts.sound = facts.sound.take().or_else(|| self.sound(clip, levels));
            if damaged_packets > 0 {
                observer.emit(Event::Damaged { packets: damaged_packets });
            }
        }
        let is_new = timeline.has_asked.into_inner();
        Ok(if is_new { Status::Captioned(answer) } else { Status::Cached(answer) })
    }

    async fn splitter(&self, clip: &Clip) -> Result<Splitter, Error> {
        let _permit = self.decoders.acquire().await;
        let (clip, upload) = (clip.clone(), self.options.upload.clone());
        off_thread(move || upload.splitter(&clip)).await
    }
}

impl<'a> WindowRun<'a> {
    /// The windows on their way to their captions, each cut when the one before it may be asked
    /// about.
    fn answers(
        &'a self,
        splitter: Splitter,
    ) -> impl Stream<Item = impl Future<Output = Result<Answer, Error>>> {
        stream::unfold(Some(splitter), move |splitter| async move {
            let splitter = splitter.filter(|_| !self.has_failed.load(Ordering::Relaxed))?;
            let (window, splitter) = match self.cut(splitter).await {
                Ok((Some(window), splitter)) => (Ok(window), splitter),
                Ok((None, _)) => return None,
                Err(error) => (Err(error), None),
            };
            let permit = self.captioner.requests.acquire().await.ok()?;
            Some((
                async move {
                    let _permit = permit;
                    self.caption(window?).await
                },
                splitter,
            ))
        })
    }

    /// The next window, and the cutter unless it is through.
    async fn cut(
        &self,
        mut splitter: Splitter,
    ) -> Result<(Option<WindowClip>, Option<Splitter>), Error> {
        let _permit = self.captioner.decoders.acquire().await;
        let (window, splitter) =
            off_thread(move || Ok((splitter.next_window()?, splitter))).await?;
        if !splitter.is_through() {
            return Ok((window, Some(splitter)));
        }
        // The only one to set it.
        let _ = self.rest.set(splitter.finish());
        Ok((window, None))
    }

    /// Looks a window up, or asks and keeps the answer.
    async fn caption(&self, window: WindowClip) -> Result<Answer, Error> {
        let (start, end) = (window.start, window.end);
        match self.recall_or_ask(window).await {
            Ok(mut answer) => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                self.observer.emit(Event::Window { done, total: self.total });
                let (caption, body) = (answer.caption.clone(), answer.body.take());
                let (start, end) = (in_milliseconds(start), in_milliseconds(end));
                answer.windows = vec![Window { start, end, caption, body }];
                Ok(answer)
            }
            Err(error) => {
                self.has_failed.store(true, Ordering::Relaxed);
                Err(Error::InWindow { start, end, source: Box::new(error) })
            }
        }
    }

    async fn recall_or_ask(&self, window: WindowClip) -> Result<Answer, Error> {
        let cache_key = self.cache_key.about(window.start, window.end);
        if let Some(answer) = self.captioner.recall(&cache_key).and_then(ManifestEntry::into_answer)
        {
            return Ok(answer);
        }
        if self.captioner.shutdown.is_draining() {
            return Err(Error::Interrupted);
        }
        self.has_asked.store(true, Ordering::Relaxed);
        let (seconds, observer) = (Some(window.end - window.start), self.watch_of(&window));
        let answer =
            self.captioner.ask(&Audio::Clip(window.clip), None, seconds, &observer).await?;
        if let Some(cache) = &self.captioner.cache {
            let record = ManifestEntry::new(self.name, &cache_key, &answer);
            if let Err(error) = cache.keep(&cache_key, &record) {
                *self.manifest_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
        Ok(answer)
    }

    /// Of all that happens to a window, people are told only why it takes so long.
    fn watch_of(&self, window: &WindowClip) -> Observer {
        let (observer, span) = (self.observer.clone(), span(window.start, window.end));
        Observer::new(move |event| match event {
            Event::Retrying { reason, wait, attempt } => {
                let reason = format!("window {span}: {reason}");
                observer.emit(Event::Retrying { reason, wait, attempt });
            }
            Event::Understood { .. } => observer.emit(event),
            _ => {}
        })
    }
}
