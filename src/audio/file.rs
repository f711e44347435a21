//! File open for reading, whatever its content.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::platform::{self, Changed};

/// Bytes at the start of a file that are read once and kept: every parser starts there.
const START_LEN: usize = 16 * 1024;

/// File with the length that it had when it was opened. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) struct SourceFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    len: u64,
    changed: Changed,
    start: OnceLock<Vec<u8>>,
}

impl SourceFile {
    pub(super) fn new(file: File) -> Result<Self, Error> {
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        let (len, changed) = (metadata.len(), platform::changed(&metadata));
        Ok(Self(Arc::new(Inner { file, len, changed, start: OnceLock::new() })))
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.0.len
    }

    /// The first bytes of the file, read from the disk once.
    pub(super) fn start(&self) -> io::Result<&[u8]> {
        if let Some(start) = self.0.start.get() {
            return Ok(start);
        }
        let mut start = vec![0; usize::try_from(self.len()).unwrap_or(START_LEN).min(START_LEN)];
        let filled = platform::fill_at(&self.0.file, &mut start, 0)?;
        start.truncate(filled);
        Ok(self.0.start.get_or_init(|| start))
    }

    /// Reads up to the length that the file had when it was opened; may read less than asked for.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < START_LEN as u64
            && let Some(mut rest) = self.start()?.get(usize::try_from(offset).unwrap_or(0)..)
            && !rest.is_empty()
        {
            return rest.read(buffer);
        }
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        platform::read_at(&self.0.file, &mut buffer[..len], offset)
    }

    /// Reads until the buffer is full or the file ends.
    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }

    /// Fills the buffer from the file as it is now. Fails if the file ends before.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        platform::read_exact_at(&self.0.file, buffer, offset)
    }

    /// The SHA-256 of the content in lower-case hexadecimal.
    pub(super) fn sha256(&self) -> Result<String, Error> {
        let mut digest = Sha256::new();
        let mut block = vec![0; 256 * 1024];
        let mut offset = 0;
        loop {
            let filled = self.fill_at(&mut block, offset).map_err(Error::Unreadable)?;
            if filled == 0 {
                break;
            }
            digest.update(&block[..filled]);
            offset += filled as u64;
        }
        let hex = |hex: String, byte: &u8| hex + &format!("{byte:02x}");
        Ok(digest.finalize().iter().fold(String::new(), hex))
    }

    /// True if length and change time are those of when the file was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        let now = self.0.file.metadata();
        now.is_ok_and(|now| now.len() == self.len() && platform::changed(&now) == self.0.changed)
    }
}
