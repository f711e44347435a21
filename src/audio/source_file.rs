//! File open for reading, whatever its content.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use bytesize::ByteSize;

use crate::error::Error;
use crate::platform::{self, Changed};

/// Size in bytes from which a file is large: too large to be sent in one piece at the rates of most
/// recordings, and long enough to read that it is judged before.
const LARGE: u64 = 256 << 20;

/// Size in bytes from which work on a file takes so long that other files do not wait for it.
const HUGE: u64 = 1 << 30;

/// Bytes of the start of a file that are kept: half a second of PCM fits in, and so does what a
/// probe reads of most files. As many files as are in progress take 1 MB together.
const HEAD_LEN: usize = 32 << 10;

/// Part of a large file that is stored at least; silence that a file system compresses takes more.
const MIN_STORED_PART: u64 = 64;

/// File with the length that it had when it was opened. Cloning is cheap.
#[derive(Clone)]
pub(super) struct SourceFile {
    opened: Arc<Opened>,
    len: u64,
    changed: Changed,
}

struct Opened {
    file: File,
    /// First bytes of the file, which are read once: headers are in them, and short recordings.
    head: Vec<u8>,
}

impl SourceFile {
    pub(super) fn new(file: File) -> Result<Self, Error> {
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        let (len, changed) = (metadata.len(), platform::changed(&file, &metadata));
        let mut head = vec![0; usize::try_from(len).unwrap_or(HEAD_LEN).min(HEAD_LEN)];
        let filled = platform::fill_at(&file, &mut head, 0).map_err(Error::Unreadable)?;
        head.truncate(filled);
        Ok(Self { opened: Arc::new(Opened { file, head }), len, changed })
    }

    /// Fails with [`Error::Damaged`] if the file is large and has next to nothing but holes.
    pub(super) fn check_holes(&self) -> Result<(), Error> {
        if !self.is_large() {
            return Ok(());
        }
        let metadata = self.opened.file.metadata().map_err(Error::Unreadable)?;
        let stored =
            platform::stored_below(&self.opened.file, &metadata, self.len / MIN_STORED_PART);
        let Some(stored) = stored else { return Ok(()) };
        let [stored, len] = [stored, self.len].map(|bytes| ByteSize(bytes).display().si());
        let reason = format!("{stored} of {len} are stored, the rest is holes");
        Err(Error::Damaged { container: "sound".to_owned(), reason })
    }

    /// True if the file is judged before it is read through.
    pub(super) fn is_large(&self) -> bool {
        self.len >= LARGE
    }

    /// True if other files do not wait for work on this one.
    pub(super) fn is_huge(&self) -> bool {
        self.len >= HUGE
    }

    /// The open file, to be read by another program.
    pub(super) fn file(&self) -> &File {
        &self.opened.file
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads until the buffer is full, or up to the length that the file had when it was opened.
    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        let buffer = &mut buffer[..len];
        if self.copy_from_head(buffer, offset) {
            return Ok(len);
        }
        platform::fill_at(&self.opened.file, buffer, offset)
    }

    /// Fills the buffer, beyond the first bytes from the file as it is now. Fails if the file ends
    /// before.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.copy_from_head(buffer, offset) {
            return Ok(());
        }
        platform::read_exact_at(&self.opened.file, buffer, offset)
    }

    /// The whole file if no more of it has to be read.
    pub(super) fn content(&self) -> Option<&[u8]> {
        (self.opened.head.len() as u64 == self.len).then_some(&self.opened.head)
    }

    /// Fills the buffer with bytes that were read already; false if some of them were not.
    fn copy_from_head(&self, buffer: &mut [u8], offset: u64) -> bool {
        let known = usize::try_from(offset).ok().and_then(|offset| self.opened.head.get(offset..));
        let known = known.and_then(|known| known.get(..buffer.len()));
        if let Some(known) = known {
            buffer.copy_from_slice(known);
        }
        known.is_some()
    }

    /// True if the file is longer than when it was opened.
    pub(super) fn has_grown(&self) -> bool {
        self.opened.file.metadata().is_ok_and(|now| now.len() > self.len)
    }

    /// True if length and change time are those of when the file was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        self.opened.file.metadata().is_ok_and(|now| {
            now.len() == self.len && platform::changed(&self.opened.file, &now) == self.changed
        })
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SourceFile");
        debug.field("file", &self.opened.file).field("len", &self.len).finish_non_exhaustive()
    }
}
