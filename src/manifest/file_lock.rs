//! Exclusive lock of a manifest, and writing under it.

use std::fs::{File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::platform;

/// Time that another run may hold the file's lock; a write takes a millisecond.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

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
                    sleep(Duration::from_millis(1));
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
        let mut file = self.file;
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
}

impl Drop for FileLock<'_> {
    fn drop(&mut self) {
        if self.is_locked {
            // The lock ends with the file at the latest.
            let _ = self.file.unlock();
        }
    }
}
