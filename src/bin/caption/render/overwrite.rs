//! Overwrite check: no output replaces an input or a file that the run reads, and no two outputs go
//! to one file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use caption::{Clip, is_audio_name, path_name};

use super::digest;

/// All files of a run. Two paths are the same file if they resolve to the same path, through links;
/// a file that does not exist yet is identified by its folder and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct OverwriteCheck {
    folders: HashMap<PathBuf, PathBuf>,
    uses: HashMap<u128, Use>,
}

#[derive(Debug, Clone)]
enum Use {
    Input,
    Read,
    /// Output, with the name of its input for a sidecar.
    Output(Option<String>),
}

impl OverwriteCheck {
    /// Adds an input.
    pub(crate) fn add_input(&mut self, path: &Path) {
        let id = id(&self.resolve(path));
        self.uses.insert(id, Use::Input);
    }

    /// Adds another file that the run reads.
    pub(crate) fn add_read(&mut self, path: &Path) {
        let id = id(&self.resolve(path));
        self.uses.entry(id).or_insert(Use::Read);
    }

    /// Adds an output: a sidecar of the named input, or a file that an option names. Fails if it
    /// would overwrite a file, or audio of any kind: by its name, and for options by its content.
    pub(crate) fn add_output(
        &mut self,
        path: &Path,
        sidecar_of: Option<&str>,
    ) -> anyhow::Result<()> {
        if sidecar_of.is_none() && path.is_file() && Clip::open(path).is_ok() {
            return overwrites_input(path);
        }
        let resolved = self.resolve(path);
        let other = self.uses.insert(id(&resolved), Use::Output(sidecar_of.map(str::to_owned)));
        if matches!(other, Some(Use::Input)) || is_audio_name(path) || is_audio_name(&resolved) {
            return overwrites_input(path);
        }
        // A device or a pipe may be shared.
        let Some(other) = other.filter(|_| path.is_file() || !path.exists()) else { return Ok(()) };
        let path = path_name(path);
        match (other, sidecar_of) {
            (Use::Output(Some(one)), Some(other)) => bail!(
                "{one} and {other} would both be written to {path}; tell them apart: --sidecar='{{name}}.{{ext}}'"
            ),
            (Use::Output(_), _) => bail!("two things would be written to {path}"),
            _ => bail!("{path} is read and would be written over"),
        }
    }

    fn resolve(&mut self, path: &Path) -> PathBuf {
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder =
            self.folders.entry(folder.to_owned()).or_insert_with(|| resolve_folder(folder));
        let resolved = folder.join(path.file_name().unwrap_or_default());
        if resolved.is_symlink() { resolved.canonicalize().unwrap_or(resolved) } else { resolved }
    }
}

/// True if both paths are the same file, which need not exist.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let mut check = OverwriteCheck::default();
    check.resolve(one) == check.resolve(other)
}

/// True if no link on the way to a path leads out of a folder.
pub(crate) fn is_within(path: &Path, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(folder) = folder.canonicalize() else { return false };
    // A path that does not exist yet will be in its nearest folder; a dangling link exists.
    let mut existing = path.ancestors().filter(|part| part.symlink_metadata().is_ok());
    let nearest = existing.next().map(Path::canonicalize);
    nearest.is_none_or(|path| path.is_ok_and(|path| path.starts_with(&folder)))
}

fn resolve_folder(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let resolved = folder.canonicalize().or_else(|_| std::path::absolute(folder));
    resolved.unwrap_or_else(|_| folder.to_owned())
}

/// Hash of a path, which takes less memory than the path of each of many inputs.
fn id(resolved: &Path) -> u128 {
    digest(resolved.as_os_str().as_encoded_bytes())
}

fn overwrites_input(path: &Path) -> anyhow::Result<()> {
    bail!("a caption is never written over a sound: {}; give it another name", path_name(path))
}
