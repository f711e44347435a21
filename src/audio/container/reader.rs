//! Reader of a file with the repairs of its [`Layout`].

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

use super::layout::Layout;
use crate::audio::file::SourceFile;

/// Reads the part of a file that a layout describes, with its patches applied.
pub(in crate::audio) struct PatchedReader {
    file: SourceFile,
    layout: Arc<Layout>,
    /// Counted from the start of the layout.
    position: u64,
    /// Bytes that may still be read.
    limit: Arc<AtomicU64>,
}

impl PatchedReader {
    /// Reader that fails once it has read as many bytes as `limit` allows.
    pub(super) fn new(file: SourceFile, layout: Arc<Layout>, limit: Arc<AtomicU64>) -> Self {
        Self { file, layout, position: 0, limit }
    }

    /// Reader of the whole file as it is.
    pub(in crate::audio) fn unpatched(file: SourceFile) -> Self {
        let layout = Arc::new(Layout::whole(&file));
        Self::new(file, layout, Arc::new(AtomicU64::new(u64::MAX)))
    }

    fn len(&self) -> u64 {
        self.layout.end - self.layout.start
    }
}

impl Read for PatchedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len().saturating_sub(self.position);
        let len = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let start = self.layout.start.saturating_add(self.position);
        let n = self.file.read_at(&mut buffer[..len], start)?;
        let left = self.limit.load(Ordering::Relaxed).checked_sub(n as u64);
        let left = left.ok_or_else(|| io::Error::other("a head without an end"))?;
        self.limit.store(left, Ordering::Relaxed);
        self.position += n as u64;
        for (offset, bytes) in &self.layout.patches {
            for (offset, byte) in (*offset..).zip(bytes) {
                let index = offset.checked_sub(start).and_then(|index| usize::try_from(index).ok());
                if let Some(target) = index.and_then(|index| buffer[..n].get_mut(index)) {
                    *target = *byte;
                }
            }
        }
        Ok(n)
    }
}

impl Seek for PatchedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl MediaSource for PatchedReader {
    fn is_seekable(&self) -> bool {
        !self.layout.is_stream
    }

    fn byte_len(&self) -> Option<u64> {
        (!self.layout.is_stream).then(|| self.len())
    }
}
