//! File open for reading, whatever its content.

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

/// Part of a large file that is stored at least; silence that a file system compresses takes more.
const MIN_STORED_PART: u64 = 64;

/// File with the length that it had when it was opened. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    file: Arc<File>,
    len: u64,
    changed: Changed,
}

impl SourceFile {
    pub(super) fn new(file: File) -> Result<Self, Error> {
        let len = file.metadata().map_err(Error::Unreadable)?.len();
        let changed = platform::changed(&file);
        Ok(Self { file: Arc::new(file), len, changed })
    }

    /// Fails with [`Error::Damaged`] if the file is large and has next to nothing but holes.
    pub(super) fn check_holes(&self) -> Result<(), Error> {
        let metadata = self.file.metadata().map_err(Error::Unreadable)?;
        let stored = platform::stored_below(&self.file, &metadata, self.len / MIN_STORED_PART);
        let Some(stored) = stored.filter(|_| self.is_large()) else { return Ok(()) };
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
        &self.file
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads until the buffer is full, or up to the length that the file had when it was opened.
    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        platform::fill_at(&self.file, &mut buffer[..len], offset)
    }

    /// Fills the buffer from the file as it is now. Fails if the file ends before.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        platform::read_exact_at(&self.file, buffer, offset)
    }

    /// True if the file is longer than when it was opened.
    pub(super) fn has_grown(&self) -> bool {
        self.file.metadata().is_ok_and(|now| now.len() > self.len)
    }

    /// True if length and change time are those of when the file was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        let has_len = self.file.metadata().is_ok_and(|now| now.len() == self.len);
        has_len && platform::changed(&self.file) == self.changed
    }
}
