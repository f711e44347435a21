//! Operating system: files, other programs, and threads for blocking work.

use std::ffi::OsString;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;

/// Name of a folder in place of a file.
pub(crate) const FOLDER: &str = "a folder";

/// Opens a file for reading. A named pipe does not wait for a writer.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// `ERROR_INVALID_NAME` of Windows.
const INVALID_NAME: i32 = 123;

/// Opens a file without waiting for the other end of a named pipe.
pub(crate) fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path).map_err(|error| match error.raw_os_error() {
        // A name that no file of Windows can have.
        Some(INVALID_NAME) if cfg!(windows) => io::ErrorKind::NotFound.into(),
        _ => error,
    })
}

/// True if a link leads to itself.
pub(crate) fn is_link_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.kind() == io::Error::from(rustix::io::Errno::LOOP).kind();
    #[cfg(windows)]
    {
        let _ = error;
        false
    }
}

/// Reads at an offset. Two readers of one file do not share a position.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
}

/// Reads at an offset until the buffer is full or the file ends.
pub(crate) fn fill_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_at(file, &mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Reads at an offset. Fails if the file ends before the buffer is full.
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    if fill_at(file, buffer, offset)? < buffer.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Writes all bytes at an offset; to a file that was opened to append, at its end.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(windows)]
    {
        use std::os::windows::fs::FileExt;
        let mut written = 0;
        while written < bytes.len() {
            written += match file.seek_write(&bytes[written..], offset + written as u64)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                len => len,
            };
        }
        Ok(())
    }
}

/// True if the part of a file that was to be read is locked by another program. Locks of Unix keep
/// nobody from reading.
pub(crate) fn is_locked(error: &io::Error) -> bool {
    /// `ERROR_LOCK_VIOLATION`.
    const LOCKED: i32 = 33;
    cfg!(windows) && error.raw_os_error() == Some(LOCKED)
}

/// Time of the last change of a file. It also changes if another file takes its name or the
/// modification time is reset; no program can set it.
#[cfg(unix)]
pub(crate) type Changed = (i64, i64);
/// Time of the last write to a file, and the number of its names, which is zero once it is deleted
/// or replaced.
#[cfg(windows)]
pub(crate) type Changed = Option<(u64, u64)>;

/// Returns what tells that a file was changed, if the system reports it.
pub(crate) fn changed(file: &File, metadata: &Metadata) -> Changed {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = file;
        (metadata.ctime(), metadata.ctime_nsec())
    }
    #[cfg(windows)]
    {
        let _ = metadata;
        let file = winapi_util::file::information(file).ok()?;
        Some((file.last_write_time()?, file.number_of_links()))
    }
}

/// Returns the bytes of a file that are stored, which those of its holes are not, if they are fewer
/// than `enough`; `None` also where the system does not tell.
pub(crate) fn stored_below(file: &File, metadata: &Metadata, enough: u64) -> Option<u64> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{SeekFrom, seek};
        use rustix::io::Errno;
        use std::os::unix::fs::MetadataExt;
        // Some file systems tell the blocks late or not at all, so that few of them prove nothing.
        if metadata.blocks().saturating_mul(512) >= enough {
            return None;
        }
        let (mut stored, mut end) = (0, 0);
        while stored < enough {
            let start = match seek(file, SeekFrom::Data(end)) {
                Err(Errno::NXIO) => return Some(stored),
                start => start.ok()?,
            };
            end = seek(file, SeekFrom::Hole(start)).ok()?;
            stored += end.saturating_sub(start);
        }
    }
    let _ = (file, metadata, enough);
    None
}

/// Identity of a file, equal for all paths to it: device and inode, or volume and index.
pub(crate) type FileId = (u64, u64);

/// Returns the identity of the file behind a path; links are followed.
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = path.metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(windows)]
    {
        let file = winapi_util::file::information(open(path).ok()?).ok()?;
        Some((file.volume_serial_number(), file.file_index()))
    }
}

/// True if a path leads to the open file, by the metadata of both where those tell.
#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "Windows opens the path"))]
pub(crate) fn is_same_file(
    path: &Path,
    of_path: &Metadata,
    file: &File,
    of_file: &Metadata,
) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = (path, file);
        Ok((of_path.dev(), of_path.ino()) == (of_file.dev(), of_file.ino()))
    }
    #[cfg(windows)]
    {
        use same_file::Handle;
        let _ = (of_path, of_file);
        Ok(Handle::from_path(path)? == Handle::from_file(file.try_clone()?)?)
    }
}

/// Converts the bytes of a list entry to a path.
pub(crate) fn os_string(bytes: Vec<u8>) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(windows)]
    return String::from_utf8_lossy(&bytes).into_owned().into();
}

/// Names what is open in place of a regular file, with its article; `None` for a regular file.
pub(crate) fn irregular(file: &File) -> io::Result<Option<&'static str>> {
    // Windows has no metadata of a device or a pipe.
    #[cfg(windows)]
    {
        let kind = winapi_util::file::typ(file)?;
        if kind.is_char() || kind.is_pipe() {
            return Ok(Some(if kind.is_pipe() { "a named pipe" } else { "a device" }));
        }
    }
    let kind = file.metadata()?.file_type();
    Ok((!kind.is_file()).then(|| describe(kind)))
}

/// Names a file type other than a regular file, with its article.
pub(crate) fn describe(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    if kind.is_dir() { FOLDER } else { "a device" }
}

/// True if a path leads to a program.
pub(crate) fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| {
        #[cfg(unix)]
        let is_executable = std::os::unix::fs::MetadataExt::mode(&file) & 0o111 != 0;
        #[cfg(windows)]
        let is_executable = true;
        file.is_file() && is_executable
    })
}

/// Limits what a process takes: its memory, and no byte of a file is written.
pub(crate) fn confine(child: &Child, max_memory: u64) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limits = [(Resource::As, max_memory), (Resource::Fsize, 0), (Resource::Core, 0)];
        for (resource, limit) in limits {
            let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
            // A process that ended already, or has a lower limit, needs none.
            let _ = prlimit(Some(Pid::from_child(child)), resource, limit);
        }
    }
    let _ = (child, max_memory);
}

/// Ends a process, and with it those that it started if it has a process group of its own. It must
/// not have been waited for: its number may be that of another one by then.
pub(crate) fn kill(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // It may have ended by itself.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    let _ = child.kill();
}

/// Runs `work` on a thread of the blocking pool.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::Unreadable(io::Error::other(error))))
}

/// Locks a mutex, also after a panic of another holder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
