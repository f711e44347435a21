//! The body of a request, made while it is sent: JSON, base64 read from the file, JSON.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64_turbo::STANDARD;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::audio::Audio;
use super::dialect::{Dialect, SOUND};
use super::options::Options;
use super::wire::Request;
use crate::audio::{Clip, encoded_len};
use crate::error::BoxError;
use crate::progress::{Event, Observer};

/// Bytes read and encoded at a time; a multiple of three, so that no block needs padding.
pub(super) const BLOCK: usize = 384 * 1024;

/// Failure of an upload whose file was modified.
#[derive(Debug, thiserror::Error)]
#[error("the file is no longer what it was when it was opened")]
pub(super) struct ChangedWhileSending;

/// Failure of an upload whose file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file could not be read ({0})")]
pub(super) struct ReadWhileSending(pub(super) io::ErrorKind);

/// Knows its exact length from the start and never holds more than a few blocks, however large
/// the clip is. The next block is read and encoded while the last one is sent.
pub(super) struct RequestBody {
    stage: Stage,
    sent: u64,
    total: u64,
    observer: Observer,
}

enum Stage {
    Head { head: Bytes, rest: Option<(Clip, Bytes)> },
    Sound { clip: Clip, offset: u64, block: JoinHandle<Result<Bytes, BoxError>>, tail: Bytes },
    Tail { clip: Clip, tail: Bytes },
    Done,
}

impl RequestBody {
    pub(super) fn new(
        options: &Options,
        dialect: Dialect,
        audio: &Audio,
        observer: &Observer,
    ) -> Self {
        let head = json(options, dialect, audio);
        let (stage, total) = match audio {
            Audio::Url(_) => {
                let total = head.len() as u64;
                (Stage::Head { head, rest: None }, total)
            }
            Audio::Clip(clip) => {
                let (head, tail) = around_sound(head);
                let total = (head.len() + tail.len()) as u64 + encoded_len(clip.len());
                (Stage::Head { head, rest: Some((clip.clone(), tail)) }, total)
            }
        };
        Self { stage, sent: 0, total, observer: observer.clone() }
    }
}

fn json(options: &Options, dialect: Dialect, audio: &Audio) -> Bytes {
    let request = Request::new(options, dialect.part(audio));
    serde_json::to_vec(&request).expect("strings and numbers only").into()
}

/// The JSON before and after the base64 text.
fn around_sound(mut head: Bytes) -> (Bytes, Bytes) {
    // The model's name comes before the sound and may hold anything; after it there are only
    // numbers, flags and a format, so the last occurrence is the right one.
    let at = head.windows(SOUND.len()).rposition(|window| window == SOUND.as_bytes());
    let mut tail = head.split_off(at.expect("just written"));
    (head, tail.split_off(SOUND.len()))
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.stage {
            Stage::Sound { block, .. } => ready!(Pin::new(block).poll(context))?.map(Some),
            _ => Ok(None),
        };
        let this = self.get_mut();
        let (bytes, next) = match (std::mem::replace(&mut this.stage, Stage::Done), frame?) {
            (Stage::Head { head, rest: Some((clip, tail)) }, _) => (head, sound(clip, 0, tail)),
            (Stage::Head { head, rest: None }, _) => (head, Stage::Done),
            (Stage::Sound { clip, offset, tail, .. }, Some(bytes)) => {
                let next = if offset < clip.len() {
                    sound(clip, offset, tail)
                } else {
                    Stage::Tail { clip, tail }
                };
                (bytes, next)
            }
            // Without its last bytes the request is never complete, so it cannot be served.
            (Stage::Tail { clip, .. }, _) if !clip.is_unchanged() => {
                return Poll::Ready(Some(Err(ChangedWhileSending.into())));
            }
            (Stage::Tail { tail, .. }, _) => (tail, Stage::Done),
            _ => return Poll::Ready(None),
        };
        this.stage = next;
        this.sent += bytes.len() as u64;
        this.observer.emit(Event::Sent { bytes: this.sent, total: this.total });
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total - self.sent)
    }
}

/// Starts to read and encode the block at `offset`.
fn sound(clip: Clip, offset: u64, tail: Bytes) -> Stage {
    let wanted = usize::try_from(clip.len() - offset).unwrap_or(BLOCK).min(BLOCK);
    let reader = clip.clone();
    let block = tokio::task::spawn_blocking(move || encode(&reader, offset, wanted));
    Stage::Sound { clip, offset: offset + wanted as u64, block, tail }
}

fn encode(clip: &Clip, offset: u64, wanted: usize) -> Result<Bytes, BoxError> {
    let mut raw = vec![0; wanted];
    match clip.read_exact_at(&mut raw, offset) {
        Ok(()) => Ok(STANDARD.encode(&raw).into()),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(ChangedWhileSending.into()),
        Err(e) => Err(ReadWhileSending(e.kind()).into()),
    }
}
