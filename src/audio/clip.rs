//! Audio file that is open for reading and whose content is known.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::PoisonError;

use sha2::{Digest, Sha256};
use symphonia::core::errors::Error as SymphoniaError;

use super::audio_format::AudioFormat;
use super::container::{Headless, Packets, PatchedReader};
use super::decoding::{self, Decoding};
use super::ffmpeg::Ffmpeg;
use super::probed::Probed;
use super::source_file::SourceFile;
use super::spool::Spool;
use crate::error::Error;
use crate::platform;

/// Bytes of a file that are read at a time to hash it.
const MAX_HASH_BLOCK: u64 = 256 * 1024;

/// An audio file that is open for reading and whose content is known.
///
/// Cloning is cheap, and every clone can be read at the same time.
#[derive(Clone)]
pub struct Clip {
    pub(super) file: SourceFile,
    pub(super) probed: Probed,
    pub(super) decoding: Decoding,
    /// The file that this one was converted from.
    origin: Option<SourceFile>,
}

impl Clip {
    /// Opens a file and detects its format by content. Blocks: in async code, call it on a
    /// blocking thread.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        OpenFile::open(path.as_ref())?.probe(None)
    }

    /// Opens a file like [`open`](Self::open). Audio that cannot be decoded here is decoded by
    /// ffmpeg.
    pub fn open_with(path: impl AsRef<Path>, ffmpeg: &Ffmpeg) -> Result<Self, Error> {
        OpenFile::open(path.as_ref())?.probe(Some(ffmpeg))
    }

    /// Reads a stream such as standard input into an unnamed temporary file.
    ///
    /// Fails with [`Error::StreamTooLarge`] above 1 GB, and with [`Error::TooLarge`] as soon as the
    /// bytes exceed `max_upload` in base64.
    pub fn spool(reader: impl Read, max_upload: Option<u64>) -> Result<Self, Error> {
        Self::spool_with(reader, max_upload, None)
    }

    /// Reads a stream like [`spool`](Self::spool). Audio that cannot be decoded here is decoded by
    /// ffmpeg, if there is one.
    pub fn spool_with(
        mut reader: impl Read,
        max_upload: Option<u64>,
        ffmpeg: Option<&Ffmpeg>,
    ) -> Result<Self, Error> {
        let mut spool = Spool::new(max_upload, ffmpeg.cloned())?;
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

    /// A file of its own.
    pub(super) fn new(file: SourceFile, probed: Probed, decoding: Decoding) -> Self {
        Self { file, probed, decoding, origin: None }
    }

    /// A file of a known format, converted from `origin`.
    pub(super) fn made_from(origin: &Self, file: File, format: AudioFormat) -> Result<Self, Error> {
        let (file, origin) = (SourceFile::new(file)?, Some(origin.file.clone()));
        let (probed, decoding) = (Probed::whole(&file, format), Decoding::Here);
        Ok(Self { file, probed, decoding, origin })
    }

    /// A file that is not probed.
    #[cfg(test)]
    pub(crate) fn of_any_content(file: File) -> Self {
        let file = SourceFile::new(file).unwrap();
        let probed = Probed::whole(&file, AudioFormat::of_container("wav"));
        Self::new(file, probed, Decoding::Here)
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

    /// Faults of the file outside of its sound, which are passed over, each on one line.
    pub fn faults(&self) -> &[&'static str] {
        &self.probed.layout.faults
    }

    /// Size of the file in base64, in bytes.
    pub fn encoded_len(&self) -> u64 {
        encoded_len(self.len())
    }

    /// Reads the file from its start.
    pub fn reader(&self) -> impl Read + Seek + Send + use<> {
        PatchedReader::unpatched(self.file.clone())
    }

    /// True if the file is judged before it is read through.
    pub(crate) fn is_large(&self) -> bool {
        self.file.is_large()
    }

    /// True if other files do not wait for work on this one.
    pub(crate) fn is_huge(&self) -> bool {
        self.file.is_huge()
    }

    /// The whole file if it is short and has been read: no work on it waits for a disk.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        self.file.content()
    }

    /// SHA-256 of the file in lower-case hexadecimal. Reads the whole file.
    pub fn sha256(&self) -> Result<String, Error> {
        let hex = |hex: String, byte: &u8| hex + &format!("{byte:02x}");
        if let Some(content) = self.content() {
            return Ok(Sha256::digest(content).iter().fold(String::new(), hex));
        }
        let mut digest = Sha256::new();
        // Zeroing a large block would take longer than the hash of a short file.
        let len = self.file.len().min(MAX_HASH_BLOCK);
        let mut block = vec![0; usize::try_from(len).unwrap_or(1).max(1)];
        let mut offset = 0;
        loop {
            let filled = self.file.fill_at(&mut block, offset).map_err(Error::Unreadable)?;
            if filled == 0 {
                break;
            }
            digest.update(&block[..filled]);
            offset += filled as u64;
        }
        Ok(digest.finalize().iter().fold(String::new(), hex))
    }

    /// Packets from the start of the chosen audio track, if there is one and it is decoded here. The
    /// first call gets those that the probe opened.
    pub(super) fn packets(&self) -> Result<Option<Packets>, SymphoniaError> {
        if self.is_decoded_by_ffmpeg() {
            return Ok(None);
        }
        match self.take_opened() {
            Some(packets) => Ok(Some(packets)),
            // Nobody knows where its packets are.
            None if !self.probed.is_decodable => Ok(None),
            None => Packets::open(&self.file, &self.probed.layout),
        }
    }

    /// Seconds of audio that are present, as far as they are known.
    ///
    /// Counts the packets, unless the length is known without that or `counted` while decoding.
    /// Fails with [`Error::Damaged`] if less than half of the declared audio is present.
    pub(super) fn present_seconds(&self, counted: Option<f64>) -> Result<Option<f64>, Error> {
        let mut present = self.probed.present.or(counted);
        if present.is_none()
            && let Ok(Some(packets)) = self.packets()
        {
            present = packets.count_all()?.seconds;
        }
        self.probed.check_length(present)?;
        Ok(present.or(self.format().seconds))
    }

    /// Packets that the probe opened, if nobody has taken them. Without a decoder, dropping them
    /// frees memory.
    pub(super) fn take_opened(&self) -> Option<Packets> {
        self.probed.packets.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// True if the file is longer than when it was opened.
    pub(crate) fn has_grown(&self) -> bool {
        self.file.has_grown()
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

/// A regular file that is open, of which only the length is known, and what its name stands for if
/// it has no head.
pub(crate) struct OpenFile(SourceFile, Option<Headless>);

impl OpenFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = platform::open(path).map_err(Error::Unreadable)?;
        if let Some(what) = platform::irregular(&file).map_err(Error::Unreadable)? {
            return Err(Error::NotAFile { what });
        }
        let file = SourceFile::new(file)?;
        file.check_holes()?;
        Ok(Self(file, Headless::of(path)))
    }

    /// Detects the format, which may take a pass over the file; a huge file is returned as it is.
    pub(crate) fn probe_unless_huge(
        self,
        ffmpeg: Option<&Ffmpeg>,
    ) -> Result<Result<Clip, Self>, Error> {
        if self.0.is_huge() { Ok(Err(self)) } else { self.probe(ffmpeg).map(Ok) }
    }

    /// Detects the format. What cannot be decoded here is decoded by ffmpeg, if there is one.
    pub(crate) fn probe(self, ffmpeg: Option<&Ffmpeg>) -> Result<Clip, Error> {
        decoding::probe(self.0, self.1, ffmpeg)
    }
}

/// Length of `bytes` bytes in base64 with padding.
pub(crate) fn encoded_len(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}
