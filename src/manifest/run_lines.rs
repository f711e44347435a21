//! Lines that this run added to a manifest, to add them again if the file is changed from outside.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;

use super::file_lock::FileReader;
use super::index::LineRange;

/// Limit in bytes of the lines in memory. Older lines are read from the file where it still has
/// them.
const MAX_TEXT: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct RunLines {
    lines: Vec<LineRange>,
    /// Text of the newest lines.
    texts: VecDeque<Vec<u8>>,
    text_len: usize,
}

impl RunLines {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn push(&mut self, range: LineRange, text: Vec<u8>) {
        self.lines.push(range);
        self.text_len += text.len();
        self.texts.push_back(text);
        while self.text_len > MAX_TEXT {
            let Some(text) = self.texts.pop_front() else { return };
            self.text_len -= text.len();
        }
    }

    /// True if the newest line is in the file where it was written.
    pub(super) fn is_last_in(&self, file: &File) -> bool {
        match (self.lines.last(), self.texts.back()) {
            (Some(range), Some(text)) => range.read(file).is_some_and(|found| found == *text),
            _ => true,
        }
    }

    /// Returns all lines, from memory or from the file they were written to. `None` for a line that
    /// is in neither.
    pub(super) fn read(self, file: &File) -> impl Iterator<Item = Option<Vec<u8>>> {
        let mut texts = self.texts;
        let in_file = self.lines.len() - texts.len();
        self.lines.into_iter().enumerate().map(move |(number, range)| {
            if number < in_file { range.read(file) } else { texts.pop_front() }
        })
    }
}

impl LineRange {
    pub(super) fn read(self, file: &File) -> Option<Vec<u8>> {
        let mut line = vec![0; self.len()];
        FileReader::from(file, self.start()).read_exact(&mut line).ok()?;
        Some(line)
    }
}
