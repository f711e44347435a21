//! Captions on disk by cache key: an append-only JSON Lines file.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use sha2::{Digest, Sha256};

use self::entry::ManifestEntry;
use self::file_lock::FileLock;
use self::index::{Fingerprint, Index, LineRange, MAX_LINE_LEN, parse};
use crate::platform;
use crate::text::milliseconds;

pub(crate) mod cache;
pub(crate) mod entry;
mod file_lock;
mod index;

/// Key of a caption in the cache: content of the file, model, token limit and windows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CacheKey {
    /// SHA-256 of the file in lower-case hexadecimal. `None` without a cache, and for a URL that
    /// the service fetches.
    pub sha256: Option<String>,
    /// Name of the model.
    pub model: String,
    /// Limit of the caption in tokens.
    pub max_tokens: Option<u32>,
    /// Part of the audio that the caption describes.
    pub(crate) span: Span,
}

/// Part of the audio that a caption describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Span {
    /// The whole file in one caption.
    Whole,
    /// The whole file in windows of this length.
    Windows { length_ms: u64 },
    /// One window.
    Window { start_ms: u64, end_ms: u64 },
}

/// Captions in a JSON Lines file. Only the position of each line is kept in memory.
///
/// Several runs may append to the same file: each line is written under a lock. A run does not see
/// what others add after it was opened. Opening reads the whole file: within async code, do that on
/// a thread of the blocking pool.
#[derive(Debug)]
pub struct Manifest {
    file: File,
    lines: Mutex<HashMap<Fingerprint, LineRange>>,
    unreadable_lines: usize,
}

impl CacheKey {
    /// Requested length of the windows, if the audio is split.
    pub fn window_length(&self) -> Option<Duration> {
        match self.span {
            Span::Windows { length_ms } => Some(Duration::from_millis(length_ms)),
            Span::Whole | Span::Window { .. } => None,
        }
    }

    /// Returns the key of one window, given in seconds.
    pub(crate) fn window(&self, start: f64, end: f64) -> Self {
        let (start_ms, end_ms) = (milliseconds(start), milliseconds(end));
        Self { span: Span::Window { start_ms, end_ms }, ..self.clone() }
    }

    fn fingerprint(&self) -> Fingerprint {
        Sha256::digest(format!("{self:?}")).into()
    }
}

impl Manifest {
    /// Opens a manifest for reading and appending, and creates it if it does not exist.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::read(OpenOptions::new().read(true).append(true).create(true).open(path)?)
    }

    /// Opens a manifest for reading only.
    pub fn open_read_only(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::read(platform::open(path.as_ref())?)
    }

    /// Creates a manifest in a temporary file that is removed with the run.
    pub fn temporary() -> io::Result<Self> {
        Self::read(tempfile::tempfile()?)
    }

    fn read(file: File) -> io::Result<Self> {
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        let Index { lines, unreadable_lines, .. } = Index::read(&file)?;
        Ok(Self { file, lines: Mutex::new(lines), unreadable_lines })
    }

    /// Ignores the captions in the file, so that they are requested again.
    #[must_use]
    pub fn without_existing(self) -> Self {
        Self { lines: Mutex::default(), ..self }
    }

    /// Number of lines that are not entries, most likely torn by a crash. They stay in the file.
    pub fn unreadable_lines(&self) -> usize {
        self.unreadable_lines
    }

    /// Returns the newest entry of a key.
    pub(crate) fn get(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        cache_key.sha256.as_ref()?;
        let range = *platform::lock(&self.lines).get(&cache_key.fingerprint())?;
        let mut line = vec![0; range.len];
        platform::read_exact_at(&self.file, &mut line, range.start).ok()?;
        // The file may have been edited since it was read.
        parse(&line).filter(|entry| entry.cache_key() == *cache_key)
    }

    /// Appends an entry as one whole line. The file's lock keeps other runs on the same file out;
    /// callers in this process take turns. An entry too long to be read again is left out: those of
    /// its windows are kept.
    pub(crate) fn append(&self, entry: &ManifestEntry) -> io::Result<()> {
        let mut line = entry.to_json()?.into_bytes();
        line.push(b'\n');
        if line.len() as u64 > MAX_LINE_LEN {
            return Ok(());
        }
        let start = FileLock::new(&self.file)?.append(&line)?;
        let range = LineRange { start, len: line.len() };
        platform::lock(&self.lines).insert(entry.cache_key().fingerprint(), range);
        Ok(())
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
