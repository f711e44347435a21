//! Sidecars: a file per input and format, beside the input or in the same tree of another folder.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use caption::{Error, Input, Outcome, Source, TextFile, path_name};

use super::output_file::OutputFile;
use super::overwrite::OverwriteCheck;
use super::project_folder::is_within;
use super::{FormatKind, RenderOptions};

/// Larger files are not blank, in bytes.
const MAX_BLANK: u64 = 4096;

/// Difference of two times that means nothing: that of FAT, and of a checkout of both files.
const TIME_RESOLUTION: Duration = Duration::from_secs(2);

/// Paths, formats and options of sidecars.
pub(crate) struct Sidecars {
    /// Pattern of names, in which `{stem}` is `song`, `{name}` is `song.mp3` and `{ext}` is the
    /// extension of the format.
    pub(crate) pattern: String,
    /// Folder in which the tree of the inputs is mirrored; `None` for sidecars beside the inputs.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) formats: Vec<FormatKind>,
    pub(crate) options: RenderOptions,
    /// True if existing files are written anew.
    pub(crate) overwrites: bool,
    /// True if cached captions are requested again.
    pub(crate) refreshes: bool,
    /// Folder that they must stay in, if a project asks for them.
    pub(crate) limit: Option<PathBuf>,
}

/// What is to be done for an input with sidecars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SidecarPlan {
    /// All sidecars are there and kept.
    Skip,
    /// All sidecars are there. They are written anew if the caption is cached, and nothing is sent.
    Rewrite {
        /// True if one is older than its audio.
        is_stale: bool,
    },
    /// A sidecar is missing, or all are wanted anew.
    Caption,
}

/// State of one sidecar, the most important last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SidecarState {
    Done,
    /// Older than its audio.
    Stale,
    /// Not there, or without a word in it.
    Missing,
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

    /// What is to be done for an input.
    pub(crate) fn plan(&self, input: &Input) -> SidecarPlan {
        let states = self.paths(input).map(|(_, path)| state(&path, input));
        let state = states.max().unwrap_or(SidecarState::Missing);
        match state {
            SidecarState::Missing => SidecarPlan::Caption,
            _ if self.overwrites && self.refreshes => SidecarPlan::Caption,
            SidecarState::Stale => SidecarPlan::Rewrite { is_stale: true },
            SidecarState::Done if self.overwrites => SidecarPlan::Rewrite { is_stale: false },
            SidecarState::Done => SidecarPlan::Skip,
        }
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
                    bail!("caption.toml: {} leads out of the project", path_name(&path));
                }
            }
        }
        Ok(())
    }

    /// Creates missing folders, and removes what killed runs left there.
    ///
    /// Fails with [`Error::Unwritable`] if a sidecar could not be written later.
    pub(crate) fn prepare<'a>(&self, inputs: impl Iterator<Item = &'a Input>) -> Result<(), Error> {
        let mut folders = HashSet::new();
        let paths = inputs.flat_map(|input| self.paths(input).map(move |(_, path)| (path, input)));
        for (path, input) in paths {
            OutputFile::check(&path)?;
            if self.overwrites || state(&path, input) != SidecarState::Done {
                OutputFile::check_replaceable(&path)?;
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            if folders.insert(folder) {
                create_folder(&path)?;
                drop(OutputFile::create_unchecked(&path)?);
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
            if !self.overwrites && state(&path, input) == SidecarState::Done {
                continue;
            }
            create_folder(&path)?;
            self.write_one(format, &path, outcome)
                .map_err(|source| Error::Unwritable { path, source })?;
        }
        Ok(())
    }

    fn write_one(&self, format: FormatKind, path: &Path, outcome: &Outcome) -> io::Result<()> {
        let mut file = OutputFile::open(path)?;
        format.renderer(&self.options).outcome(outcome, &mut file)?;
        file.commit()
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

fn state(path: &Path, input: &Input) -> SidecarState {
    let Ok(sidecar) = path.metadata() else { return SidecarState::Missing };
    // A folder of that name is an error when it is written.
    if !sidecar.is_file() || is_blank(path, sidecar.len()) {
        return SidecarState::Missing;
    }
    let Source::File(audio) = &input.source else { return SidecarState::Done };
    let modified = |metadata: io::Result<fs::Metadata>| metadata.and_then(|file| file.modified());
    match (modified(Ok(sidecar)), modified(audio.metadata())) {
        (Ok(sidecar), Ok(audio)) if sidecar + TIME_RESOLUTION < audio => SidecarState::Stale,
        _ => SidecarState::Done,
    }
}

/// True if a file holds nothing but white space, a byte order mark and the NUL bytes of a crash.
fn is_blank(path: &Path, len: u64) -> bool {
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0';
    let read = || TextFile::open(path)?.read(MAX_BLANK);
    let is_blank_text =
        |text: Vec<u8>| str::from_utf8(&text).is_ok_and(|text| text.chars().all(is_blank));
    len <= MAX_BLANK && read().is_ok_and(is_blank_text)
}

/// Creates the folder of a file.
fn create_folder(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .map_err(|source| Error::Unwritable { path: folder.to_owned(), source })?;
    }
    Ok(())
}
