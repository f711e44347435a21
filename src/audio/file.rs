//! Bytes at hand: a file open for reading, whatever is in it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::platform::{self, Changed};

/// A file as long as it was when it was opened.
///
/// Cloning is cheap, and every use reads at an offset of its own.
#[derive(Debug, Clone)]
pub(super) struct SoundFile {
    file: Arc<File>,
    len: u64,
    changed: Changed,
}

impl SoundFile {
    pub(super) fn new(file: File) -> Result<Self, Error> {
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        let (len, changed) = (metadata.len(), platform::changed(&metadata));
        Ok(Self { file: Arc::new(file), len, changed })
    }

    /// In bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// A reader of its own, at the start.
    pub(super) fn reader(&self) -> ClipReader {
        ClipReader { file: self.clone(), position: 0 }
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        platform::read_at(&self.file, &mut buffer[..len], offset)
    }

    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        platform::fill_at(&self.file, buffer, offset)
    }

    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        platform::read_exact_at(&self.file, buffer, offset)
    }

    /// Some bytes, unless the file ends before them.
    pub(super) fn array_at<const LEN: usize>(&self, offset: u64) -> Option<[u8; LEN]> {
        let mut bytes = [0; LEN];
        self.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes)
    }

    pub(super) fn sha256(&self) -> Result<String, Error> {
        let mut digest = Sha256::new();
        let mut block = vec![0; 256 * 1024];
        let mut reader = self.reader();
        loop {
            match reader.read(&mut block) {
                Ok(0) => break,
                Ok(n) => digest.update(&block[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::Unreadable(e)),
            }
        }
        let mut hex = String::with_capacity(64);
        for byte in digest.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Ok(hex)
    }

    /// Whether the file is still as long and as old as when it was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        let now = self.file.metadata();
        now.is_ok_and(|now| now.len() == self.len && platform::changed(&now) == self.changed)
    }
}

/// Reads a [`Clip`](super::Clip) from its start to its end.
#[derive(Debug)]
pub struct ClipReader {
    file: SoundFile,
    position: u64,
}

impl Read for ClipReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.position)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for ClipReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.file.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
