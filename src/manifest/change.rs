//! Changes of a manifest from outside while a run adds to it.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use crate::platform;

use crate::path_name::path_name;

/// Change of the file by another program, other than lines at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The path leads to no file.
    Removed,
    /// The path leads to another file.
    Replaced,
    /// Lines in the file are gone or have moved.
    Rewritten,
}

impl Change {
    /// Compares the open file with the one that its path leads to now.
    pub(super) fn of_path(
        path: &Path,
        file: &File,
        of_file: &Metadata,
    ) -> io::Result<Option<Self>> {
        match path.metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Some(Self::Removed)),
            Err(e) => Err(e),
            // Opening a named pipe would wait.
            Ok(metadata) if !metadata.is_file() => Ok(Some(Self::Replaced)),
            Ok(metadata) => {
                let is_same = platform::is_same_file(path, &metadata, file, of_file)?;
                Ok((!is_same).then_some(Self::Replaced))
            }
        }
    }

    /// Describes the change and its effect.
    pub(super) fn describe(self, path: &Path, lost: usize) -> String {
        let change = match self {
            Self::Removed => "removed during the run; it was created again with its captions",
            Self::Replaced => "replaced during the run; the captions of the run were added to it",
            Self::Rewritten => {
                "changed from outside during the run; the captions of the run were added again"
            }
        };
        let lost = match lost {
            0 => String::new(),
            lost => format!(", but for {lost} that cannot be read any more"),
        };
        format!("the manifest {} was {change}{lost}", path_name(path))
    }
}
