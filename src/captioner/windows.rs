//! A long sound window by window, several at a time, joined in their order.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::OnceCell;

use super::{Captioner, Facts, join};
use crate::audio::{Clip, Cutter, Levels, WindowClip};
use crate::blocking::off_thread;
use crate::caption::{Answer, Window};
use crate::error::Error;
use crate::outcome::{Ending, Question};
use crate::record::Record;
use crate::service::Audio;
use crate::text::{in_milliseconds, span};
use crate::watch::{Event, Watch};

/// One sound on its way through its windows.
struct Timeline<'a> {
    captioner: &'a Captioner,
    name: &'a str,
    question: &'a Question,
    watch: &'a Watch,
    total: Option<u64>,
    done: AtomicU64,
    /// Whether any window had to be asked about.
    has_asked: AtomicBool,
    /// Whether a window failed, so that no other is to be started.
    has_failed: AtomicBool,
    /// What the cutter knows once it is through: damaged packets, and what was measured.
    rest: OnceCell<(u64, Option<Levels>)>,
    /// Why a caption could not be kept.
    unkept: Mutex<Option<io::Error>>,
}

impl Captioner {
    /// Captions every window, or none: those that came before a failure are remembered.
    pub(super) async fn caption_windows(
        &self,
        name: &str,
        clip: &Clip,
        question: &Question,
        facts: &mut Facts,
        watch: &Watch,
    ) -> Result<Ending, Error> {
        let recipe = &self.preparation.recipe;
        let total = clip.format().seconds.map(|seconds| recipe.requests(seconds));
        watch.tell(Event::Cutting { format: clip.format().clone(), total });
        let timeline = Timeline {
            captioner: self,
            name,
            question,
            watch,
            total,
            done: AtomicU64::new(0),
            has_asked: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            rest: OnceCell::new(),
            unkept: Mutex::default(),
        };
        let started = Instant::now();
        let cutter = self.cutter(clip).await?;
        // No matter which one comes first: they are put in order when all are there.
        let answers = timeline.answers(cutter).buffer_unordered(self.preparation.jobs.max(1));
        let mut answer = join::join(answers.collect().await)?;
        answer.elapsed = started.elapsed();
        facts.seconds = answer.windows.last().map(|window| window.end);
        facts.unkept = timeline.unkept.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((damaged_packets, levels)) = timeline.rest.into_inner() {
            facts.sound = facts.sound.take().or_else(|| self.sound(clip, levels));
            if damaged_packets > 0 {
                watch.tell(Event::Damaged { packets: damaged_packets });
            }
        }
        let is_new = timeline.has_asked.into_inner();
        Ok(if is_new { Ending::Captioned(answer) } else { Ending::Known(answer) })
    }

    async fn cutter(&self, clip: &Clip) -> Result<Cutter, Error> {
        let _permit = self.decoders.acquire().await;
        let (clip, recipe) = (clip.clone(), self.preparation.recipe.clone());
        off_thread(move || recipe.cutter(&clip)).await
    }
}

impl<'a> Timeline<'a> {
    /// The windows on their way to their captions, each cut when the one before it may be asked
    /// about.
    fn answers(
        &'a self,
        cutter: Cutter,
    ) -> impl Stream<Item = impl Future<Output = Result<Answer, Error>>> {
        stream::unfold(Some(cutter), move |cutter| async move {
            let cutter = cutter.filter(|_| !self.has_failed.load(Ordering::Relaxed))?;
            let (window, cutter) = match self.cut(cutter).await {
                Ok((Some(window), cutter)) => (Ok(window), cutter),
                Ok((None, _)) => return None,
                Err(error) => (Err(error), None),
            };
            let permit = self.captioner.requests.acquire().await.ok()?;
            Some((
                async move {
                    let _permit = permit;
                    self.caption(window?).await
                },
                cutter,
            ))
        })
    }

    /// The next window, and the cutter unless it is through.
    async fn cut(&self, mut cutter: Cutter) -> Result<(Option<WindowClip>, Option<Cutter>), Error> {
        let _permit = self.captioner.decoders.acquire().await;
        let (window, cutter) = off_thread(move || Ok((cutter.next_window()?, cutter))).await?;
        if !cutter.is_through() {
            return Ok((window, Some(cutter)));
        }
        // The only one to set it.
        let _ = self.rest.set(cutter.finish());
        Ok((window, None))
    }

    /// Looks a window up, or asks and keeps the answer.
    async fn caption(&self, window: WindowClip) -> Result<Answer, Error> {
        let (start, end) = (window.start, window.end);
        match self.recall_or_ask(window).await {
            Ok(mut answer) => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                self.watch.tell(Event::Window { done, total: self.total });
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
        let question = self.question.about(window.start, window.end);
        if let Some(answer) = self.captioner.recall(&question).and_then(Record::into_answer) {
            return Ok(answer);
        }
        if self.captioner.stop.is_draining() {
            return Err(Error::Interrupted);
        }
        self.has_asked.store(true, Ordering::Relaxed);
        let (seconds, watch) = (Some(window.end - window.start), self.watch_of(&window));
        let answer = self.captioner.ask(&Audio::Clip(window.clip), seconds, &watch).await?;
        if let Some(memory) = &self.captioner.memory {
            let record = Record::of_window(self.name, &question, &answer);
            if let Err(error) = memory.keep(&question, &record) {
                *self.unkept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
        Ok(answer)
    }

    /// Of all that happens to a window, people are told only why it takes so long.
    fn watch_of(&self, window: &WindowClip) -> Watch {
        let (watch, span) = (self.watch.clone(), span(window.start, window.end));
        Watch::new(move |event| match event {
            Event::Retrying { reason, wait, attempt } => {
                let reason = format!("window {span}: {reason}");
                watch.tell(Event::Retrying { reason, wait, attempt });
            }
            Event::Understood { .. } => watch.tell(event),
            _ => {}
        })
    }
}
