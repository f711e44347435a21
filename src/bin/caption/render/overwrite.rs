//! Overwrite check: no output replaces an input or a file that the run reads or keeps, and no two
//! outputs go to one file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::bail;
use caption::{Clip, is_audio_name, path_name};
use icu_normalizer::ComposingNormalizerBorrowed;

use super::digest;
use super::output_file::follow_links;
use crate::platform::{self, hard_link_id};

/// All files of a run. Two paths are the same file if they resolve to the same path, through links;
/// a file that does not exist yet is identified by its folder and name. Names that may be the same
/// are compared by the file system itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct OverwriteCheck {
    folders: HashMap<PathBuf, PathBuf>,
    uses: HashMap<u128, UsedPath>,
    /// Files with several names, except sidecars: replacing one name leaves the others.
    hard_links: HashMap<(u64, u64), Use>,
}

#[derive(Debug, Clone)]
struct UsedPath {
    /// Resolved path; `None` if it equals its normalised form.
    path: Option<Box<Path>>,
    used_as: Use,
}

#[derive(Debug, Clone)]
enum Use {
    Input,
    /// File that the run reads, with its meaning.
    Read(&'static str),
    /// Output, with its option.
    Output(&'static str),
    /// Sidecar, with the name of its input.
    Sidecar(String),
}

impl OverwriteCheck {
    /// Adds an input.
    pub(crate) fn add_input(&mut self, path: &Path) {
        self.insert(path, Use::Input);
    }

    /// Adds another file that the run reads, with its meaning.
    pub(crate) fn add_read(&mut self, path: &Path, meaning: &'static str) {
        self.insert(path, Use::Read(meaning));
    }

    /// Adds a file that an option names as an output. Fails if it would overwrite a file of the
    /// run, or audio of any kind: by its name or its content.
    pub(crate) fn add_output(&mut self, path: &Path, option: &'static str) -> anyhow::Result<()> {
        if path.is_file() && Clip::open(path).is_ok() {
            return overwrites_input(&path_name(path));
        }
        self.add_written(path, Use::Output(option))
    }

    /// Adds a sidecar of the named input. Fails if it would overwrite a file of the run, or has the
    /// name of an audio file.
    pub(crate) fn add_sidecar(&mut self, path: &Path, input: &str) -> anyhow::Result<()> {
        self.add_written(path, Use::Sidecar(input.to_owned()))
    }

    fn add_written(&mut self, path: &Path, used_as: Use) -> anyhow::Result<()> {
        if let Some(reason) = platform::unusable_name(path) {
            bail!("no name for an output ({reason}): {}", path_name(path));
        }
        let (resolved, other) = self.insert(path, used_as.clone());
        if matches!(other, Some(Use::Input)) || is_audio_name(path) || is_audio_name(&resolved) {
            return overwrites_input(&name(path, &resolved));
        }
        // A device or a pipe may be shared.
        let may_be_shared = platform::is_device(path) || (path.exists() && !path.is_file());
        let Some(other) = other.filter(|_| !may_be_shared) else { return Ok(()) };
        let path = name(path, &resolved);
        match (other, used_as) {
            (Use::Sidecar(one), Use::Sidecar(other)) => bail!(
                "{one} and {other} would both be written to {path}; tell them apart: --sidecar='{{name}}.{{ext}}'"
            ),
            (Use::Read(meaning), _) => {
                bail!("{path} would be overwritten: it is {meaning}; choose another name")
            }
            (one, other) => {
                bail!("{} and {} would both be written to {path}", one.name(), other.name())
            }
        }
    }

    /// Adds a use of a file. Returns the resolved path, and the earlier use of the same file.
    fn insert(&mut self, path: &Path, used_as: Use) -> (PathBuf, Option<Use>) {
        let resolved = self.resolve(path);
        let hard_link = hard_link_id(&resolved);
        let mut other = hard_link.and_then(|id| self.hard_links.get(&id).cloned());
        if let Some(id) = hard_link.filter(|_| !matches!(used_as, Use::Sidecar(_))) {
            self.hard_links.insert(id, used_as.clone());
        }
        let normalized = normalize(&resolved);
        let is_normal = resolved.as_os_str() == normalized.as_str();
        // Names that the file system tells apart have the following numbers.
        for number in 0_u32.. {
            let key = digest(format!("{number} {normalized}").as_bytes());
            match self.uses.entry(key) {
                Entry::Occupied(mut entry) => {
                    let path = entry.get().path.as_deref().unwrap_or(Path::new(&normalized));
                    if is_one_file(path, &resolved) {
                        other = Some(std::mem::replace(&mut entry.get_mut().used_as, used_as));
                        break;
                    }
                }
                Entry::Vacant(entry) => {
                    let path = (!is_normal).then(|| resolved.clone().into_boxed_path());
                    entry.insert(UsedPath { path, used_as });
                    break;
                }
            }
        }
        (resolved, other)
    }

    /// Follows all links, also one to a file that does not exist yet.
    fn resolve(&mut self, path: &Path) -> PathBuf {
        self.resolve_parent(&follow_links(path))
    }

    fn resolve_parent(&mut self, path: &Path) -> PathBuf {
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder =
            self.folders.entry(folder.to_owned()).or_insert_with(|| resolve_folder(folder));
        folder.join(path.file_name().unwrap_or_default())
    }
}

impl Use {
    fn name(&self) -> String {
        match self {
            Self::Input => "an input".to_owned(),
            Self::Read(meaning) => (*meaning).to_owned(),
            Self::Output(option) => (*option).to_owned(),
            Self::Sidecar(input) => format!("the sidecar of {input}"),
        }
    }
}

/// True if both paths are the same file, which need not exist.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let mut check = OverwriteCheck::default();
    check.resolve(one) == check.resolve(other)
}

/// Form of a path that is the same for all that some file system takes for one: without case, and
/// with accents composed.
fn normalize(path: &Path) -> String {
    let path = path.to_string_lossy();
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(&path.to_lowercase()).into_owned()
}

/// True if the file system takes two resolved paths for one. Paths that cannot be created are
/// different.
fn is_one_file(one: &Path, other: &Path) -> bool {
    one == other || is_one_name(one, other).unwrap_or(false)
}

/// Creates the first path in a temporary folder and looks for the other.
fn is_one_name(one: &Path, other: &Path) -> io::Result<bool> {
    let mut common = one.ancestors().filter(|folder| other.starts_with(folder) && folder.is_dir());
    let folder = common.next().ok_or(io::ErrorKind::NotFound)?;
    let probe = tempfile::Builder::new().prefix(".caption-").tempdir_in(folder)?;
    let within = |path: &Path| path.strip_prefix(folder).map(|path| probe.path().join(path));
    let (one, other) = (within(one), within(other));
    let (Ok(one), Ok(other)) = (one, other) else { return Ok(false) };
    fs::create_dir_all(one.parent().unwrap_or(folder))?;
    File::create(&one)?;
    Ok(other.exists())
}

fn resolve_folder(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let resolved = folder.canonicalize().or_else(|_| std::path::absolute(folder));
    resolved.unwrap_or_else(|_| folder.to_owned())
}

/// Name of a path, and of the file that it links to.
fn name(path: &Path, resolved: &Path) -> String {
    let name = path_name(path);
    if path.is_symlink() { format!("{name} (a link to {})", path_name(resolved)) } else { name }
}

fn overwrites_input(name: &str) -> anyhow::Result<()> {
    bail!("the output would overwrite audio: {name}; choose another name")
}
