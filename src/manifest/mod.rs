//! Captions on disk by cache key: an append-only JSON Lines file.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub use self::cache_key::CacheKey;
pub(crate) use self::cache_key::Span;

use self::entry::ManifestEntry;
use self::file_lock::FileLock;
use self::index::{Fingerprint, Index, LineRange, MAX_LINE_LEN, parse};
use self::run_lines::RunLines;
use crate::path_name::path_name;
use crate::platform;
use crate::text_file::TextFile;

pub(crate) mod cache;
mod cache_key;
mod change;
pub(crate) mod entry;
mod file_lock;
mod index;
mod restore;
mod run_lines;

/// Captions in a JSON Lines file. Only the position of each line is kept in memory: 30 to 75
/// bytes for each entry.
///
/// Several runs may append to the same file: each line is written under a lock. A run does not see
/// what others add after it was opened. A file that is removed, replaced or rewritten meanwhile gets
/// the lines of the run again. Opening reads the whole file: within async code, do that on a thread
/// of the blocking pool.
#[derive(Debug)]
pub struct Manifest {
    /// `None` for a temporary file.
    path: Option<PathBuf>,
    content: Mutex<Content>,
    /// Locked while a line is added. Reading does not wait for that.
    run_lines: Mutex<RunLines>,
    /// True if a temporary file could not be written.
    is_full: AtomicBool,
    unreadable_lines: usize,
    /// True if the captions of other runs are not used.
    ignores_existing: bool,
}

/// File of a manifest, and the positions of its entries.
#[derive(Debug, Clone)]
struct Content {
    file: Arc<File>,
    lines: HashMap<Fingerprint, LineRange>,
    /// Length of the file as far as this run knows it.
    end: u64,
}

impl Manifest {
    /// Opens a manifest for reading and appending, and creates it if it does not exist.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Self::read(TextFile::open_to_append(path)?.into_file(), Some(path.to_owned()))
    }

    /// Opens a manifest for reading only.
    pub fn open_read_only(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::read(TextFile::open(path)?.into_file(), None)
    }

    /// Creates a manifest in a temporary file that is removed with the run.
    pub fn temporary() -> io::Result<Self> {
        Self::read(tempfile::tempfile()?, None)
    }

    fn read(file: File, path: Option<PathBuf>) -> io::Result<Self> {
        let Index { lines, unreadable_lines, end } = Index::read(&file)?;
        let content = Mutex::new(Content { file: Arc::new(file), lines, end });
        let (run_lines, is_full) = (Mutex::default(), AtomicBool::new(false));
        Ok(Self { path, content, run_lines, is_full, unreadable_lines, ignores_existing: false })
    }

    /// Ignores the captions in the file, so that they are requested again.
    #[must_use]
    pub fn without_existing(self) -> Self {
        platform::lock(&self.content).lines.clear();
        Self { ignores_existing: true, ..self }
    }

    /// Number of lines that are not entries, most likely torn by a crash. They stay in the file.
    pub fn unreadable_lines(&self) -> usize {
        self.unreadable_lines
    }

    /// Returns the newest entry of a key.
    pub(crate) fn get(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        cache_key.sha256.as_ref()?;
        let (file, range) = {
            let content = platform::lock(&self.content);
            (content.file.clone(), *content.lines.get(&cache_key.fingerprint())?)
        };
        // The file may have been edited since it was read.
        parse(&range.read(&file)?).filter(|entry| entry.cache_key() == *cache_key)
    }

    /// Appends an entry as one whole line. The file's lock keeps other runs on the same file out;
    /// callers in this process take turns. An entry too long to be read again is left out: those of
    /// its windows are kept. Returns the description of a change of the file from outside, or of a
    /// temporary file without room.
    pub(crate) fn append(&self, entry: &ManifestEntry) -> io::Result<Option<String>> {
        let mut line = entry.to_json()?.into_bytes();
        line.push(b'\n');
        if line.len() as u64 > MAX_LINE_LEN {
            return Ok(None);
        }
        if self.path.is_none() {
            return Ok(self.append_temporary(entry, &line));
        }
        let mut run_lines = platform::lock(&self.run_lines);
        let change = self.restore(&mut run_lines)?;
        let range = self.append_line(entry, &line)?;
        run_lines.push(range, line);
        Ok(change)
    }

    fn append_line(&self, entry: &ManifestEntry, line: &[u8]) -> io::Result<LineRange> {
        let file = platform::lock(&self.content).file.clone();
        let range = LineRange::new(FileLock::new(&file)?.append(line)?, line.len());
        platform::lock(&self.content).insert(entry, range);
        Ok(range)
    }

    /// Appends to a temporary file as long as it has room: it only saves requests. Returns the
    /// reason why the captions are not kept any longer.
    fn append_temporary(&self, entry: &ManifestEntry, line: &[u8]) -> Option<String> {
        if self.is_full.load(Ordering::Relaxed) {
            return None;
        }
        let error = self.append_line(entry, line).err()?;
        self.is_full.store(true, Ordering::Relaxed);
        let folder = std::env::temp_dir();
        let variable = if cfg!(windows) { "TMP" } else { "TMPDIR" };
        Some(format!(
            "no room in {} ({error}): audio that appears again is sent again; set {variable} to a \
             folder with room",
            path_name(&folder)
        ))
    }
}

impl Content {
    fn insert(&mut self, entry: &ManifestEntry, range: LineRange) {
        self.lines.insert(entry.cache_key().fingerprint(), range);
        self.end = self.end.max(range.end());
    }

    /// Returns the position of an equal entry.
    fn find(&self, entry: &ManifestEntry) -> Option<LineRange> {
        let range = *self.lines.get(&entry.cache_key().fingerprint())?;
        (parse(&range.read(&self.file)?)? == *entry).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use support::random::{cases, soup};

    use super::*;

    /// Returns a line of a manifest with a hash made of its number.
    fn line(number: usize, caption: &str) -> String {
        let record = serde_json::json!({
            "input": "x", "sha256": format!("{number:064x}"), "caption": caption, "model": "m",
        });
        format!("{record}\n")
    }

    fn knows(manifest: &Manifest, number: usize) -> Option<String> {
        let record: ManifestEntry = serde_json::from_str(&line(number, "")).unwrap();
        let found = manifest.get(&record.cache_key())?;
        Some(found.caption)
    }

    #[test]
    fn a_manifest_torn_anywhere_keeps_all_other_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        cases(|random| {
            let count = random.usize(1..6);
            let captions: Vec<String> = (0..count)
                .map(|_| {
                    String::from_utf8_lossy(&soup(random, 5, &["Rain", "\n", "é", "\u{2028}", "}"]))
                        .into_owned()
                        + "x"
                })
                .collect();
            let lines: Vec<String> =
                captions.iter().enumerate().map(|(n, caption)| line(n, caption)).collect();
            let mut bytes = lines.concat().into_bytes();
            let torn = random.usize(..=bytes.len());
            bytes.truncate(torn);
            fs::write(&path, &bytes).unwrap();
            let added: ManifestEntry = serde_json::from_str(&line(99, "after")).unwrap();
            Manifest::open(&path).unwrap().append(&added).unwrap();
            let manifest = Manifest::open(&path).unwrap();
            let mut end = 0;
            for (number, caption) in captions.iter().enumerate() {
                // Only the line end may be missing.
                end += lines[number].len();
                let expected = (torn >= end - 1).then(|| caption.clone());
                assert_eq!(knows(&manifest, number), expected, "torn at {torn}");
            }
            assert_eq!(knows(&manifest, 99).as_deref(), Some("after"));
            assert!(manifest.unreadable_lines() <= 1);
        });
    }

    #[test]
    fn junk_between_lines_loses_no_caption() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        cases(|random| {
            let mut bytes = Vec::new();
            let count = random.usize(1..5);
            for number in 0..count {
                let junk = soup(random, 6, &["{", "\"sha256\":", "\n", "\r\n", "null", "[", "{}"]);
                bytes.extend(junk);
                bytes.extend(b"\n");
                bytes.extend(line(number, "Rain.").bytes());
            }
            fs::write(&path, &bytes).unwrap();
            let manifest = Manifest::open(&path).unwrap();
            for number in 0..count {
                assert_eq!(knows(&manifest, number).as_deref(), Some("Rain."), "{bytes:?}");
            }
        });
    }
}
