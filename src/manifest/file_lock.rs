//! Exclusive lock of a manifest, and writing under it.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::platform;

/// Time that another run may hold the file's lock; a write takes a millisecond.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause between two attempts to lock or read.
const PAUSE: Duration = Duration::from_millis(1);

/// Reads at an offset. On Windows, nobody else can read while a run holds the lock, which is waited
/// for.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match platform::read_at(file, buffer, offset) {
            Err(e) if platform::is_locked(&e) && Instant::now() < deadline => sleep(PAUSE),
            result => return result,
        }
    }
}

/// Reader of a file from its start, with a position of its own.
pub(super) struct FileReader<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> FileReader<'a> {
    pub(super) fn new(file: &'a File) -> Self {
        Self::from(file, 0)
    }

    /// Starts at an offset.
    pub(super) fn from(file: &'a File, offset: u64) -> Self {
        Self { file, offset }
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = read_at(self.file, buffer, self.offset)?;
        self.offset += len as u64;
        Ok(len)
    }
}

/// Exclusive lock of a file, released when dropped.
pub(super) struct FileLock<'a> {
    file: &'a File,
    /// False if the file system has no locks.
    is_locked: bool,
}

impl<'a> FileLock<'a> {
    pub(super) fn new(file: &'a File) -> io::Result<Self> {
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file, is_locked: true }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::other("another program holds it"));
                }
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Self { file, is_locked: false });
                }
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
    }

    /// Writes a line at the end of the file, on a line of its own even after a torn one. Returns
    /// the position of the line.
    pub(super) fn append(&self, line: &[u8]) -> io::Result<u64> {
        let mut end = self.file.metadata()?.len();
        if end > 0 {
            let mut last = [0];
            platform::read_exact_at(self.file, &mut last, end - 1)?;
            if last != *b"\n" {
                platform::write_all_at(self.file, b"\n", end)?;
                end += 1;
            }
        }
        // At an offset, since a thread that reads may move the position of the file.
        platform::write_all_at(self.file, line, end)?;
        Ok(end)
    }
}

impl Drop for FileLock<'_> {
    fn drop(&mut self) {
        if self.is_locked {
            // The lock ends with the file at the latest.
            let _ = self.file.unlock();
        }
    }
}
