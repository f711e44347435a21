//! Differences between operating systems.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::exit_code::Exit;

mod windows_names;

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

/// Identity of a file that has several names: volume and index.
#[cfg(windows)]
pub(crate) fn hard_link_id(path: &Path) -> Option<(u64, u64)> {
    let file = winapi_util::file::information(File::open(path).ok()?).ok()?;
    let is_linked = file.number_of_links() > 1;
    is_linked.then(|| (file.volume_serial_number(), file.file_index()))
}

/// Waits for Ctrl-C or Ctrl-Break, or for the system to end the program. Returns the exit code of
/// the signal, or of the one that it is most like.
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
    {
        use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};
        let (mut stopped, mut closed) = (ctrl_break()?, ctrl_close()?);
        let (mut logged_off, mut shut_down) = (ctrl_logoff()?, ctrl_shutdown()?);
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| Exit::Interrupted),
            _ = stopped.recv() => Ok(Exit::Interrupted),
            _ = closed.recv() => Ok(Exit::HungUp),
            _ = logged_off.recv() => Ok(Exit::HungUp),
            _ = shut_down.recv() => Ok(Exit::Terminated),
        }
    }
}

/// True if a path names a file that a process has open. Replacing it would drop what others write.
pub(crate) fn is_handle(path: &Path) -> bool {
    let handles = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];
    handles.iter().any(|handle| path.starts_with(handle))
}

/// Returns the reason why the system cannot make a file of this name, or makes one of another name.
pub(crate) fn unusable_name(path: &Path) -> Option<&'static str> {
    let names = || {
        path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        })
    };
    let is_checked = cfg!(windows) && !is_device(path);
    is_checked.then(|| names().find_map(|name| windows_names::unusable(&name))).flatten()
}

/// True if a path may have names that Windows made up for files with long ones.
pub(crate) fn has_short_name(path: &Path) -> bool {
    let is_short =
        |part: Component<'_>| windows_names::is_short(&part.as_os_str().to_string_lossy());
    cfg!(windows) && path.components().any(is_short)
}

/// True for a device of Windows, which has no metadata.
pub(crate) fn is_device(path: &Path) -> bool {
    let is_in_namespace = || path.to_string_lossy().replace('/', "\\").starts_with(r"\\.\");
    let name = path.file_name().map(|name| name.to_string_lossy());
    cfg!(windows) && (is_in_namespace() || name.is_some_and(|name| windows_names::is_device(&name)))
}

/// Opens a device of Windows, if the path names one.
pub(crate) fn device(path: &Path) -> Option<io::Result<File>> {
    is_device(path).then(|| OpenOptions::new().write(true).open(path))
}

/// Form of a path for programming interfaces that do not know long paths. Its folder must exist.
pub(crate) fn long_path(path: PathBuf) -> PathBuf {
    if !cfg!(windows) {
        return path;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Fails if a file could not be replaced now: if it is read-only, or a program has it open that does
/// not share it.
#[cfg(windows)]
pub(crate) fn check_replaceable(path: &Path) -> io::Result<()> {
    use std::os::windows::fs::OpenOptionsExt;
    const DELETE: u32 = 0x1_0000;
    if path.metadata().is_ok_and(|file| file.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    match OpenOptions::new().access_mode(DELETE).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map(drop).map_err(in_use),
    }
}

/// Unix replaces a file that is read-only or open.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "same signature on all systems")]
pub(crate) fn check_replaceable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// True if a file could not be replaced because another program has it open, which may end soon.
/// On Unix, no other program is in the way.
pub(crate) fn is_in_use(error: &io::Error) -> bool {
    /// `ERROR_ACCESS_DENIED`, `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`,
    /// `ERROR_USER_MAPPED_FILE`.
    const IN_USE: [i32; 4] = [5, 32, 33, 1224];
    cfg!(windows) && error.raw_os_error().is_some_and(|code| IN_USE.contains(&code))
}

/// Words an error of a file in use.
pub(crate) fn in_use(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(_) if is_in_use(&error) => io::Error::new(error.kind(), "another program has it open"),
        _ => error,
    }
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
#[expect(clippy::unnecessary_wraps, reason = "same signature on all systems")]
pub(crate) fn default_permissions() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}

/// A new file of Windows has the access rights of its folder.
#[cfg(windows)]
pub(crate) fn default_permissions() -> Option<Permissions> {
    None
}

/// Hint for a folder of temporary files that cannot be used.
pub(crate) const TEMP_HINT: &str = if cfg!(windows) {
    "set TMP to a folder with free space"
} else {
    "set TMPDIR to a folder with free space"
};

/// Hint for a certificate that is not trusted. Only Linux reads the variable.
pub(crate) const CERTIFICATE_HINT: &str = if cfg!(target_os = "linux") {
    "check the address; add your own CA certificate with --cacert or SSL_CERT_FILE"
} else {
    "check the address; add your own CA certificate with --cacert"
};

/// Hint for too many open files.
pub(crate) const OPEN_FILES_HINT: &str = if cfg!(windows) {
    "lower --jobs"
} else {
    "lower --jobs, or raise the limit of open files (ulimit -n)"
};

/// Commands that set the key.
pub(crate) const KEY_COMMANDS: &str = if cfg!(windows) {
    "set AIMLAPI_KEY=...     ($env:AIMLAPI_KEY = '...' in PowerShell) or --api-key-file FILE\n"
} else {
    "export AIMLAPI_KEY=...     or --api-key-file FILE\n"
};
