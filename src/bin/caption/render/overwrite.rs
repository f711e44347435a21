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

    /// Adds an output that an option names. Fails if it would overwrite a file, or audio of any
    /// kind: by its name or by its content.
    pub(crate) fn add_output(&mut self, path: &Path) -> anyhow::Result<()> {
        if path.is_file() && Clip::open(path).is_ok() {
            return overwrites_input(path);
        }
        self.add(path, None)
    }

    /// Adds a sidecar. Fails if it would overwrite a file, or audio by its name.
    pub(crate) fn add_sidecar(&mut self, path: &Path, input: &str) -> anyhow::Result<()> {
        self.add(path, Some(input.to_owned()))
    }

    fn add(&mut self, path: &Path, input: Option<String>) -> anyhow::Result<()> {
        let resolved = self.resolve(path);
        let other = self.uses.insert(id(&resolved), Use::Output(input.clone()));
        if matches!(other, Some(Use::Input)) || is_audio_name(path) || is_audio_name(&resolved) {
            return overwrites_input(path);
        }
        // A device or a pipe may be shared.
        let Some(other) = other.filter(|_| path.is_file() || !path.exists()) else { return Ok(()) };
        let path = path_name(path);
        match (other, input) {
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
