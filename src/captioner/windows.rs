//! A long sound window by window, several at a time, joined in their order.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{OnceCell, SemaphorePermit};

use super::{Captioner, Facts};
use crate::audio::{Clip, Cutter, Levels, Piece};
use crate::blocking::off_thread;
use crate::caption::{Answer, Window};
use crate::error::Error;
use crate::outcome::{Ending, Extent, Question};
use crate::record::Record;
use crate::service::Audio;
use crate::watch::{Event, Watch};

/// One sound on its way through its windows.
struct Timeline<'a> {
    captioner: &'a Captioner,
    name: &'a str,
    question: &'a Question,
    watch: &'a Watch,
    total: Option<u64>,
    done: AtomicU64,
    /// Whether a window failed, so that no other is to be started.
    failed: AtomicBool,
    /// What the cutter knows once it is through.
    rest: OnceCell<(Option<Levels>, u64)>,
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
            failed: AtomicBool::new(false),
            rest: OnceCell::new(),
            unkept: Mutex::default(),
        };
        let started = Instant::now();
        let (of_file, of_recipe) = (clip.clone(), recipe.clone());
        let cutter = off_thread(move || of_recipe.cutter(&of_file)).await?;
        let answers = timeline.answers(cutter).buffered(self.preparation.jobs.max(1));
        let answers: Vec<_> = answers.collect().await;
        facts.unkept = timeline.unkept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rest = timeline.rest.into_inner();
        let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut answer = join(answers);
        answer.elapsed = started.elapsed();
        facts.seconds = answer.windows.last().map(|window| window.end);
        if let Some((levels, damaged_packets)) = rest {
            facts.sound = self.sound(clip, levels);
            if damaged_packets > 0 {
                watch.tell(Event::LeftOut { packets: damaged_packets });
            }
        }
        Ok(Ending::Captioned(answer))
    }
}

impl<'a> Timeline<'a> {
    /// The windows on their way to their captions, each cut when a request may be made for it.
    fn answers(
        &'a self,
        cutter: Cutter,
    ) -> impl Stream<Item = impl Future<Output = Result<Answer, Error>>> {
        stream::unfold(Some(cutter), move |cutter| async move {
            let cutter = cutter.filter(|_| !self.failed.load(Ordering::Relaxed))?;
            let permit = self.captioner.requests.acquire().await.ok()?;
            let (piece, cutter) = match self.cut(cutter).await {
                Ok((cutter, Some(piece))) => (Ok(piece), Some(cutter)),
                Ok((mut cutter, None)) => {
                    // The only one to set it.
                    let _ = self.rest.set((cutter.levels(), cutter.damaged_packets()));
                    return None;
                }
                Err(error) => (Err(error), None),
            };
            Some((self.caption(piece, permit), cutter))
        })
    }

    async fn cut(&self, mut cutter: Cutter) -> Result<(Cutter, Option<Piece>), Error> {
        if self.captioner.stop.is_draining() {
            return Err(Error::Interrupted);
        }
        let _permit = self.captioner.decoders.acquire().await;
        off_thread(move || {
            let piece = cutter.next_piece()?;
            Ok((cutter, piece))
        })
        .await
    }

    /// Looks a window up, or asks and keeps the answer.
    async fn caption(
        &self,
        piece: Result<Piece, Error>,
        _permit: SemaphorePermit<'_>,
    ) -> Result<Answer, Error> {
        let piece = piece?;
        let (start, end) = (piece.start, piece.end);
        let answer = self.recall_or_ask(piece).await;
        match answer {
            Ok(mut answer) => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                self.watch.tell(Event::Window { done, total: self.total });
                let (caption, body) = (answer.caption.clone(), answer.body.take());
                answer.windows = vec![Window { start, end, caption, body }];
                Ok(answer)
            }
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                Err(Error::InWindow { start, end, error: Box::new(error) })
            }
        }
    }

    async fn recall_or_ask(&self, piece: Piece) -> Result<Answer, Error> {
        let extent =
            Extent::Window { start: milliseconds(piece.start), end: milliseconds(piece.end) };
        let question = Question { extent, ..self.question.clone() };
        let known = self.captioner.recall(&question).and_then(Record::into_answer);
        if let Some(answer) = known {
            // It was paid for by another run.
            return Ok(Answer { usd: None, usage: None, attempts: 0, ..answer });
        }
        let seconds = Some(piece.end - piece.start);
        let audio = Audio::Clip(piece.clip);
        let answer = self.captioner.ask(&audio, seconds, &Watch::none()).await?;
        if let Some(memory) = &self.captioner.memory {
            let record = Record::of_window(self.name, &question, &answer);
            if let Err(error) = memory.keep(&question, &record) {
                *self.unkept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
        Ok(answer)
    }
}

/// The windows as one answer.
fn join(answers: Vec<Answer>) -> Answer {
    let captions: Vec<_> = answers.iter().map(|answer| answer.caption.as_str()).collect();
    let caption = captions.join("\n");
    let cut_short = |answer: &&Answer| answer.finish_reason.as_deref() != Some("stop");
    let finish_reason = answers.iter().find(cut_short).or(answers.last());
    let finish_reason = finish_reason.and_then(|answer| answer.finish_reason.clone());
    let mut joined = Answer {
        caption,
        model: answers.first().and_then(|answer| answer.model.clone()),
        finish_reason,
        ..Answer::default()
    };
    for answer in answers {
        joined.attempts += answer.attempts;
        joined.usage = add(joined.usage, answer.usage, |one, other| one + other);
        joined.usd = add(joined.usd, answer.usd, |one, other| one + other);
        joined.windows.extend(answer.windows);
    }
    joined
}

fn add<T>(one: Option<T>, other: Option<T>, sum: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(sum(one, other)),
        (one, other) => one.or(other),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
