//! Destinations of captions, records and reports: standard output, and files that are replaced as a
//! whole: written to a temporary file in the same folder and renamed at the end.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};

use caption::Error;
use tempfile::TempPath;

use crate::platform;
use crate::ui::escape::Escape;

/// Destination of captions and records. A write is a whole piece of text.
pub(crate) struct Sink {
    target: Target,
    escape: Escape,
    ignores_closed_pipe: bool,
}

enum Target {
    Stdout(StdoutLock<'static>),
    File(OutputFile),
    /// Standard output after its reader has closed it.
    Closed,
}

impl Sink {
    /// With `ignores_closed_pipe`, output is dropped once the reader of standard output is gone;
    /// otherwise writing fails.
    pub(crate) fn open(file: Option<&Path>, ignores_closed_pipe: bool) -> Result<Self, Error> {
        let (target, escape) = match file.map(OutputFile::create).transpose()? {
            Some(file) if file.is_terminal() => (Target::File(file), Escape::ControlCharacters),
            Some(file) => (Target::File(file), Escape::Nothing),
            None => (Target::Stdout(io::stdout().lock()), Escape::for_stdout()),
        };
        Ok(Self { target, escape, ignores_closed_pipe })
    }

    /// Puts a file in place.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.target {
            Target::File(file) => file.commit(),
            Target::Stdout(_) | Target::Closed => Ok(()),
        }
    }

    fn write_with(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let result = match &mut self.target {
            Target::Stdout(stdout) => write(stdout),
            Target::File(file) => write(file),
            Target::Closed => Ok(()),
        };
        match result {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && self.ignores_closed_pipe => {
                self.target = Target::Closed;
                Ok(())
            }
            result => result,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let escaped = self.escape.escape(text);
        self.write_with(|out| out.write_all(&escaped))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_with(|out| out.flush())
    }
}

/// File that replaces the previous one when it is committed; dropped before, it leaves no trace.
#[derive(Debug)]
pub(crate) struct OutputFile {
    writer: BufWriter<File>,
    /// Temporary file, and the file that it replaces. `None` for a file that is written directly:
    /// one to append to, a device, a pipe or an open file.
    replaces: Option<(TempPath, PathBuf)>,
}

impl OutputFile {
    /// Fails with [`Error::Unwritable`] if the file could not be replaced later.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        Self::open(path).map_err(|source| unwritable(path, source))
    }

    /// Opens a file that other programs write to as well: all that is written is appended.
    ///
    /// Fails with [`Error::Unwritable`].
    pub(crate) fn append(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|source| unwritable(path, source))?;
        Ok(Self { writer: BufWriter::new(file), replaces: None })
    }

    fn open(path: &Path) -> io::Result<Self> {
        // A link stays a link: the file that it points to is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let permissions = match target.metadata() {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() || platform::is_handle(path) => {
                let file = platform::handle(path)
                    .unwrap_or_else(|| OpenOptions::new().append(true).open(&target))?;
                return Ok(Self { writer: BufWriter::new(file), replaces: None });
            }
            Ok(metadata) => metadata.permissions(),
            Err(_) => platform::default_permissions(),
        };
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".caption-").permissions(permissions);
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        let (file, temporary) = file.into_parts();
        Ok(Self { writer: BufWriter::new(file), replaces: Some((temporary, target)) })
    }

    /// True for a terminal, which interprets escape sequences.
    pub(crate) fn is_terminal(&self) -> bool {
        self.writer.get_ref().is_terminal()
    }

    /// Puts the file in place, unless nothing was written to it.
    pub(crate) fn commit(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        match self.replaces {
            Some((temporary, target)) if file.metadata()?.len() > 0 => {
                temporary.persist(target).map_err(|e| e.error)
            }
            _ => Ok(()),
        }
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

fn unwritable(path: &Path, source: io::Error) -> Error {
    // The text of an error may repeat the path, which may be a URL with a password.
    let is_url = path.to_string_lossy().contains("://");
    let source = if is_url { source.kind().into() } else { source };
    Error::Unwritable { path: path.to_owned(), source }
}
