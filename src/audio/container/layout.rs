//! Layout of a container: the part of the file that holds it, and the bytes that have to differ
//! for symphonia, which trusts every header; and the reader that replaces them.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::errors::{Result, limit_error};
use symphonia::core::io::MediaSource;

use super::family::Family;
use super::losses::LostPages;
use super::mpeg::Frames;
use super::samples::Samples;
use super::sound_track::SoundTrack;
use crate::audio::source_file::SourceFile;

/// Chunks, boxes or elements that are walked in one file.
const MAX_PARTS: usize = 10_000;

/// Bytes of metadata (tags, pictures) that are passed on to symphonia, which takes up to thirty
/// times as much memory for them.
const MAX_METADATA: u64 = 256 << 10;

/// The largest chunk of numbers: in CAF the packet table, in Matroska the tracks, in bytes. A table
/// of this size describes several hours of audio.
const MAX_TABLE: u64 = 1 << 20;

/// Bytes that may be read before the first packet, unless the family has a limit of its own.
const MAX_HEADER: u64 = 32 << 20;

/// Bytes that are read at once where a header is needed.
const BLOCK: usize = 512;

/// The walk of a container: everything that later steps need to know of its bytes.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(in crate::audio) struct Layout {
    pub(super) family: Family,
    /// The first byte of the container and the byte after its last one.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Bytes that follow the file.
    pub(super) suffix: &'static [u8],
    /// Bytes in place of those of the file, by offset in the file.
    pub(super) patches: Vec<(u64, Vec<u8>)>,
    /// Bytes that may be read before the first packet.
    pub(super) max_header: u64,
    /// True if symphonia is to read from start to end, without a length and without seeking.
    pub(in crate::audio) is_stream: bool,
    /// True if a patch corrects a header, and not only hides metadata.
    pub(in crate::audio) is_repaired: bool,
    /// Bytes of audio that are present, and that the header declares, if those are more.
    pub(in crate::audio) truncated: Option<(u64, u64)>,
    /// True if the container ends before its end, by an unknown number of bytes.
    pub(in crate::audio) is_cut: bool,
    /// True if a part was passed over, so that positions in the container tell no length.
    pub(in crate::audio) is_torn: bool,
    /// True if the audio extends to the end of the file, wherever that is.
    pub(in crate::audio) is_open_ended: bool,
    /// Start of the audio in an MP4 file, by its first edit or a tag, in ticks of the audio track
    /// that is decoded.
    pub(in crate::audio) audio_start: Option<u64>,
    /// Faults outside of the sound, which are passed over, each as a sentence without its end.
    pub(in crate::audio) faults: Vec<&'static str>,
    /// True if the start of a FLAC recording was cut off, and not lost.
    pub(super) begins_later: bool,
    /// Lost pages of an Ogg file.
    pub(super) lost_pages: Vec<LostPages>,
    /// True if an Ogg file ends with a damaged page.
    pub(super) is_last_page_damaged: bool,
    /// Kind of the frames in a file without a container, and bytes before the first of them.
    pub(super) frames: Frames,
    pub(in crate::audio) skipped: u64,
    /// Reason why frames are named and not decoded, behind the name of the format.
    pub(in crate::audio) obstacle: Option<&'static str>,
    /// Samples that need no reader of a container.
    pub(super) samples: Option<Samples>,
    /// Tracks of sound, as far as the container's tables were read.
    pub(in crate::audio) tracks: Vec<SoundTrack>,
    /// Position of the sound track that is wanted; `None` for the one that stands for the file.
    pub(in crate::audio) wanted: Option<usize>,
    /// Number of all tracks, if the tables were read.
    pub(in crate::audio) track_count: usize,
    /// True if the tables tell that no sample is present.
    pub(in crate::audio) is_without_samples: bool,
}

impl Layout {
    /// The sound track that is decoded.
    pub(in crate::audio) fn track(&self) -> Option<&SoundTrack> {
        self.tracks.get(self.chosen()?)
    }

    /// Position of the sound track that is decoded: the wanted one, or else the first of those that
    /// can be decoded, those that are played by default before the others.
    pub(in crate::audio) fn chosen(&self) -> Option<usize> {
        let tracks = self.tracks.iter().enumerate();
        self.wanted.filter(|wanted| *wanted < self.tracks.len()).or_else(|| {
            let best = tracks.min_by_key(|(_, track)| (!track.is_decodable(), track.is_secondary));
            best.map(|(position, _)| position)
        })
    }

    /// Position of the sound track that players take, whether or not it can be decoded.
    pub(in crate::audio) fn default_track(&self) -> usize {
        self.tracks.iter().position(|track| !track.is_secondary).unwrap_or(0)
    }

    /// The whole file as it is.
    pub(in crate::audio) fn whole(file: &SourceFile) -> Self {
        Self { end: file.len(), max_header: MAX_HEADER, ..Self::default() }
    }
}

/// Reads the part of a file that a layout describes, with its patches applied.
pub(in crate::audio) struct PatchedReader {
    file: SourceFile,
    layout: Arc<Layout>,
    /// Counted from the start of the layout.
    position: u64,
    /// Bytes that may still be read.
    limit: Arc<AtomicU64>,
}

impl PatchedReader {
    /// Reader that fails once it has read as many bytes as `limit` allows.
    pub(super) fn new(file: SourceFile, layout: Arc<Layout>, limit: Arc<AtomicU64>) -> Self {
        Self { file, layout, position: 0, limit }
    }

    /// Reader of the whole file as it is.
    pub(in crate::audio) fn unpatched(file: SourceFile) -> Self {
        let layout = Arc::new(Layout::whole(&file));
        Self::new(file, layout, Arc::new(AtomicU64::new(u64::MAX)))
    }

    /// Length without what follows the file.
    fn file_len(&self) -> u64 {
        self.layout.end - self.layout.start
    }

    fn len(&self) -> u64 {
        self.file_len() + self.layout.suffix.len() as u64
    }
}

impl Read for PatchedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(at) = self.position.checked_sub(self.file_len()) {
            let suffix = usize::try_from(at).ok().and_then(|at| self.layout.suffix.get(at..));
            let n = suffix.unwrap_or_default().read(buffer)?;
            self.position += n as u64;
            return Ok(n);
        }
        let left = self.file_len() - self.position;
        let len = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let start = self.layout.start.saturating_add(self.position);
        let n = self.file.fill_at(&mut buffer[..len], start)?;
        let left = self.limit.load(Ordering::Relaxed).checked_sub(n as u64);
        let left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        self.limit.store(left, Ordering::Relaxed);
        self.position += n as u64;
        for (offset, bytes) in &self.layout.patches {
            for (offset, byte) in (*offset..).zip(bytes) {
                let index = offset.checked_sub(start).and_then(|index| usize::try_from(index).ok());
                if let Some(target) = index.and_then(|index| buffer[..n].get_mut(index)) {
                    *target = *byte;
                }
            }
        }
        Ok(n)
    }
}

impl Seek for PatchedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl MediaSource for PatchedReader {
    fn is_seekable(&self) -> bool {
        !self.layout.is_stream
    }

    fn byte_len(&self) -> Option<u64> {
        (!self.layout.is_stream).then(|| self.len())
    }
}

/// Reads headers of a file and collects its layout.
pub(super) struct Walker {
    reader: BufReader<PatchedReader>,
    len: u64,
    pub(super) layout: Layout,
    parts: usize,
    metadata: u64,
}

impl Walker {
    pub(super) fn new(file: &SourceFile) -> Self {
        let reader = BufReader::with_capacity(BLOCK, PatchedReader::unpatched(file.clone()));
        Self { reader, len: file.len(), layout: Layout::whole(file), parts: 0, metadata: 0 }
    }

    /// Length of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The bytes at an offset, unless the file ends before.
    pub(super) fn array_at<const LEN: usize>(&mut self, offset: u64) -> Option<[u8; LEN]> {
        let mut bytes = [0; LEN];
        self.fill_at(offset, &mut bytes).then_some(bytes)
    }

    /// So many bytes at an offset, unless the file ends before.
    pub(super) fn bytes_at(&mut self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.fill_at(offset, &mut bytes).then_some(bytes)
    }

    /// Up to so many bytes at an offset; fewer at the end of the file.
    pub(super) fn start_of(&mut self, offset: u64, len: usize) -> Vec<u8> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes_at(offset, len.min(left)).unwrap_or_default()
    }

    /// Fills a buffer; false if the file ends before.
    fn fill_at(&mut self, offset: u64, bytes: &mut [u8]) -> bool {
        let Ok(position) = self.reader.stream_position() else { return false };
        let distance = offset.checked_signed_diff(position);
        distance.is_some_and(|distance| self.reader.seek_relative(distance).is_ok())
            && self.reader.read_exact(bytes).is_ok()
    }

    /// Appends all bytes from an offset on to a buffer.
    pub(super) fn read_from(&mut self, offset: u64, bytes: &mut Vec<u8>) -> Result<()> {
        self.reader.seek(SeekFrom::Start(offset))?;
        self.reader.read_to_end(bytes)?;
        Ok(())
    }

    /// Counts a chunk, box or element. Fails if there are more than any recording has.
    pub(super) fn count_part(&mut self) -> Result<()> {
        self.parts += 1;
        if self.parts > MAX_PARTS { too_large() } else { Ok(()) }
    }

    /// Notes that a header declares more bytes of audio than are present; returns true if so.
    pub(super) fn check_truncated(&mut self, present: u64, declared: u64) -> bool {
        self.layout.truncated = (declared > present).then_some((present, declared));
        declared > present
    }

    /// Notes a fault outside of the sound, which is passed over.
    pub(super) fn ignore(&mut self, fault: &'static str) {
        if !self.layout.faults.contains(&fault) {
            self.layout.faults.push(fault);
        }
    }

    /// Corrects a header.
    pub(super) fn repair(&mut self, offset: u64, bytes: &[u8]) {
        self.layout.patches.push((offset, bytes.to_vec()));
        self.layout.is_repaired = true;
    }

    /// Counts `len` bytes of metadata, and renames them with `name` at `offset` if they are too
    /// many, so that symphonia skips them.
    pub(super) fn limit_metadata(&mut self, len: u64, offset: u64, name: &[u8]) {
        self.metadata = self.metadata.saturating_add(len);
        if self.metadata > MAX_METADATA {
            self.hide(offset, name);
        }
    }

    /// Renames metadata, so that symphonia skips it.
    pub(super) fn hide(&mut self, offset: u64, name: &[u8]) {
        self.layout.patches.push((offset, name.to_vec()));
    }
}

/// Fails if a table of numbers is larger than that of any recording.
pub(super) fn check_table(len: u64) -> Result<()> {
    if len > MAX_TABLE { too_large() } else { Ok(()) }
}

/// Fails because there is more around the audio than in any recording.
pub(super) fn too_large<T>() -> Result<T> {
    limit_error("a head of that size")
}
