//! Numbers at offsets of a file.

use crate::audio::source_file::SourceFile;

/// The bytes of a file from an offset on. A number behind the end is `None`.
pub(super) struct Bytes<'a> {
    file: &'a SourceFile,
    start: u64,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(file: &'a SourceFile, start: u64) -> Self {
        Self { file, start }
    }

    /// Number of bytes.
    pub(super) fn len(&self) -> u64 {
        self.file.len().saturating_sub(self.start)
    }

    pub(super) fn array<const LEN: usize>(&self, at: u64) -> Option<[u8; LEN]> {
        let mut bytes = [0; LEN];
        let filled = self.file.fill_at(&mut bytes, self.start.saturating_add(at)).ok()?;
        (filled == LEN).then_some(bytes)
    }

    /// Up to so many bytes from an offset on.
    pub(super) fn block(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let filled = self.file.fill_at(&mut bytes, self.start.saturating_add(at));
        bytes.truncate(filled.unwrap_or(0));
        bytes
    }

    /// Up to so many bytes from the start.
    pub(super) fn start(&self, len: usize) -> Vec<u8> {
        self.block(0, len)
    }

    pub(super) fn has(&self, at: u64, content: &[u8]) -> bool {
        self.block(at, content.len()) == content
    }

    /// True if the content is at an offset, or the file ends before.
    pub(super) fn has_sync(&self, at: u64, content: &[u8]) -> bool {
        at + content.len() as u64 > self.len() || self.has(at, content)
    }

    pub(super) fn byte(&self, at: u64) -> Option<u8> {
        self.array(at).map(|[byte]| byte)
    }

    /// Big-endian number of 16 bits.
    pub(super) fn short(&self, at: u64) -> Option<u64> {
        self.array(at).map(|bytes| u16::from_be_bytes(bytes).into())
    }

    /// Little-endian number of 16 bits.
    pub(super) fn short_le(&self, at: u64) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    /// Little-endian number of 32 bits.
    pub(super) fn long_le(&self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// Big-endian number of 32 bits.
    pub(super) fn long(&self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }
}
