//! Paths that a rule applies to.

use std::env;
use std::path::{Component, Path, PathBuf};

use globset::{GlobSet, GlobSetBuilder};

use crate::error::Error;
use crate::glob;
use crate::input::{Input, Source};
use crate::text::plain_path;

/// Globs of a rule.
#[derive(Debug, Clone)]
pub(super) struct RulePaths {
    globs: Vec<String>,
    all: GlobSet,
    /// Globs that name a folder.
    with_folder: GlobSet,
    /// Canonical folder that the globs are relative to, beside the names as given.
    base: Option<PathBuf>,
}

/// Paths of one input: its name as given, its other names, and the places where it lies.
pub(super) struct InputPaths {
    names: Vec<String>,
    /// Path below the folder that was searched.
    relative: PathBuf,
    /// Absolute paths, with and without its links.
    places: Vec<PathBuf>,
}

impl RulePaths {
    /// Fails with [`Error::Invalid`] if a glob cannot be compiled.
    pub(super) fn new(globs: &[String]) -> Result<Self, Error> {
        let set = |wanted: fn(&String) -> bool| {
            let mut set = GlobSetBuilder::new();
            for pattern in globs.iter().filter(|pattern| wanted(pattern)) {
                set.add(glob::compile(pattern)?);
            }
            let first = globs.first().map_or("", String::as_str);
            set.build().map_err(|e| glob::invalid(first, e.kind()))
        };
        let names_folder = |glob: &String| glob::portable(glob).contains('/');
        let (all, with_folder) = (set(|_| true)?, set(names_folder)?);
        Ok(Self { globs: globs.to_vec(), all, with_folder, base: None })
    }

    pub(super) fn with_base(self, base: PathBuf) -> Self {
        Self { base: Some(base), ..self }
    }

    pub(super) fn globs(&self) -> &[String] {
        &self.globs
    }

    /// True if a glob matches a name of the input, its path below the folder that was searched, or
    /// its path below the folder of the rule.
    pub(super) fn contain(&self, input: &InputPaths) -> bool {
        let is_below_base = |place: &PathBuf| {
            let base = self.base.as_deref();
            base.and_then(|base| place.strip_prefix(base).ok())
                .is_some_and(|place| self.all.is_match(place))
        };
        let is_named =
            |name: &String| self.all.is_match(name) || self.all.is_match(plain_path(name));
        input.names.iter().any(is_named)
            || self.with_folder.is_match(&input.relative)
            || input.places.iter().any(is_below_base)
    }
}

impl InputPaths {
    pub(super) fn new(input: &Input) -> Self {
        let names: Vec<_> =
            std::iter::once(&input.name).chain(&input.other_names).cloned().collect();
        let Source::File(path) = &input.source else {
            return Self { names, relative: PathBuf::new(), places: Vec::new() };
        };
        let others = input.other_names.iter().map(Path::new);
        let places = std::iter::once(path.as_path()).chain(others).flat_map(places).collect();
        Self { names, relative: input.relative_path.clone(), places }
    }
}

/// Absolute paths of a file: as named, in its canonical folder, and canonical.
fn places(path: &Path) -> Vec<PathBuf> {
    let named = env::current_dir().map(|folder| without_dots(&folder.join(path)));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let in_folder = folder.ok().and_then(|folder| Some(folder.join(path.file_name()?)));
    [named.ok(), in_folder, path.canonicalize().ok()].into_iter().flatten().collect()
}

/// Resolves `.` and `..` by name alone.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
