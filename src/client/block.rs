//! Block of a request body: bytes of a clip in base64.

use std::future::{Ready, ready};
use std::io;

use base64_turbo::STANDARD;
use bytes::Bytes;
use futures_util::future::Either;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::audio::Clip;
use crate::error::BoxError;

/// Failure of an upload whose file was modified.
#[derive(Debug, thiserror::Error)]
#[error("the file is no longer what it was when it was opened")]
pub(super) struct ChangedWhileSending;

/// Failure of an upload whose file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file could not be read ({0})")]
pub(super) struct ReadWhileSending(pub(super) io::ErrorKind);

/// Encoded bytes, now or from another thread.
pub(super) type Block = Either<JoinHandle<Encoded>, Ready<Result<Encoded, JoinError>>>;

type Encoded = Result<Bytes, BoxError>;

/// Starts to read and encode so many bytes. Those of a short clip are in memory, and take less time
/// than another thread takes to start.
pub(super) fn encode(clip: &Clip, offset: u64, len: usize) -> Block {
    if let Some(content) = clip.content() {
        return Either::Right(ready(Ok(Ok(STANDARD.encode(content).into()))));
    }
    let clip = clip.clone();
    Either::Left(spawn_blocking(move || read_and_encode(&clip, offset, len)))
}

fn read_and_encode(clip: &Clip, offset: u64, len: usize) -> Encoded {
    let mut raw = vec![0; len];
    match clip.read_exact_at(&mut raw, offset) {
        Ok(()) => Ok(STANDARD.encode(&raw).into()),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(ChangedWhileSending.into()),
        Err(e) => Err(ReadWhileSending(e.kind()).into()),
    }
}
