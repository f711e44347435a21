//! Where paths lead.

use std::path::{Component, Path};

/// Folders whose files a version control system obeys.
const OBEYED: [&str; 5] = [".bzr", ".git", ".hg", ".jj", ".svn"];

/// Whether a path has no part that leads up or elsewhere, or where no project keeps its files.
pub(crate) fn is_inside(path: &Path) -> bool {
    path.components().all(|part| match part {
        Component::Normal(name) => OBEYED.iter().all(|obeyed| !name.eq_ignore_ascii_case(obeyed)),
        part => part == Component::CurDir,
    })
}

/// Whether no link on the way to a file leads out of a folder.
pub(crate) fn is_within(path: &Path, folder: &Path) -> bool {
    let of_folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(of_folder) = of_folder.canonicalize() else { return false };
    // What is not there yet will be where its folder is; a link to nowhere is there.
    let mut there = path.ancestors().filter(|part| part.symlink_metadata().is_ok());
    let place = there.next().map(Path::canonicalize);
    place.is_none_or(|place| place.is_ok_and(|place| place.starts_with(&of_folder)))
}
