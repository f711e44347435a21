//! Temporary files beside outputs. Each is locked while its run goes on, so that the next run can
//! remove those of a run that was killed.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::path::Path;
use std::process;

use tempfile::TempPath;

const PREFIX: &str = ".caption-";
const SUFFIX: &str = ".tmp";

/// Number of random letters in a name.
const RANDOM_LEN: usize = 6;

/// Attempts to create a file that no other run removes before it is locked.
const MAX_ATTEMPTS: usize = 8;

/// Creates a file of the name `.caption-PID-RANDOM.tmp`.
pub(super) fn create(
    folder: &Path,
    permissions: Option<Permissions>,
) -> io::Result<(File, TempPath)> {
    let prefix = format!("{PREFIX}{}-", process::id());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(RANDOM_LEN);
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    }
    for _ in 0..MAX_ATTEMPTS {
        let (file, path) = builder.tempfile_in(folder)?.into_parts();
        // Not every file system has locks; a lock of another run is about to remove the file.
        let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && path.exists() {
            return Ok((file, path));
        }
    }
    Err(io::Error::other("the temporary file was removed"))
}

/// Removes the files of runs that were killed. Nothing depends on it, so that no error is reported.
pub(super) fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_temporary(&entry.file_name().to_string_lossy())) {
        let path = entry.path();
        let file = File::options().read(true).write(true).open(&path);
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn is_temporary(name: &str) -> bool {
    let middle = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    middle.and_then(|middle| middle.split_once('-')).is_some_and(|(process, random)| {
        !process.is_empty()
            && process.bytes().all(|byte| byte.is_ascii_digit())
            && random.len() == RANDOM_LEN
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
