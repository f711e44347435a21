//! Output files that are replaced as a whole: written to a temporary file in the same folder and
//! renamed at the end.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use caption::Error;
use tempfile::NamedTempFile;

use crate::platform;

/// File that replaces the previous one when it is committed; dropped before, it leaves no trace.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    writer: Writer,
    is_empty: bool,
}

#[derive(Debug)]
enum Writer {
    /// Temporary file, renamed at the end.
    Temporary(BufWriter<NamedTempFile>),
    /// File that is written directly: one to append to, a device, a pipe or an open file.
    Direct(BufWriter<File>),
}

impl OutputFile {
    /// Fails with [`Error::Unwritable`] if the file could not be replaced later.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        // A link stays a link: the file that it points to is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let writer = match target.metadata() {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() || platform::is_handle(path) => {
                let file = platform::handle(path)
                    .unwrap_or_else(|| OpenOptions::new().append(true).open(&target));
                file.map(BufWriter::new).map(Writer::Direct)
            }
            Ok(metadata) => temporary(&target, metadata.permissions()),
            Err(_) => temporary(&target, platform::default_permissions()),
        };
        Self::new(path, target, writer)
    }

    /// Opens a file that other programs write to as well: all that is written is appended.
    ///
    /// Fails with [`Error::Unwritable`].
    pub(crate) fn append(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let writer = file.map(BufWriter::new).map(Writer::Direct);
        Self::new(path, path.to_owned(), writer)
    }

    fn new(path: &Path, target: PathBuf, writer: io::Result<Writer>) -> Result<Self, Error> {
        match writer {
            Ok(writer) => Ok(Self { path: target, writer, is_empty: true }),
            Err(source) => {
                // The text of an error may repeat the path, which may be a URL with a password.
                let is_url = path.to_string_lossy().contains("://");
                let source = if is_url { source.kind().into() } else { source };
                Err(Error::Unwritable { path: path.to_owned(), source })
            }
        }
    }

    /// True for a terminal, which interprets escape sequences.
    pub(crate) fn is_terminal(&self) -> bool {
        match &self.writer {
            Writer::Temporary(_) => false,
            Writer::Direct(file) => file.get_ref().is_terminal(),
        }
    }

    /// Puts the file in place, unless nothing was written to it.
    pub(crate) fn commit(self) -> io::Result<()> {
        match self.writer {
            Writer::Direct(mut file) => file.flush(),
            Writer::Temporary(_) if self.is_empty => Ok(()),
            Writer::Temporary(writer) => {
                let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.persist(&self.path).map(drop).map_err(|e| e.error)
            }
        }
    }
}

impl Writer {
    fn get_mut(&mut self) -> &mut dyn Write {
        match self {
            Self::Temporary(file) => file,
            Self::Direct(file) => file,
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_empty = false;
        self.writer.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.get_mut().flush()
    }
}

fn temporary(target: &Path, permissions: Permissions) -> io::Result<Writer> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".caption-").permissions(permissions);
    let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    Ok(Writer::Temporary(BufWriter::new(file)))
}
