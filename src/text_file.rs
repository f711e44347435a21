//! Text files that are opened by their name: settings, ignore files, lists, keys, certificates.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::platform;

/// Length of a block in bytes.
const BLOCK_LEN: u64 = 4096;

/// Text file that is open for reading.
///
/// Its name may lead anywhere, since others may have made the folder: the type of the file is that
/// of the open file, and its length is the number of bytes that can be read.
#[derive(Debug)]
pub struct TextFile(File);

impl TextFile {
    /// Opens a regular file. A named pipe or a device is an error and is not waited for.
    ///
    /// Fails with [`io::ErrorKind::InvalidInput`] for a file of another type.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = platform::open(path).map_err(|error| match path.metadata() {
            // Folders and sockets cannot be opened on all systems.
            Ok(metadata) if !metadata.is_file() => {
                not_regular(platform::describe(metadata.file_type()))
            }
            _ => error,
        })?;
        Self::of_regular(file)
    }

    /// Opens a regular file for reading and appending, and creates it if it does not exist. Fails
    /// like [`open`](Self::open).
    pub(crate) fn open_to_append(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        Self::of_regular(platform::open_with(options, path)?)
    }

    /// Opens a file that the user named. It may also be a pipe or a device.
    ///
    /// Fails with [`io::ErrorKind::InvalidInput`] for a folder.
    pub fn open_any(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path)?;
        match platform::irregular(&file)? {
            Some(what @ platform::FOLDER) => Err(not_regular(what)),
            _ => Ok(Self(file)),
        }
    }

    fn of_regular(file: File) -> io::Result<Self> {
        platform::irregular(&file)?.map_or(Ok(Self(file)), |what| Err(not_regular(what)))
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.0
    }

    /// Returns the open file, to be read without a limit.
    pub fn into_file(self) -> File {
        self.0
    }

    /// Reads the whole file. Fails with [`io::ErrorKind::FileTooLarge`] after `max_len` bytes.
    pub fn read(self, max_len: u64) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        // In whole blocks, since some files of the system cannot be read otherwise.
        self.0.take((max_len / BLOCK_LEN + 1) * BLOCK_LEN).read_to_end(&mut text)?;
        if text.len() as u64 > max_len {
            let reason = format!("more than {} kB", max_len >> 10);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(text)
    }
}

fn not_regular(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{what}, not a file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_maximum_length_is_read_and_a_longer_one_is_not() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        for (len, is_read) in [(0, true), (1024, true), (1025, false)] {
            std::fs::write(&path, vec![b'x'; len]).unwrap();
            let text = TextFile::open(&path).unwrap().read(1024);
            assert_eq!(text.ok().map(|text| text.len()), is_read.then_some(len));
        }
    }

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let error = TextFile::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "a folder, not a file");
        let error = TextFile::open(folder.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
