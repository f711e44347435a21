//! File open for reading, whatever its content.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::error::Error;
use crate::platform::{self, Changed};

/// File with the length that it had when it was opened. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    file: Arc<File>,
    len: u64,
    changed: Changed,
}

impl SourceFile {
    pub(super) fn new(file: File) -> Result<Self, Error> {
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        let (len, changed) = (metadata.len(), platform::changed(&metadata));
        Ok(Self { file: Arc::new(file), len, changed })
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
        let now = self.file.metadata();
        now.is_ok_and(|now| now.len() == self.len && platform::changed(&now) == self.changed)
    }
}
