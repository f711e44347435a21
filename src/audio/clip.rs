//! Audio file that is open for reading and whose content is known.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use sha2::{Digest, Sha256};
use symphonia::core::errors::Error as SymphoniaError;

use super::container::{Layout, Packets, PatchedReader};
use super::file::SourceFile;
use super::format::AudioFormat;
use super::probe::{self, Probed};
use crate::error::Error;
use crate::platform;

/// An audio file that is open for reading and whose content is known.
///
/// Cloning is cheap, and every clone can be read at the same time.
#[derive(Clone)]
pub struct Clip {
    file: SourceFile,
    pub(super) probed: Probed,
    /// The file that this one was converted from.
    origin: Option<SourceFile>,
}

impl Clip {
    /// Opens a file and detects its format by content. Blocks: in async code, call it on a
    /// blocking thread.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = platform::open(path.as_ref()).map_err(Error::Unreadable)?;
        let metadata = file.metadata().map_err(Error::Unreadable)?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { what: platform::describe(metadata.file_type()) });
        }
        Self::from_file(file)
    }

    /// Detects the format of an open file.
    pub(super) fn from_file(file: File) -> Result<Self, Error> {
        let file = SourceFile::new(file)?;
        let probed = probe::probe(&file)?;
        Ok(Self { file, probed, origin: None })
    }

    /// A file of a known format, converted from `origin`.
    pub(super) fn made_from(origin: &Self, file: File, format: AudioFormat) -> Result<Self, Error> {
        let origin = Some(origin.file.clone());
        Ok(Self { origin, ..Self::unprobed(SourceFile::new(file)?, format) })
    }

    fn unprobed(file: SourceFile, format: AudioFormat) -> Self {
        let probed = Probed::unopened(format, Arc::new(Layout::whole(&file)));
        Self { file, probed, origin: None }
    }

    /// A file that is not probed.
    #[cfg(test)]
    pub(crate) fn of_any_content(file: File) -> Self {
        Self::unprobed(SourceFile::new(file).unwrap(), AudioFormat::of_container("wav"))
    }

    /// Size of the file in bytes, before base64.
    #[expect(clippy::len_without_is_empty, reason = "a clip is never empty")]
    pub fn len(&self) -> u64 {
        self.file.len()
    }

    /// Format of the audio.
    pub fn format(&self) -> &AudioFormat {
        &self.probed.format
    }

    /// Size of the file in base64, in bytes.
    pub fn encoded_len(&self) -> u64 {
        encoded_len(self.len())
    }

    /// Reads the file from its start.
    pub fn reader(&self) -> impl Read + Seek + Send + use<> {
        PatchedReader::unpatched(self.file.clone())
    }

    /// SHA-256 of the file in lower-case hexadecimal. Reads the whole file.
    pub fn sha256(&self) -> Result<String, Error> {
        let mut digest = Sha256::new();
        let mut block = vec![0; 256 * 1024];
        let mut offset = 0;
        loop {
            let filled = self.file.fill_at(&mut block, offset).map_err(Error::Unreadable)?;
            if filled == 0 {
                break;
            }
            digest.update(&block[..filled]);
            offset += filled as u64;
        }
        let hex = |hex: String, byte: &u8| hex + &format!("{byte:02x}");
        Ok(digest.finalize().iter().fold(String::new(), hex))
    }

    /// Packets from the start of the first audio track, if there is one. The first call gets those
    /// that the probe opened.
    pub(super) fn packets(&self) -> Result<Option<Packets>, SymphoniaError> {
        match self.take_opened() {
            Some(packets) => Ok(Some(packets)),
            None => Packets::open(&self.file, &self.probed.layout),
        }
    }

    /// Packets that the probe opened, if nobody has taken them. Without a decoder, dropping them
    /// frees memory.
    pub(super) fn take_opened(&self) -> Option<Packets> {
        self.probed.packets.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// True if the file, and the one that it was converted from, have not changed since they were
    /// opened.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.file.is_unchanged() && self.origin.as_ref().is_none_or(SourceFile::is_unchanged)
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Clip");
        debug.field("file", &self.file).field("format", self.format()).finish_non_exhaustive()
    }
}

/// Length of `bytes` bytes in base64 with padding.
pub(crate) fn encoded_len(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}
