//! Sound at hand: a file that was looked at and found to be sound.

use std::fmt::Write as _;
use std::fs::{File, FileType};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::probe::{self, Format};
use super::spool::Spool;
use crate::error::Error;
use crate::platform;

/// Sound that has been looked at and found to be sound, as a file open for reading.
///
/// Cloning is cheap, and every use reads at an offset of its own.
#[derive(Debug, Clone)]
pub struct Clip {
    file: Arc<File>,
    len: u64,
    modified: Option<SystemTime>,
    format: Format,
}

impl Clip {
    /// Opens a file and finds out by its content, not its name, what sound is in it. Reads from
    /// the disk: within async code, on a thread of its own.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = platform::open(path.as_ref()).map_err(Error::Unreadable)?;
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { what: describe(metadata.file_type()) });
        }
        Self::from_file(file)
    }

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

    /// A file whose sound is still to be looked at.
    pub(super) fn from_file(file: File) -> Result<Self, Error> {
        let mut clip = Self::new(file, Format::default())?;
        clip.format = probe::probe(&clip)?;
        Ok(clip)
    }

    /// A file with sound that is known.
    pub(super) fn new(file: File, format: Format) -> Result<Self, Error> {
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        let (len, modified) = (metadata.len(), metadata.modified().ok());
        Ok(Self { file: Arc::new(file), len, modified, format })
    }

    /// The size of the sound in bytes, before base64.
    #[expect(clippy::len_without_is_empty, reason = "a clip is never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// What kind of sound it is.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The size in base64, in bytes.
    pub fn encoded_len(&self) -> u64 {
        encoded_len(self.len)
    }

    /// Fails with [`Error::TooLarge`] where the clip in base64 is not below `max_upload` bytes.
    pub fn check_fits(&self, max_upload: Option<u64>) -> Result<(), Error> {
        let encoded = encoded_len(self.len);
        match max_upload {
            Some(limit) if encoded >= limit => {
                Err(Error::TooLarge { encoded: Some(encoded), limit })
            }
            _ => Ok(()),
        }
    }

    /// A reader of its own, at the start.
    pub fn reader(&self) -> ClipReader {
        ClipReader { clip: self.clone(), position: 0 }
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        platform::read_at(&self.file, buffer, offset)
    }

    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        platform::fill_at(&self.file, buffer, offset)
    }

    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        platform::read_exact_at(&self.file, buffer, offset)
    }

    /// The SHA-256 of the bytes in lower-case hexadecimal; reads the whole file.
    pub fn sha256(&self) -> Result<String, Error> {
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
    pub(crate) fn is_unchanged(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|now| now.len() == self.len && now.modified().ok() == self.modified)
    }
}

/// Reads a [`Clip`] from its start to its end.
#[derive(Debug)]
pub struct ClipReader {
    pub(super) clip: Clip,
    position: u64,
}

impl Read for ClipReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.clip.read_at(buffer, self.position)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for ClipReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.clip.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// The length of `bytes` bytes in base64 with padding.
pub(crate) fn encoded_len(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}

/// What stands where a file was expected.
fn describe(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    if kind.is_dir() { "a folder" } else { "a device" }
}
