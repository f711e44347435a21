//! A file as symphonia is to see it.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

use super::file::SoundFile;

/// Reads a part of a file, with some bytes in place of others.
pub(super) struct Mended {
    file: SoundFile,
    /// Where it begins and ends in the file.
    start: u64,
    end: u64,
    /// Counted from `start`.
    position: u64,
    /// Bytes of sound that are there, and that its head tells of.
    cut: Option<(u64, u64)>,
    patches: Vec<(u64, Vec<u8>)>,
    is_stream: bool,
    limit: Option<ReadLimit>,
}

/// How many more bytes may be read.
#[derive(Clone, Default)]
pub(super) struct ReadLimit(Arc<AtomicU64>);

impl ReadLimit {
    pub(super) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// As much as there is.
    pub(super) fn lift(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        let left = left.checked_sub(bytes as u64);
        self.0.store(
            left.ok_or_else(|| io::Error::other("a head without an end"))?,
            Ordering::Relaxed,
        );
        Ok(())
    }
}

impl Mended {
    pub(super) fn new(file: SoundFile) -> Self {
        let end = file.len();
        Self {
            file,
            start: 0,
            end,
            cut: None,
            position: 0,
            patches: Vec::new(),
            is_stream: false,
            limit: None,
        }
    }

    /// Where it begins in the file.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// As long as no more than that is read.
    pub(super) fn within(self, limit: ReadLimit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Without what comes before.
    pub(super) fn from(self, start: u64) -> Self {
        Self { start: start.min(self.end), ..self }
    }

    /// Without what comes after.
    pub(super) fn up_to(self, end: u64) -> Self {
        Self { end: end.clamp(self.start, self.end), ..self }
    }

    /// With a head that tells of more bytes of sound than there are.
    pub(super) fn cut(self, there: u64, told: u64) -> Self {
        Self { cut: Some((there, told)), ..self }
    }

    /// Bytes of sound that are there, and that its head tells of, where that is more.
    pub(super) fn missing(&self) -> Option<(u64, u64)> {
        self.cut
    }

    /// With these bytes at that place of the file.
    pub(super) fn patched(mut self, at: u64, bytes: &[u8]) -> Self {
        self.patches.push((at, bytes.to_vec()));
        self
    }

    /// Whether any byte is another than in the file.
    pub(super) fn is_patched(&self) -> bool {
        !self.patches.is_empty()
    }

    /// As something that nobody knows the length of.
    pub(super) fn streamed(self) -> Self {
        Self { is_stream: true, ..self }
    }
}

impl Read for Mended {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.start + self.position;
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        let n = self.file.read_at(&mut buffer[..len], at)?;
        if let Some(limit) = &self.limit {
            limit.take(n)?;
        }
        self.position += n as u64;
        for (patch, bytes) in &self.patches {
            for (place, byte) in (*patch..).zip(bytes) {
                let place = place.checked_sub(at).and_then(|place| usize::try_from(place).ok());
                if let Some(target) = place.and_then(|place| buffer[..n].get_mut(place)) {
                    *target = *byte;
                }
            }
        }
        Ok(n)
    }
}

impl Seek for Mended {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => (self.end - self.start).checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl MediaSource for Mended {
    fn is_seekable(&self) -> bool {
        !self.is_stream
    }

    fn byte_len(&self) -> Option<u64> {
        (!self.is_stream).then(|| self.end - self.start)
    }
}
