//! Temporary file for a stream, so that it can be probed and uploaded.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::clip::{Clip, encoded_len};
use crate::error::{Advice, Error};

impl Clip {
    /// Reads a stream such as standard input into an unnamed temporary file.
    ///
    /// Fails with [`Error::StreamTooLarge`] above 1 GB, and with [`Error::TooLarge`] as soon as the
    /// bytes exceed `max_upload` in base64.
    pub fn spool(mut reader: impl Read, max_upload: Option<u64>) -> Result<Self, Error> {
        let mut spool = Spool::new(max_upload)?;
        let mut block = vec![0; 64 * 1024];
        loop {
            if spool.needs_probe() {
                spool = spool.probe()?;
            }
            match reader.read(&mut block) {
                Ok(0) => return spool.into_clip(),
                Ok(n) => spool.push(&block[..n])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::Unreadable(e)),
            }
        }
    }
}

/// Size limit of a stream in bytes, so that an endless one does not fill the disk.
const MAX_SPOOL: u64 = 1_000_000_000;

/// Number of bytes that is enough to tell audio from other content.
const PROBE_LEN: u64 = 1_000_000;

/// An unnamed temporary file that becomes a clip.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    len: u64,
    /// Limit in bytes of base64, to stay below; `None` if the audio will be converted.
    max_upload: Option<u64>,
    is_probed: bool,
}

impl Spool {
    pub(crate) fn new(max_upload: Option<u64>) -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::TempFile)?;
        Ok(Self { file, len: 0, max_upload, is_probed: false })
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.len += bytes.len() as u64;
        if self.len > MAX_SPOOL {
            return Err(Error::StreamTooLarge { limit: MAX_SPOOL });
        }
        match self.max_upload {
            Some(limit) if encoded_len(self.len) >= limit => {
                return Err(Error::TooLarge { encoded: None, limit, advice: Advice::Convert });
            }
            _ => {}
        }
        self.file.write_all(bytes).map_err(Error::TempFile)
    }

    /// True if there are enough bytes for a probe, and there was none yet.
    pub(crate) fn needs_probe(&self) -> bool {
        !self.is_probed && self.len >= PROBE_LEN
    }

    /// Fails with [`Error::NotAudio`] if the first bytes are not audio: the stream may have no end.
    /// Blocks: in async code, call it on a blocking thread.
    pub(crate) fn probe(mut self) -> Result<Self, Error> {
        self.is_probed = true;
        let file = self.file.try_clone().map_err(Error::TempFile)?;
        let probed = Clip::from_file(file);
        // On Windows, reading at an offset moves the position for writing.
        self.file.seek(SeekFrom::End(0)).map_err(Error::TempFile)?;
        match probed {
            Err(error @ Error::NotAudio { .. }) => Err(error),
            _ => Ok(self),
        }
    }

    pub(crate) fn into_clip(self) -> Result<Clip, Error> {
        Clip::from_file(self.file)
    }
}
