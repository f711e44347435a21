//! Files that are replaced as a whole: written to a temporary file in the same folder, synced, and
//! renamed at the end.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use caption::{Error, path_name};
use tempfile::TempPath;

use super::temporary_file;
use crate::platform;

/// Time that another program may keep a file open that is to be replaced.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Pause between two attempts to replace a file.
const PAUSE: Duration = Duration::from_millis(50);

/// Names that are tried for a file that stays beside the one that it cannot replace.
const MAX_BESIDE: u32 = 100;

/// Links that are followed from one path.
const MAX_LINKS: usize = 40;

/// File that replaces the previous one when it is committed; dropped before, it leaves no trace.
#[derive(Debug)]
pub(crate) struct OutputFile {
    writer: BufWriter<File>,
    /// Temporary file, and the file that it replaces. `None` for a file that is written directly:
    /// one to append to, a device, a pipe or an open file.
    replaces: Option<(TempPath, PathBuf)>,
}

impl OutputFile {
    /// Creates a file, and removes what killed runs left in its folder.
    ///
    /// Fails with [`Error::Unwritable`] if the file could not be replaced later.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        Self::check_replaceable(path)?;
        Self::create_unchecked(path)
    }

    /// Creates a file like [`create`](Self::create) that may be one that cannot be replaced.
    pub(super) fn create_unchecked(path: &Path) -> Result<Self, Error> {
        let file = Self::open(path).map_err(|source| unwritable(path, source))?;
        if let Some((temporary, _)) = &file.replaces {
            temporary_file::remove_leftovers(folder_of(temporary));
        }
        Ok(file)
    }

    /// Opens a file that other programs write to as well: all that is written is appended.
    ///
    /// Fails with [`Error::Unwritable`].
    pub(crate) fn append(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|source| unwritable(path, source))?;
        Ok(Self { writer: BufWriter::new(file), replaces: None })
    }

    /// Opens a file like [`create`](Self::create), and leaves its folder alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(device) = platform::device(path) {
            return Ok(Self { writer: BufWriter::new(device?), replaces: None });
        }
        let target = platform::long_path(follow_links(path));
        let permissions = match target.symlink_metadata() {
            // It cannot be replaced, so that what is written will stay beside it.
            Ok(metadata) if metadata.is_dir() => platform::default_permissions(),
            Ok(metadata) if !metadata.is_file() || platform::is_handle(path) => {
                let file = platform::handle(path)
                    .unwrap_or_else(|| OpenOptions::new().append(true).open(&target))?;
                return Ok(Self { writer: BufWriter::new(file), replaces: None });
            }
            // Windows has only one that forbids writing.
            Ok(_) if cfg!(windows) => None,
            Ok(metadata) => Some(metadata.permissions()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => platform::default_permissions(),
            // Such as a name that is too long, while that of the temporary file is not.
            Err(e) => return Err(e),
        };
        let (file, temporary) = temporary_file::create(folder_of(&target), permissions)?;
        Ok(Self { writer: BufWriter::new(file), replaces: Some((temporary, target)) })
    }

    /// Fails with [`Error::Unwritable`] if an existing file could not be replaced.
    pub(super) fn check_replaceable(path: &Path) -> Result<(), Error> {
        let is_direct = platform::is_device(path) || platform::is_handle(path);
        let checked = match follow_links(path).symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            _ if is_direct => Ok(()),
            _ => platform::check_replaceable(path),
        };
        checked.map_err(|source| unwritable(path, source))
    }

    /// Fails with [`Error::Unwritable`] if a path cannot become a regular file: its name is too
    /// long, or it is a folder, a pipe, a device or a link to a folder that does not exist.
    pub(super) fn check(path: &Path) -> Result<(), Error> {
        let target = follow_links(path);
        let result = match target.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("not a regular file")),
            Ok(_) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound && target != path => {
                folder_of(&target).metadata().map(drop)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        };
        result.map_err(|source| unwritable(path, source))
    }

    /// True for a terminal, which interprets escape sequences.
    pub(crate) fn is_terminal(&self) -> bool {
        self.writer.get_ref().is_terminal()
    }

    /// Puts the file in place, unless nothing was written to it. After a crash of the system there
    /// is the old file or the new one, and no half of it. If the old file cannot be replaced, the
    /// new one stays beside it, under a name that the error has.
    pub(crate) fn commit(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        let Some((temporary, target)) = self.replaces else { return Ok(()) };
        if file.metadata()?.len() == 0 {
            return Ok(());
        }
        file.sync_all()?;
        replace(temporary, &target)?;
        platform::sync_folder(folder_of(&target));
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Renames a file to one that it replaces. A program that has the old one open, such as a scanner
/// for viruses, is waited for.
fn replace(mut temporary: TempPath, target: &Path) -> io::Result<()> {
    let deadline = Instant::now() + MAX_WAIT;
    loop {
        let failed = match temporary.persist(target) {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        if !platform::is_in_use(&failed.error) || Instant::now() > deadline {
            return Err(keep_beside(failed.path, target, failed.error));
        }
        temporary = failed.path;
        sleep(PAUSE);
    }
}

/// Renames a file to a free name beside the one that it cannot replace, and returns the error with
/// that name.
fn keep_beside(mut temporary: TempPath, target: &Path, error: io::Error) -> io::Error {
    let error = platform::in_use(error);
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (part(target.file_stem()), part(target.extension()));
    for number in 1..=MAX_BESIDE {
        let number = if number == 1 { String::new() } else { number.to_string() };
        let name = format!("{stem}.new{number}.{extension}");
        let beside = target.with_file_name(name.trim_end_matches('.'));
        match temporary.persist_noclobber(&beside) {
            Ok(()) => {
                // Without its number, after which the text would be cut.
                let reason = error.to_string();
                let reason = reason.split(" (os error").next().unwrap_or_default();
                let text = format!("{reason}; the new one is {}", path_name(&beside));
                return io::Error::new(error.kind(), text);
            }
            Err(failed) => temporary = failed.path,
        }
    }
    error
}

/// Follows links, so that a link stays a link, and the file that it leads to is replaced. That file
/// need not exist.
pub(super) fn follow_links(path: &Path) -> PathBuf {
    let mut resolved = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&resolved) else { break };
        resolved = folder_of(&resolved).join(target);
    }
    resolved
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    // The text of an error may repeat the path, which may be a URL with a password.
    let is_url = path.to_string_lossy().contains("://");
    let source = if is_url { source.kind().into() } else { source };
    Error::Unwritable { path: path.to_owned(), source }
}
