//! Frames with a header each, one behind the other: found anew behind bytes that belong to none.

use symphonia::core::errors::Result;
use symphonia::core::io::{MediaSourceStream, ReadBytes, SeekBuffered};

use super::or_end;
use super::tags::{self, Tag};

/// Weight of a frame in the usual length.
const WEIGHT: f64 = 0.1;

/// Bytes behind the last frame that are no sound, in usual frames: a torn one.
const MAX_TORN: f64 = 2.0;

/// Header of a frame.
pub(super) trait FrameHeader: Copy {
    /// Length of a header, and of the longest frame, in bytes.
    const LEN: usize;
    const MAX_FRAME: usize;

    fn read(bytes: &[u8]) -> Option<Self>;

    /// Length of the frame with its header, in bytes.
    fn frame_len(&self) -> usize;

    /// True if both may be of one stream.
    fn is_like(&self, other: &Self) -> bool;
}

/// Reads frames.
pub(super) struct Synced<H> {
    last: Option<H>,
    /// Length of a frame in bytes, and the shortest and the longest one so far.
    usual: f64,
    range: (usize, usize),
    /// Frames that are lost before the last one; zero if their number is not known.
    lost: Option<u64>,
    /// True behind a frame that the end of the file cuts off.
    is_at_end: bool,
}

/// Bytes that belong to no frame.
#[derive(Default)]
struct Junk {
    len: usize,
    first: u8,
    is_constant: bool,
    /// True behind the start of a tag, which the next frame ends.
    is_tag: bool,
}

impl<H: FrameHeader> Synced<H> {
    pub(super) fn new(stream: &mut MediaSourceStream<'_>) -> Self {
        stream.ensure_seekback_buffer(H::MAX_FRAME + 2 * tags::DEPTH);
        Self { last: None, usual: 0.0, range: (usize::MAX, 0), lost: None, is_at_end: false }
    }

    /// Frames that are lost before the last one, or behind it at the end; zero if their number is
    /// not known.
    pub(super) fn take_lost(&mut self) -> Option<u64> {
        self.lost.take()
    }

    /// Reads the next frame; `None` at the end.
    pub(super) fn next(
        &mut self,
        stream: &mut MediaSourceStream<'_>,
    ) -> Result<Option<(H, Vec<u8>)>> {
        let mut junk = Junk::default();
        while !self.is_at_end {
            let start = stream.pos();
            let head = peek(stream)?;
            let Some(first) = head.first() else {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let is_torn = junk.len as f64 <= MAX_TORN * self.usual;
                let is_lost = !(is_torn || junk.is_constant || junk.is_tag);
                self.lost = is_lost.then_some(0);
                return Ok(None);
            };
            match tags::read(&head, junk.len == 0) {
                Some(Tag::OfLength(len)) => {
                    if or_end(stream.ignore_bytes(len))?.is_none() {
                        return Ok(None);
                    }
                    continue;
                }
                // The next frame is its end.
                Some(Tag::OfUnknownLength) => junk.is_tag = true,
                None => {}
            }
            if let Some(header) = H::read(&head)
                && let Some(data) = self.frame(stream, header, junk.len == 0)?
            {
                self.lost = self.count(&junk);
                self.push(header);
                return Ok(Some((header, data)));
            }
            stream.seek_buffered(start + 1);
            junk.push(*first);
        }
        Ok(None)
    }

    /// Reads a frame, unless its header is one by chance.
    fn frame(
        &mut self,
        stream: &mut MediaSourceStream<'_>,
        header: H,
        is_behind_frame: bool,
    ) -> Result<Option<Vec<u8>>> {
        let mut data = vec![0; header.frame_len()];
        let is_like_last = self.last.is_some_and(|last| last.is_like(&header));
        if or_end(stream.read_buf_exact(&mut data))?.is_none() {
            self.is_at_end = is_behind_frame && is_like_last;
            return Ok(None);
        }
        let end = stream.pos();
        let next = peek(stream)?;
        stream.seek_buffered(end);
        let is_followed = match H::read(&next) {
            Some(next) => next.is_like(&header),
            None => tags::read(&next, true).is_some() || next.len() < H::LEN,
        };
        let is_known = is_like_last || (self.last.is_none() && is_behind_frame);
        let is_frame = match (is_behind_frame, is_followed) {
            (true, true) => true,
            (true, false) => is_known && !tags::contains_start(&data),
            (false, is_followed) => is_followed && (is_known || next.len() >= H::LEN),
        };
        Ok(is_frame.then_some(data))
    }

    fn push(&mut self, header: H) {
        let len = header.frame_len();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let bytes = len as f64;
        self.usual += (bytes - self.usual) * if self.usual == 0.0 { 1.0 } else { WEIGHT };
        if self.lost.is_none() {
            self.range = (self.range.0.min(len), self.range.1.max(len));
        }
        self.last = Some(header);
    }

    /// Frames that bytes between two others stand for. Where all have one length, a damaged length
    /// of the frame before does not matter.
    fn count(&self, junk: &Junk) -> Option<u64> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let len = junk.len as f64;
        let is_padding = junk.is_constant && junk.first == 0 && len < self.usual / 2.0;
        if junk.len == 0 || junk.is_tag || is_padding {
            return None;
        }
        let is_constant = self.range.1.saturating_sub(self.range.0) <= 4;
        let before = self.last.filter(|_| is_constant).map_or(0, |last| last.frame_len());
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        let frames = ((len + before as f64) / self.usual.max(1.0)).round() as u64;
        Some(frames.saturating_sub(u64::from(before > 0)))
    }
}

impl Junk {
    fn push(&mut self, byte: u8) {
        self.is_constant = self.len == 0 || (self.is_constant && byte == self.first);
        if self.len == 0 {
            self.first = byte;
        }
        self.len += 1;
    }
}

/// The next bytes, fewer at the end, to which the position of the stream returns.
fn peek(stream: &mut MediaSourceStream<'_>) -> Result<Vec<u8>> {
    let start = stream.pos();
    let mut bytes = vec![0; tags::DEPTH];
    let mut filled = 0;
    while filled < bytes.len() {
        match or_end(stream.read_buf(&mut bytes[filled..]))? {
            None | Some(0) => break,
            Some(read) => filled += read,
        }
    }
    bytes.truncate(filled);
    stream.seek_buffered(start);
    Ok(bytes)
}
