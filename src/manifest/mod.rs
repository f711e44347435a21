//! Known captions by what was asked: JSON Lines, only ever appended to.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::manifest::entry::ManifestEntry;
use crate::outcome::{CacheKey, Span};
use crate::platform;

pub mod cache;
pub mod entry;

/// A record is a few kB, one of a day in windows a few MB; a longer line is not one.
const LONGEST_LINE: u64 = 8 * 1024 * 1024;

/// How long another run may hold the manifest; it takes a millisecond.
const PATIENCE: Duration = Duration::from_secs(5);

/// Captions on disk. Only where each one stands is kept in memory.
#[derive(Debug)]
pub struct Manifest {
    file: File,
    known: Mutex<HashMap<Fingerprint, LineRange>>,
    unreadable_lines: usize,
}

type Fingerprint = [u8; 32];

#[derive(Debug, Clone, Copy)]
struct LineRange {
    start: u64,
    len: usize,
}

impl Manifest {
    /// Opens a manifest to read and append to, and makes it where there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::read(OpenOptions::new().read(true).append(true).create(true).open(path)?)
    }

    /// Opens a manifest that is only to be read.
    pub fn open_read_only(path: &Path) -> io::Result<Self> {
        Self::read(platform::open(path)?)
    }

    /// One that is gone with the run.
    pub fn temporary() -> io::Result<Self> {
        Self::read(tempfile::tempfile()?)
    }

    fn read(file: File) -> io::Result<Self> {
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        let mut known = HashMap::new();
        let (mut unreadable_lines, mut is_torn_first_line) = (0, false);
        let mut lines = BufReader::with_capacity(256 * 1024, &file);
        let (mut line, mut start) = (Vec::new(), 0);
        loop {
            line.clear();
            let len = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if len == 0 {
                break;
            }
            match serde_json::from_slice::<ManifestEntry>(&line)
                .ok()
                .and_then(|record| record.cache_key())
            {
                Some(cache_key) => {
                    known.insert(fingerprint(&cache_key), LineRange { start, len });
                }
                None if line.trim_ascii().is_empty() => {}
                None => {
                    is_torn_first_line =
                        start == 0 && line.starts_with(b"{") && !line.ends_with(b"\n");
                    unreadable_lines += 1;
                }
            }
            start += len as u64;
        }
        drop(lines);
        if known.is_empty() && unreadable_lines > 0 && !is_torn_first_line {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a manifest"));
        }
        Ok(Self { file, known: Mutex::new(known), unreadable_lines })
    }

    /// How many lines are no records, most likely torn by a crash. They stay where they are.
    pub fn unreadable_lines(&self) -> usize {
        self.unreadable_lines
    }

    /// The record that answers the question, the newest where there are several.
    pub fn find(&self, cache_key: &CacheKey) -> Option<ManifestEntry> {
        cache_key.sha256.as_ref()?;
        let span = *self.known().get(&fingerprint(cache_key))?;
        let mut line = vec![0; span.len];
        platform::read_exact_at(&self.file, &mut line, span.start).ok()?;
        let record: ManifestEntry = serde_json::from_slice(&line).ok()?;
        // Somebody may have edited the file since it was read.
        Some(record).filter(|record| record.cache_key().as_ref() == Some(cache_key))
    }

    /// Whether the question is answered.
    pub fn knows(&self, cache_key: &CacheKey) -> bool {
        cache_key.sha256.is_some() && self.known().contains_key(&fingerprint(cache_key))
    }

    /// Appends a record as one whole line, under a lock: another run on the same file does not
    /// come in between. One too long to be read again is left out: its windows are kept.
    pub fn add(&self, record: &ManifestEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        if line.len() as u64 > LONGEST_LINE {
            return Ok(());
        }
        let mut known = self.known();
        let is_locked = self.lock()?;
        let start = self.append(&line);
        if is_locked {
            self.file.unlock()?;
        }
        let start = start?;
        if let Some(cache_key) = record.cache_key() {
            known.insert(fingerprint(&cache_key), LineRange { start, len: line.len() });
        }
        Ok(())
    }

    /// Waits until no other run writes; some network file systems cannot tell.
    fn lock(&self) -> io::Result<bool> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.file.try_lock() {
                Ok(()) => return Ok(true),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    sleep(Duration::from_millis(1));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::other("another program holds it"));
                }
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {
                    return Ok(false);
                }
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
    }

    /// Writes the line at the end, on a line of its own even after one that was torn.
    fn append(&self, line: &[u8]) -> io::Result<u64> {
        let mut file = &self.file;
        let mut end = file.seek(SeekFrom::End(0))?;
        if end > 0 {
            let mut last = [0];
            platform::read_exact_at(file, &mut last, end - 1)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                end += 1;
            }
        }
        file.write_all(line)?;
        Ok(end)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Fingerprint, LineRange>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that the answer depends on, in one value.
fn fingerprint(cache_key: &CacheKey) -> Fingerprint {
    let mut digest = Sha256::new();
    for part in [cache_key.sha256.as_deref().unwrap_or_default(), &cache_key.model] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.update(cache_key.max_tokens.unwrap_or(0).to_be_bytes());
    let span = match cache_key.span {
        Span::Whole => [0, 0, 0],
        Span::Windows { length_ms } => [1, length_ms, 0],
        Span::Window { start_ms, end_ms } => [2, start_ms, end_ms],
    };
    for number in span {
        digest.update(number.to_be_bytes());
    }
    digest.finalize().into()
}
