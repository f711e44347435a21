//! A file beside each sound, or at the same place in another folder.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{FormatKind, OutputFile, Style, digest};
use caption::error::Error;
use caption::input::{Input, Source, is_audio_name};
use caption::outcome::Outcome;

/// Where the captions of inputs are written to, and how.
#[derive(Debug, Clone)]
pub(crate) struct Sidecars {
    pattern: String,
    folder: Option<PathBuf>,
    formats: Vec<FormatKind>,
    style: Style,
    force: bool,
}

impl Sidecars {
    /// The pattern where none is given.
    pub(crate) const DEFAULT_PATTERN: &str = "{stem}.{ext}";

    /// `pattern` may hold `{stem}` (`song`), `{name}` (`song.mp3`) and `{ext}` (of the format).
    /// With `folder`, the tree of the inputs is mirrored there. With `force`, what exists is
    /// written anew.
    ///
    /// Fails with [`Error::BadPattern`].
    pub(crate) fn new(
        pattern: &str,
        folder: Option<PathBuf>,
        formats: Vec<FormatKind>,
        style: Style,
        force: bool,
    ) -> Result<Self, Error> {
        let bad = |reason| Error::BadPattern { pattern: pattern.to_owned(), reason };
        let rest = ["{stem}", "{name}", "{ext}"]
            .iter()
            .fold(pattern.to_owned(), |rest, known| rest.replace(known, ""));
        if rest.contains(['{', '}']) {
            return Err(bad("only {stem}, {name} and {ext} are known"));
        }
        if !pattern.contains("{stem}") && !pattern.contains("{name}") {
            return Err(bad("without {stem} or {name} all captions would go to one file"));
        }
        Ok(Self { pattern: pattern.to_owned(), folder, formats, style, force })
    }

    /// Whether all that would be written for the input is there.
    pub(crate) fn are_there(&self, input: &Input) -> bool {
        !self.force && self.targets(input).all(|(_, target)| target.exists())
    }

    /// Fails with [`Error::SameSidecar`] where two inputs, or two formats, would be written to one
    /// file, and with [`Error::OverwritesInput`] where one would be written over a sound.
    pub(crate) fn check<'a>(
        &self,
        inputs: impl Iterator<Item = &'a Input> + Clone,
    ) -> Result<(), Error> {
        let (mut places, mut sounds, mut taken) =
            (Places::default(), HashSet::new(), HashMap::new());
        for input in inputs.clone() {
            if let Source::File(path) = &input.source {
                sounds.insert(places.of(path));
            }
        }
        for input in inputs {
            for (_, path) in self.targets(input) {
                let place = places.of(&path);
                if is_audio_name(&path) || sounds.contains(&place) {
                    return Err(Error::OverwritesInput { path });
                }
                if let Some(one) = taken.insert(place, input.name.as_str()) {
                    let (one, other) = (one.to_owned(), input.name.clone());
                    return Err(Error::SameSidecar { path, one, other });
                }
            }
        }
        Ok(())
    }

    /// Makes the folders that are missing.
    ///
    /// Fails with [`Error::Unwritable`] where a file could not be written to its folder later.
    pub(crate) fn prepare<'a>(&self, inputs: impl Iterator<Item = &'a Input>) -> Result<(), Error> {
        let mut tried = HashSet::new();
        for (_, target) in inputs.flat_map(|input| self.targets(input)) {
            let folder = target.parent().unwrap_or(Path::new("")).to_owned();
            if self.is_to_be_written(&target) && tried.insert(folder) {
                make_parent(&target)?;
                drop(OutputFile::create(&target)?);
            }
        }
        Ok(())
    }

    /// Writes the caption of an outcome that has one.
    ///
    /// Fails with [`Error::Unwritable`].
    pub(crate) fn write(&self, outcome: &Outcome) -> Result<(), Error> {
        let (Some(input), Some(_)) = (&outcome.input, outcome.answer()) else { return Ok(()) };
        for (format, target) in self.targets(input) {
            if !self.is_to_be_written(&target) {
                continue;
            }
            make_parent(&target)?;
            let mut file = OutputFile::create(&target)?;
            format
                .writer(&self.style)
                .outcome(outcome, &mut file)
                .map_err(|source| Error::Unwritable { path: target, source })?;
            file.commit()?;
        }
        Ok(())
    }

    /// Where the captions of an input are written to.
    pub(crate) fn places(&self, input: &Input) -> impl Iterator<Item = PathBuf> {
        self.targets(input).map(|(_, target)| target)
    }

    fn is_to_be_written(&self, target: &Path) -> bool {
        self.force || !target.exists()
    }

    fn targets(&self, input: &Input) -> impl Iterator<Item = (FormatKind, PathBuf)> {
        let beside = match (&self.folder, &input.source) {
            (Some(folder), _) => folder.join(input.relative_path.parent().unwrap_or(Path::new(""))),
            (None, Source::File(path)) => path.parent().unwrap_or(Path::new("")).to_owned(),
            (None, _) => PathBuf::new(),
        };
        let place = input.relative_path.clone();
        self.formats.iter().map(move |format| (*format, beside.join(self.name(&place, *format))))
    }

    fn name(&self, place: &Path, format: FormatKind) -> OsString {
        let value = |key: &str| match key {
            "stem" => place.file_stem().unwrap_or_default(),
            "name" => place.file_name().unwrap_or_default(),
            _ => OsStr::new(format.extension()),
        };
        let mut name = OsString::new();
        for part in self.pattern.split_inclusive('}') {
            match part.strip_suffix('}').and_then(|part| part.rsplit_once('{')) {
                Some((before, key)) => {
                    name.push(before);
                    name.push(value(key));
                }
                None => name.push(part),
            }
        }
        name
    }
}

fn make_parent(target: &Path) -> Result<(), Error> {
    let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .map_err(|source| Error::Unwritable { path: folder.to_owned(), source })
}

/// Tells files apart by where they are, however they are written.
#[derive(Default)]
struct Places {
    folders: HashMap<PathBuf, PathBuf>,
}

impl Places {
    fn of(&mut self, path: &Path) -> u128 {
        let folder = path.parent().unwrap_or(Path::new(""));
        let real = self.folders.entry(folder.to_owned()).or_insert_with(|| real_folder(folder));
        digest(real.join(path.file_name().unwrap_or_default()).as_os_str().as_encoded_bytes())
    }
}

fn real_folder(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let real = folder.canonicalize().or_else(|_| std::path::absolute(folder));
    real.unwrap_or_else(|_| folder.to_owned())
}
