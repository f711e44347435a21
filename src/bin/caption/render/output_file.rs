//! Files that are whole or not there: written beside their place and put there at once.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::platform;
use caption::error::Error;

/// A file that replaces what was there once it is committed; dropped before, it leaves no trace.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    place: Place,
    is_empty: bool,
}

#[derive(Debug)]
enum Place {
    Beside(BufWriter<NamedTempFile>),
    /// A device, a pipe or an open file, which nothing can replace.
    There(BufWriter<File>),
}

impl OutputFile {
    /// Fails with [`Error::Unwritable`] where the file could not be put in its place later.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let unwritable = |source| Error::Unwritable { path: path.to_owned(), source };
        // A link stays one: what it leads to is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let place = match target.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                return Err(unwritable(io::ErrorKind::IsADirectory.into()));
            }
            Ok(metadata) if !metadata.is_file() || platform::is_handle(path) => {
                let file = platform::handle(path)
                    .unwrap_or_else(|| OpenOptions::new().append(true).open(&target));
                Place::There(BufWriter::new(file.map_err(unwritable)?))
            }
            Ok(metadata) => {
                Place::Beside(beside(&target, metadata.permissions()).map_err(unwritable)?)
            }
            Err(_) => {
                Place::Beside(beside(&target, platform::usual_permissions()).map_err(unwritable)?)
            }
        };
        Ok(Self { path: target, place, is_empty: true })
    }

    /// Whether it is a terminal, which obeys what it is sent.
    pub(crate) fn is_terminal(&self) -> bool {
        match &self.place {
            Place::Beside(_) => false,
            Place::There(file) => file.get_ref().is_terminal(),
        }
    }

    /// Puts the file in its place, unless nothing was written to it.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let Self { path, place, is_empty } = self;
        let unwritable = |source| Error::Unwritable { path: path.clone(), source };
        match place {
            Place::There(mut file) => file.flush().map_err(unwritable),
            Place::Beside(_) if is_empty => Ok(()),
            Place::Beside(writer) => {
                let file = writer.into_inner().map_err(|e| unwritable(e.into_error()))?;
                file.persist(&path).map(drop).map_err(|e| unwritable(e.error))
            }
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_empty = false;
        match &mut self.place {
            Place::Beside(file) => file.write(bytes),
            Place::There(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Beside(file) => file.flush(),
            Place::There(file) => file.flush(),
        }
    }
}

fn beside(target: &Path, permissions: Permissions) -> io::Result<BufWriter<NamedTempFile>> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".caption-").permissions(permissions);
    builder.tempfile_in(folder.unwrap_or(Path::new("."))).map(BufWriter::new)
}
