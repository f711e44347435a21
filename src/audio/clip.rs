//! Sound at hand: a file that was looked at and found to be sound.

use std::fs::File;
use std::io;
use std::path::Path;

use super::file::{ClipReader, SoundFile};
use super::format::AudioFormat;
use super::probe;
use crate::error::Error;
use crate::platform;

/// Sound that has been looked at and found to be sound, as a file open for reading.
///
/// Cloning is cheap, and every use reads at an offset of its own.
#[derive(Debug, Clone)]
pub struct Clip {
    file: SoundFile,
    format: AudioFormat,
    /// The file that it was made from.
    origin: Option<SoundFile>,
}

impl Clip {
    /// Opens a file and finds out by its content, not its name, what sound is in it. Reads from
    /// the disk: within async code, on a thread of its own.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = platform::open(path.as_ref()).map_err(Error::Unreadable)?;
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { what: platform::describe(metadata.file_type()) });
        }
        Self::from_file(file)
    }

    /// A file whose sound is still to be looked at.
    pub(super) fn from_file(file: File) -> Result<Self, Error> {
        let file = SoundFile::new(file)?;
        let format = probe::probe(&file)?;
        Ok(Self { file, format, origin: None })
    }

    /// A file with sound that is known, made from another.
    pub(super) fn made_from(origin: &Self, file: File, format: AudioFormat) -> Result<Self, Error> {
        Ok(Self { file: SoundFile::new(file)?, format, origin: Some(origin.file.clone()) })
    }

    /// A file that nobody looks into.
    #[cfg(test)]
    pub(crate) fn of_any_content(file: File) -> Self {
        let format = AudioFormat { container: "wav".to_owned(), ..AudioFormat::default() };
        Self { file: SoundFile::new(file).unwrap(), format, origin: None }
    }

    /// The size of the sound in bytes, before base64.
    #[expect(clippy::len_without_is_empty, reason = "a clip is never empty")]
    pub fn len(&self) -> u64 {
        self.file.len()
    }

    /// What kind of sound it is.
    pub fn format(&self) -> &AudioFormat {
        &self.format
    }

    /// The size in base64, in bytes.
    pub fn encoded_len(&self) -> u64 {
        encoded_len(self.len())
    }

    /// A reader of its own, at the start.
    pub fn reader(&self) -> ClipReader {
        self.file.reader()
    }

    /// The SHA-256 of the bytes in lower-case hexadecimal; reads the whole file.
    pub fn sha256(&self) -> Result<String, Error> {
        self.file.sha256()
    }

    pub(super) fn file(&self) -> &SoundFile {
        &self.file
    }

    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// Whether the file, and the one that it was made from, is still as long and as old as when it
    /// was opened.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.file.is_unchanged() && self.origin.as_ref().is_none_or(SoundFile::is_unchanged)
    }
}

/// The length of `bytes` bytes in base64 with padding.
pub(crate) fn encoded_len(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}
