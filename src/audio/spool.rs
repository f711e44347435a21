//! Temporary file that a stream becomes before it is a clip.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use super::clip::{Clip, encoded_len};
use super::decoding;
use super::ffmpeg::Ffmpeg;
use super::source_file::SourceFile;
use crate::error::{Advice, Error};

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
    /// Decoder of what cannot be decoded here.
    ffmpeg: Option<Ffmpeg>,
    is_probed: bool,
}

impl Spool {
    pub(crate) fn new(max_upload: Option<u64>, ffmpeg: Option<Ffmpeg>) -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::TempFile)?;
        Ok(Self { file, len: 0, max_upload, ffmpeg, is_probed: false })
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
        let probed = decoding::probe(SourceFile::new(file)?, None, self.ffmpeg.as_ref());
        // On Windows, reading at an offset moves the position for writing.
        self.file.seek(SeekFrom::End(0)).map_err(Error::TempFile)?;
        match probed {
            Err(error @ Error::NotAudio { .. }) => Err(error),
            _ => Ok(self),
        }
    }

    pub(crate) fn into_clip(self) -> Result<Clip, Error> {
        decoding::probe(SourceFile::new(self.file)?, None, self.ffmpeg.as_ref())
    }
}
