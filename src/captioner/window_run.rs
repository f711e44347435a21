//! Captions of a long file: window by window, several at a time, joined in order.

use std::cmp::Reverse;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use futures_util::stream::{self, Stream, StreamExt};

use super::Captioner;
use super::audio::damaged;
use super::limits::Place;
use crate::audio::{Clip, Levels, Splitter, WindowClip};
use crate::client::{Answer, Audio, Stop, Window};
use crate::error::{Effect, Error, ErrorKind, Received, add};
use crate::manifest::CacheKey;
use crate::manifest::entry::ManifestEntry;
use crate::outcome::{Outcome, Status};
use crate::platform::off_thread;
use crate::progress::{Event, Observer};
use crate::text::{milliseconds, seconds, span};

/// State shared by the windows of one file.
struct WindowRun<'a> {
    captioner: &'a Captioner,
    name: &'a str,
    cache_key: &'a CacheKey,
    observer: &'a Observer,
    /// Number of windows, if the duration is known.
    total: Option<u64>,
    done: AtomicU64,
    /// True if a caption was requested rather than cached.
    has_requested: AtomicBool,
    /// True if a window failed, so that no other is started.
    has_failed: AtomicBool,
    /// Damaged packets and levels, once the file is split.
    split_result: OnceLock<(u64, Option<Levels>)>,
    manifest_error: OnceLock<io::Error>,
}

impl Captioner {
    /// Captions every window, or none. Captions from before a failure stay in the cache.
    pub(super) async fn caption_windows(
        &self,
        clip: &Clip,
        cache_key: &CacheKey,
        outcome: &mut Outcome,
        observer: &Observer,
    ) -> Result<Status, Error> {
        let total = clip.format().seconds.map(|seconds| self.options.upload.requests(seconds));
        observer.emit(Event::Cutting { format: clip.format().clone(), total });
        let run = WindowRun {
            captioner: self,
            name: &outcome.name,
            cache_key,
            observer,
            total,
            done: AtomicU64::new(0),
            has_requested: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            split_result: OnceLock::new(),
            manifest_error: OnceLock::new(),
        };
        let started = Instant::now();
        let upload = self.options.upload.clone();
        let splitter = self.decode(clip, move |clip| upload.splitter(clip)).await?;
        // The order of completion does not matter: joining sorts them.
        let answers = run.answers(splitter).buffer_unordered(self.limits.parallel);
        let mut answer = join(answers.collect().await)?;
        answer.elapsed = started.elapsed();
        let WindowRun { has_requested, split_result, manifest_error, .. } = run;
        outcome.seconds = answer.windows.last().map(|window| window.end);
        outcome.manifest_error = manifest_error.into_inner();
        if let Some((damaged_packets, levels)) = split_result.into_inner() {
            outcome.sound = outcome.sound.take().or_else(|| self.sound(clip, levels));
            if damaged_packets > 0 {
                observer.emit(damaged(clip, damaged_packets));
            }
        }
        let is_new = has_requested.into_inner();
        Ok(if is_new { Status::Captioned(answer) } else { Status::Cached(answer) })
    }
}

impl<'a> WindowRun<'a> {
    /// Stream of windows in progress. The next one is split off once the one before it may be
    /// requested.
    fn answers(
        &'a self,
        splitter: Splitter,
    ) -> impl Stream<Item = impl Future<Output = Result<Answer, Error>>> {
        stream::unfold(Some(splitter), move |splitter| async move {
            let splitter = splitter.filter(|_| !self.has_failed.load(Ordering::Relaxed))?;
            let (window, splitter) = match self.split_next(splitter).await {
                Ok((Some(window), splitter)) => (Ok(window), splitter),
                Ok((None, _)) => return None,
                Err(error) => (Err(error), None),
            };
            let permit = self.captioner.limits.requests.acquire().await.ok()?;
            let answer = async move {
                let _permit = permit;
                self.caption(window?).await
            };
            Some((answer, splitter))
        })
    }

    /// Returns the next window, and the splitter unless it is at the end.
    async fn split_next(
        &self,
        mut splitter: Splitter,
    ) -> Result<(Option<WindowClip>, Option<Splitter>), Error> {
        let _permit = self.captioner.limits.decoder(splitter.is_huge()).await;
        let (window, splitter) =
            off_thread(move || Ok((splitter.next_window()?, splitter))).await?;
        if !splitter.is_through() {
            return Ok((window, Some(splitter)));
        }
        // Set once: there is one splitter.
        let _ = self.split_result.set(splitter.finish());
        Ok((window, None))
    }

    /// Returns the answer of one window, with its caption as the only window.
    async fn caption(&self, window: WindowClip) -> Result<Answer, Error> {
        let (start, end) = (window.start, window.end);
        match self.cached_or_requested(window).await {
            Ok(mut answer) => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                self.observer.emit(Event::Window { done, total: self.total });
                let (caption, body) = (answer.caption.clone(), answer.body.take());
                let [start, end] = [start, end].map(|time| seconds(milliseconds(time)));
                answer.windows = vec![Window { start, end, caption, body }];
                Ok(answer)
            }
            Err(error) => {
                self.has_failed.store(true, Ordering::Relaxed);
                Err(Error::InWindow { start, end, source: Box::new(error) })
            }
        }
    }

    async fn cached_or_requested(&self, window: WindowClip) -> Result<Answer, Error> {
        let captioner = self.captioner;
        let cache_key = self.cache_key.window(window.start, window.end);
        if let Some(entry) = captioner.cached(&cache_key) {
            return Ok(entry.into_answer());
        }
        if captioner.shutdown.is_draining() {
            return Err(Error::Interrupted);
        }
        self.has_requested.store(true, Ordering::Relaxed);
        let (seconds, observer) = (Some(window.end - window.start), self.window_observer(&window));
        let audio = Audio::Clip(window.clip);
        let place = Place { is_window: true, ..captioner.place() };
        let answer = captioner.request(&place, &audio, None, seconds, &observer).await?;
        let entry = ManifestEntry::new(self.name, &cache_key, &answer);
        if let Some(error) = captioner.store(entry, self.observer).await {
            // The first error is enough.
            let _ = self.manifest_error.set(error);
        }
        Ok(answer)
    }

    /// Passes on the events of a window that matter to its file: retries, outages and the dialect.
    fn window_observer(&self, window: &WindowClip) -> Observer {
        let (observer, span) = (self.observer.clone(), span(window.start, window.end));
        Observer::new(move |event| match event {
            Event::Retrying { reason, wait, attempt } => {
                let reason = format!("window {span}: {reason}");
                observer.emit(Event::Retrying { reason, wait, attempt });
            }
            Event::Waiting { .. } | Event::Resumed { .. } | Event::Understood { .. } => {
                observer.emit(event);
            }
            _ => {}
        })
    }
}

/// Joins the answers in the order of their windows, or returns the highest-ranking error with all
/// that was received.
fn join(mut results: Vec<Result<Answer, Error>>) -> Result<Answer, Error> {
    results.sort_by(|one, other| start(one).total_cmp(&start(other)));
    if results.iter().all(Result::is_ok) {
        return Ok(sum(results.into_iter().flatten().collect()));
    }
    let (mut errors, mut received) = (Vec::new(), Received::default());
    for result in results {
        let content = match result {
            Ok(answer) => answer.into(),
            Err(error) => {
                let (error, content) = error.into_parts();
                errors.push(error);
                content
            }
        };
        received = received.and(content);
    }
    let error = errors.into_iter().min_by_key(rank).expect("a window failed");
    Err(error.with_received(received))
}

fn start(result: &Result<Answer, Error>) -> f64 {
    match result {
        Ok(answer) => answer.windows.first().map_or(0.0, |window| window.start),
        Err(Error::InWindow { start, .. }) => *start,
        Err(_) => 0.0,
    }
}

/// Ranks errors that stop the run first and interruptions last.
fn rank(error: &Error) -> (Reverse<bool>, bool) {
    (Reverse(error.effect() == Effect::StopRun), error.kind() == ErrorKind::Interrupted)
}

fn sum(answers: Vec<Answer>) -> Answer {
    let captions: Vec<_> = answers.iter().map(|answer| answer.caption.as_str()).collect();
    let mut joined = Answer { caption: captions.join("\n"), ..Answer::default() };
    let is_unknown = |answer: &Answer| answer.usage.is_some_and(|usage| usage.prompt_tokens == 0);
    let is_unknown = answers.iter().any(is_unknown);
    for answer in answers {
        joined.attempts += answer.attempts;
        joined.usage = add(joined.usage, answer.usage);
        joined.usd = add(joined.usd, answer.usd);
        joined.model = joined.model.or(answer.model);
        // A window whose caption was cut short decides the reason of the whole.
        if Stop::of(joined.finish_reason.as_deref()) == Stop::Complete {
            joined.finish_reason = answer.finish_reason.or(joined.finish_reason);
        }
        joined.windows.extend(answer.windows);
    }
    if let Some(usage) = joined.usage.as_mut().filter(|_| is_unknown) {
        usage.prompt_tokens = 0;
    }
    joined
}
