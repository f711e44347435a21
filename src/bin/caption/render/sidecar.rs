//! Sidecars: a file per input and format, beside the input or in the same tree of another folder.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::bail;
use caption::{Error, Input, Outcome, Source};

use super::overwrite::{OverwriteCheck, is_within};
use super::sink::OutputFile;
use super::{FormatKind, RenderOptions};

/// Paths, formats and options of sidecars.
pub(crate) struct Sidecars {
    /// Pattern of names, in which `{stem}` is `song`, `{name}` is `song.mp3` and `{ext}` is the
    /// extension of the format.
    pub(crate) pattern: String,
    /// Folder in which the tree of the inputs is mirrored; `None` for sidecars beside the inputs.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) formats: Vec<FormatKind>,
    pub(crate) options: RenderOptions,
    /// True if existing files are replaced.
    pub(crate) force: bool,
    /// Folder that they must stay in, if a project asks for them.
    pub(crate) limit: Option<PathBuf>,
}

impl Sidecars {
    pub(crate) const DEFAULT_PATTERN: &str = "{stem}.{ext}";

    /// Fails if the pattern has another placeholder, or gives all inputs the same name.
    pub(crate) fn check_pattern(&self) -> anyhow::Result<()> {
        let pattern = &self.pattern;
        let rest = ["{stem}", "{name}", "{ext}"]
            .iter()
            .fold(pattern.clone(), |rest, placeholder| rest.replace(placeholder, ""));
        let reason = if rest.contains(['{', '}']) {
            "only {stem}, {name} and {ext} are known"
        } else if !pattern.contains("{stem}") && !pattern.contains("{name}") {
            "without {stem} or {name} all captions would go to one file"
        } else {
            return Ok(());
        };
        bail!(
            "not a usable pattern ({reason}): {pattern}; a pattern is such as {{stem}}.{{ext}} or {{name}}.txt"
        );
    }

    /// True if all sidecars of an input exist and are kept.
    pub(crate) fn exist(&self, input: &Input) -> bool {
        self.paths(input).all(|(_, path)| !self.is_written(&path))
    }

    /// Fails if a sidecar would overwrite an input, another sidecar or another file of the run, or
    /// leave the folder of the project that asks for it.
    pub(crate) fn check<'a>(
        &self,
        inputs: impl Iterator<Item = &'a Input> + Clone,
        mut check: OverwriteCheck,
    ) -> anyhow::Result<()> {
        for input in inputs.clone() {
            if let Source::File(path) = &input.source {
                check.add_input(path);
            }
        }
        for input in inputs {
            for (_, path) in self.paths(input) {
                check.add_sidecar(&path, &input.name)?;
                if self.limit.as_ref().is_some_and(|folder| !is_within(&path, folder)) {
                    bail!("caption.toml: {} leads out of the project", path.display());
                }
            }
        }
        Ok(())
    }

    /// Creates missing folders.
    ///
    /// Fails with [`Error::Unwritable`] if no file can be created in a folder.
    pub(crate) fn prepare<'a>(&self, inputs: impl Iterator<Item = &'a Input>) -> Result<(), Error> {
        let mut folders = HashSet::new();
        for (_, path) in inputs.flat_map(|input| self.paths(input)) {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            if self.is_written(&path) && folders.insert(folder) {
                drop(create(&path)?);
            }
        }
        Ok(())
    }

    /// Writes the caption of an outcome, if it has one.
    ///
    /// Fails with [`Error::Unwritable`].
    pub(crate) fn write(&self, outcome: &Outcome) -> Result<(), Error> {
        let (Some(input), Some(_)) = (&outcome.input, outcome.answer()) else { return Ok(()) };
        for (format, path) in self.paths(input) {
            if !self.is_written(&path) {
                continue;
            }
            let mut file = create(&path)?;
            let mut renderer = format.renderer(&self.options);
            let written = renderer.outcome(outcome, &mut file).and_then(|()| file.commit());
            written.map_err(|source| Error::Unwritable { path, source })?;
        }
        Ok(())
    }

    /// Formats and paths of the sidecars of an input.
    pub(crate) fn paths(&self, input: &Input) -> impl Iterator<Item = (FormatKind, PathBuf)> {
        let parent = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
        let folder = match (&self.folder, &input.source) {
            (Some(folder), _) => folder.join(parent(&input.relative_path)),
            (None, Source::File(path)) => parent(path),
            (None, _) => PathBuf::new(),
        };
        let input = input.relative_path.clone();
        self.formats.iter().map(move |format| (*format, folder.join(self.name(&input, *format))))
    }

    fn is_written(&self, path: &Path) -> bool {
        self.force || !path.exists()
    }

    fn name(&self, input: &Path, format: FormatKind) -> OsString {
        let value = |placeholder: &str| match placeholder {
            "stem" => input.file_stem().unwrap_or_default(),
            "name" => input.file_name().unwrap_or_default(),
            _ => OsStr::new(format.extension()),
        };
        let mut name = OsString::new();
        for part in self.pattern.split_inclusive('}') {
            match part.strip_suffix('}').and_then(|part| part.rsplit_once('{')) {
                Some((before, placeholder)) => {
                    name.push(before);
                    name.push(value(placeholder));
                }
                None => name.push(part),
            }
        }
        name
    }
}

/// Creates a file, and its folder if it is missing.
fn create(path: &Path) -> Result<OutputFile, Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|source| Error::Unwritable { path: folder.to_owned(), source })?;
    }
    OutputFile::create(path)
}
