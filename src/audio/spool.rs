//! Bytes that can be read only once, kept so that they can be looked at and sent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::clip::{Clip, encoded_len};
use crate::error::{Advice, Error};

impl Clip {
    /// Takes sound from a reader that cannot be read twice, standard input for one.
    ///
    /// The bytes are kept in an unnamed temporary file, up to 1 GB: then it ends with
    /// [`Error::StreamTooLarge`]. Where `max_upload` is given, it ends with [`Error::TooLarge`] as soon as
    /// it is clear that they will not fit as they are.
    pub fn spool(mut reader: impl Read, max_upload: Option<u64>) -> Result<Self, Error> {
        let mut spool = Spool::new(max_upload)?;
        let mut block = vec![0; 64 * 1024];
        loop {
            if spool.is_worth_a_look() {
                spool = spool.look()?;
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

/// What is not a file is kept up to this size, in bytes: an endless reader must not fill the disk.
const LARGEST_SPOOL: u64 = 1_000_000_000;

/// So many bytes are enough to tell.
const ENOUGH_TO_TELL: u64 = 1_000_000;

/// An unnamed temporary file that fills up to a clip.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    len: u64,
    /// In bytes of base64, itself not included; `None` where it will be converted.
    max_upload: Option<u64>,
    is_looked_at: bool,
}

impl Spool {
    pub(crate) fn new(max_upload: Option<u64>) -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::TempFile)?;
        Ok(Self { file, len: 0, max_upload, is_looked_at: false })
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.len += bytes.len() as u64;
        if self.len > LARGEST_SPOOL {
            return Err(Error::StreamTooLarge { limit: LARGEST_SPOOL });
        }
        match self.max_upload {
            Some(limit) if encoded_len(self.len) >= limit => {
                return Err(Error::TooLarge { encoded: None, limit, advice: Advice::Convert });
            }
            _ => {}
        }
        self.file.write_all(bytes).map_err(Error::TempFile)
    }

    /// Whether there is enough to tell sound from anything else, and nobody has looked yet.
    pub(crate) fn is_worth_a_look(&self) -> bool {
        !self.is_looked_at && self.len >= ENOUGH_TO_TELL
    }

    /// Fails with [`Error::NotAudio`] where it is no sound by now: it will not become any, and may
    /// have no end. Decodes: within async code, on a thread of its own.
    pub(crate) fn look(mut self) -> Result<Self, Error> {
        self.is_looked_at = true;
        let file = self.file.try_clone().map_err(Error::TempFile)?;
        let looked = Clip::from_file(file);
        // Where reading moves the end that is written to.
        self.file.seek(SeekFrom::End(0)).map_err(Error::TempFile)?;
        match looked {
            Err(error @ Error::NotAudio { .. }) => Err(error),
            _ => Ok(self),
        }
    }

    pub(crate) fn into_clip(self) -> Result<Clip, Error> {
        Clip::from_file(self.file)
    }
}
