//! Places in the folder of a project that files may be written to because its settings say so.

use std::path::{Component, Path, PathBuf};

use crate::platform;

/// Folders whose files a version control system executes or obeys.
const VCS_FOLDERS: [&str; 5] = [".bzr", ".git", ".hg", ".jj", ".svn"];

/// True if a path only leads downward, by names that are their own, and not into the folder of a
/// version control system.
pub(crate) fn leads_inside(path: &Path) -> bool {
    let names_itself = platform::unusable_name(path).is_none() && !platform::has_short_name(path);
    names_itself
        && path.components().all(|part| match part {
            Component::Normal(_) => !has_vcs_name(part),
            part => part == Component::CurDir,
        })
}

/// True if a file of this path would lie in a folder, through all links, and not among the files of
/// a version control system there.
pub(crate) fn is_within(path: &Path, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(folder) = folder.canonicalize() else { return false };
    // A path that does not exist yet will be in its nearest folder; a dangling link exists.
    let existing = path.ancestors().find(|part| part.symlink_metadata().is_ok());
    let (place, rest) = match existing {
        Some(existing) => (existing.canonicalize(), path.strip_prefix(existing)),
        None => (Ok(folder.clone()), Ok(path)),
    };
    let (Ok(place), Ok(rest)) = (place, rest) else { return false };
    let Ok(below) = place.strip_prefix(&folder) else { return false };
    let is_of_vcs = below.components().chain(rest.components()).any(has_vcs_name)
        || folders_below(&place, below).any(|folder| is_vcs_folder(&folder));
    !is_of_vcs
}

fn has_vcs_name(part: Component<'_>) -> bool {
    VCS_FOLDERS.iter().any(|name| part.as_os_str().eq_ignore_ascii_case(name))
}

/// The path, and the folders above it up to the one that `below` is relative to.
fn folders_below(place: &Path, below: &Path) -> impl Iterator<Item = PathBuf> {
    place
        .ancestors()
        .take(below.components().count())
        .map(Path::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// True if a folder is that of a version control system by another name that the file system takes
/// for the same, or one of git that has another name.
fn is_vcs_folder(folder: &Path) -> bool {
    let is_same = |name: &&str| same_file::is_same_file(folder, folder.with_file_name(name));
    VCS_FOLDERS.iter().any(|name| is_same(name).unwrap_or(false))
        || (folder.join("HEAD").is_file()
            && ["objects", "refs"].iter().all(|name| folder.join(name).is_dir()))
}
