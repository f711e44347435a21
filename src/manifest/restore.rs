//! Lines of a run that are added again to a file that was changed from outside.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::change::Change;
use super::file_lock::{FileLock, FileReader};
use super::index::{Index, LineRange, parse};
use super::run_lines::RunLines;
use super::{Content, Manifest};
use crate::path_name::path_name;
use crate::platform;
use crate::text_file::TextFile;

impl Manifest {
    /// Adds the lines of the run again if the file was changed from outside after the last of them.
    /// Returns the description of the change.
    pub(crate) fn check(&self) -> io::Result<Option<String>> {
        let mut run_lines = platform::lock(&self.run_lines);
        if run_lines.is_empty() { Ok(None) } else { self.restore(&mut run_lines) }
    }

    pub(super) fn restore(&self, run_lines: &mut RunLines) -> io::Result<Option<String>> {
        let Some(path) = &self.path else { return Ok(None) };
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path_name(path)));
        let Some(change) = self.change(path, run_lines).map_err(named)? else { return Ok(None) };
        let lost = self.restore_from(change, path, run_lines).map_err(named)?;
        Ok(Some(change.describe(path, lost)))
    }

    fn change(&self, path: &Path, run_lines: &RunLines) -> io::Result<Option<Change>> {
        let (file, end) = {
            let content = platform::lock(&self.content);
            (content.file.clone(), content.end)
        };
        let metadata = file.metadata()?;
        if let Some(change) = Change::of_path(path, &file, &metadata)? {
            return Ok(Some(change));
        }
        let is_intact = metadata.len() >= end && run_lines.is_last_in(&file);
        Ok((!is_intact).then_some(Change::Rewritten))
    }

    /// Reads the file that the path leads to now, and adds the lines of the run that it does not
    /// have. A file that was removed is copied first. Returns the number of lines that are lost.
    fn restore_from(
        &self,
        change: Change,
        path: &Path,
        run_lines: &mut RunLines,
    ) -> io::Result<usize> {
        let old = platform::lock(&self.content).file.clone();
        let file = match change {
            // On Windows, a lock keeps other handles to the same file from reading.
            Change::Rewritten => old.try_clone()?,
            Change::Removed | Change::Replaced => TextFile::open_to_append(path)?.into_file(),
        };
        let lock = FileLock::new(&file)?;
        if change == Change::Removed && file.metadata()?.len() == 0 {
            io::copy(&mut FileReader::new(&old), &mut &file)?;
        }
        let Index { lines, end, .. } = Index::read(&file)?;
        let mut content = Content { file: Arc::new(file.try_clone()?), lines, end };
        let (mut restored, mut own, mut lost) = (RunLines::default(), HashMap::new(), 0);
        for line in std::mem::take(run_lines).read(&old) {
            let Some((entry, line)) = line.and_then(|line| Some((parse(&line)?, line))) else {
                lost += 1;
                continue;
            };
            let range = match content.find(&entry) {
                Some(range) => range,
                None => LineRange::new(lock.append(&line)?, line.len()),
            };
            content.insert(&entry, range);
            own.insert(entry.cache_key().fingerprint(), range);
            restored.push(range, line);
        }
        if self.ignores_existing {
            content.lines = own;
        }
        drop(lock);
        *run_lines = restored;
        *platform::lock(&self.content) = content;
        Ok(lost)
    }
}
