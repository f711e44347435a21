//! Differences between operating systems.

use std::fs::{File, Permissions};
use std::io;
use std::path::Path;

use crate::exit_code::Exit;

/// True if other users can read a file. A pipe belongs to the process that made it.
#[cfg(unix)]
pub(crate) fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    Ok(metadata.is_file() && metadata.mode() & 0o044 != 0)
}

/// Windows keeps access rights elsewhere, and closes a user's folders to other users.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "same signature on all systems")]
pub(crate) fn is_open_to_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// True if standard output is redirected to a file.
pub(crate) fn stdout_is_file() -> bool {
    #[cfg(unix)]
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    stdout.is_ok_and(|stdout| File::from(stdout).metadata().is_ok_and(|stdout| stdout.is_file()))
}

/// True if the program was started without standard output. The standard library opens the null
/// device in its place, for reading and writing; a redirection of a shell is for writing only.
#[cfg(unix)]
pub(crate) fn stdout_is_closed() -> bool {
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};
    let stdout = io::stdout();
    let is_null = |file: &rustix::fs::Stat| {
        let null = stat("/dev/null");
        FileType::from_raw_mode(file.st_mode).is_char_device()
            && null.is_ok_and(|null| null.st_rdev == file.st_rdev)
    };
    let is_read_write = fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    is_read_write && fstat(&stdout).is_ok_and(|file| is_null(&file))
}

/// Windows programs without a console have no standard output to lose.
#[cfg(windows)]
pub(crate) fn stdout_is_closed() -> bool {
    false
}

/// Identity of a file that has several names: device and inode.
#[cfg(unix)]
pub(crate) fn hard_link_id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file);
    metadata.filter(|file| file.nlink() > 1).map(|file| (file.dev(), file.ino()))
}

/// Windows reports no identity of a file by its path.
#[cfg(windows)]
pub(crate) fn hard_link_id(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Waits for Ctrl-C, or for the system to end the program. Returns the exit code of the signal.
pub(crate) async fn shutdown_signal() -> io::Result<Exit> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut hangup) =
            (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| Exit::Interrupted),
            _ = terminate.recv() => Ok(Exit::Terminated),
            _ = hangup.recv() => Ok(Exit::HungUp),
        }
    }
    #[cfg(windows)]
    tokio::signal::ctrl_c().await.map(|()| Exit::Interrupted)
}

/// True if a path names a file that a process has open. Replacing it would drop what others write.
pub(crate) fn is_handle(path: &Path) -> bool {
    let handles = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];
    handles.iter().any(|handle| path.starts_with(handle))
}

/// Duplicates standard output or standard error, given by its path. Opening the path again would
/// overwrite a redirected file from its start.
pub(crate) fn handle(path: &Path) -> Option<io::Result<File>> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let handle = match path.to_str()? {
            "/dev/stdout" => stdout.as_fd(),
            "/dev/stderr" => stderr.as_fd(),
            _ => return None,
        };
        Some(handle.try_clone_to_owned().map(File::from))
    }
    #[cfg(windows)]
    {
        let _ = path;
        None
    }
}

/// Makes a rename in a folder permanent. Some network file systems cannot, which is no error.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Windows makes a rename permanent by itself.
#[cfg(windows)]
pub(crate) fn sync_folder(_: &Path) {}

/// Permissions of a new file, before the umask.
#[cfg(unix)]
pub(crate) fn default_permissions() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// Permissions of a new file.
#[cfg(windows)]
pub(crate) fn default_permissions() -> Permissions {
    std::env::temp_dir().metadata().expect("a folder for temporary files").permissions()
}
