//! Bytes that can be read only once, kept so that they can be looked at and sent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::clip::{Clip, encoded_len};
use crate::error::Error;

impl Clip {
    /// Takes sound from a reader that cannot be read twice, standard input for one.
    ///
    /// The bytes are kept in an unnamed temporary file. Reading ends with
    /// [`Error::TooLarge`] as soon as it is clear that they will not fit into `max_upload` or are
    /// more than 1 GB, so an endless reader does no harm.
    pub fn spool(mut reader: impl Read, max_upload: Option<u64>) -> Result<Self, Error> {
        let mut spool = Spool::new(max_upload)?;
        let mut block = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut block) {
                Ok(0) => return spool.into_clip(),
                Ok(n) => spool.push(&block[..n])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::Unreadable(e)),
            }
        }
    }
}

/// What is not a file is kept up to this size, in bytes: no service takes more, and an endless
/// reader must not fill the disk.
const LARGEST_SPOOL: u64 = 1_000_000_000;

/// So many bytes are enough to tell sound from anything else.
const ENOUGH_TO_TELL: u64 = 1_000_000;

/// An unnamed temporary file that fills up to a clip.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    len: u64,
    /// In bytes of base64, itself not included.
    limit: u64,
    is_looked_at: bool,
}

impl Spool {
    pub(crate) fn new(max_upload: Option<u64>) -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::NoRoom)?;
        let largest = encoded_len(LARGEST_SPOOL);
        let limit = max_upload.map_or(largest, |limit| limit.min(largest));
        Ok(Self { file, len: 0, limit, is_looked_at: false })
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.len += bytes.len() as u64;
        if encoded_len(self.len) >= self.limit {
            return Err(Error::TooLarge { encoded: None, limit: self.limit });
        }
        self.file.write_all(bytes).map_err(Error::NoRoom)?;
        if !self.is_looked_at && self.len >= ENOUGH_TO_TELL {
            self.is_looked_at = true;
            self.refuse_what_is_not_audio()?;
        }
        Ok(())
    }

    /// What is no sound by now will not become any, and may have no end.
    fn refuse_what_is_not_audio(&mut self) -> Result<(), Error> {
        let file = self.file.try_clone().map_err(Error::NoRoom)?;
        let looked = Clip::from_file(file);
        // Where reading moves the end that is written to.
        self.file.seek(SeekFrom::End(0)).map_err(Error::NoRoom)?;
        match looked {
            Err(error @ Error::NotAudio { .. }) => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) fn into_clip(self) -> Result<Clip, Error> {
        Clip::from_file(self.file)
    }
}
