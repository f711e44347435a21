//! Layout of a container: the part of the file that holds it, and the bytes that have to differ
//! for symphonia, which trusts every header.

use symphonia::core::errors::{Result, limit_error};

use crate::audio::file::SourceFile;

/// Chunks, boxes or elements that are walked in one file.
pub(super) const MAX_PARTS: usize = 10_000;

/// Bytes of metadata (tags, pictures) that are passed on to symphonia, which takes up to thirty
/// times as much memory for them.
const MAX_METADATA: u64 = 256 << 10;

/// The largest chunk of numbers: in CAF the packet table, in Matroska the tracks, in bytes. A table
/// of this size describes several hours of audio.
const MAX_TABLE: u64 = 1 << 20;

/// Bytes that are read at once where a header is needed.
const BLOCK: usize = 512;

/// The walk of a container: everything that later steps need to know of its bytes.
#[derive(Debug, Default)]
pub(in crate::audio) struct Layout {
    /// The first byte of the container and the byte after its last one.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Bytes in place of those of the file, by offset in the file.
    pub(super) patches: Vec<(u64, Vec<u8>)>,
    /// True if symphonia is to read from start to end, without a length and without seeking.
    pub(super) is_stream: bool,
    /// True if a patch corrects a header, and not only hides metadata.
    pub(in crate::audio) is_repaired: bool,
    /// Bytes of audio that are present, and that the header declares, if those are more.
    pub(in crate::audio) truncated: Option<(u64, u64)>,
    /// Start of the first edit in an MP4 file, in ticks of its first audio track.
    pub(in crate::audio) edit_start: Option<u64>,
}

impl Layout {
    /// The whole file as it is.
    pub(in crate::audio) fn whole(file: &SourceFile) -> Self {
        Self { end: file.len(), ..Self::default() }
    }
}

/// Reads headers of a file and collects its layout.
pub(super) struct Walker<'a> {
    file: &'a SourceFile,
    pub(super) layout: Layout,
    metadata: u64,
    block: Vec<u8>,
    block_start: u64,
}

impl<'a> Walker<'a> {
    pub(super) fn new(file: &'a SourceFile) -> Self {
        let layout = Layout::whole(file);
        Self { file, layout, metadata: 0, block: Vec::new(), block_start: 0 }
    }

    /// Length of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.file.len()
    }

    /// Fills a part of the buffer; returns fewer bytes only at the end of the file.
    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> usize {
        self.file.fill_at(buffer, offset).unwrap_or(0)
    }

    /// The bytes at an offset, unless the file ends before.
    pub(super) fn array_at<const LEN: usize>(&mut self, offset: u64) -> Option<[u8; LEN]> {
        let within = |block: &[u8], start: u64| {
            let at = usize::try_from(offset.checked_sub(start)?).ok()?;
            block.get(at..at.checked_add(LEN)?)?.try_into().ok()
        };
        if let Some(bytes) = within(&self.block, self.block_start) {
            return Some(bytes);
        }
        let mut block = std::mem::take(&mut self.block);
        block.resize(BLOCK, 0);
        let filled = self.fill_at(&mut block, offset);
        block.truncate(filled);
        (self.block, self.block_start) = (block, offset);
        within(&self.block, self.block_start)
    }

    /// Notes that a header declares more bytes of audio than are present; returns true if so.
    pub(super) fn check_truncated(&mut self, present: u64, declared: u64) -> bool {
        self.layout.truncated = (declared > present).then_some((present, declared));
        declared > present
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
            self.layout.patches.push((offset, name.to_vec()));
        }
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
