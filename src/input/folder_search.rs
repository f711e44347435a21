//! Search of folders and globs for audio files.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};

use super::folder_walk::{Excluded, FolderWalk, files, filter, without_dot};
use super::omitted::Omitted;
use super::{Input, InputError, InputResult, Source};
use crate::error::Error;
use crate::glob::{self, fixed_part, is_glob, matcher};
use crate::platform::lock;

/// File extensions that a folder is searched for. A file that is named needs none of them.
const AUDIO_EXTENSIONS: [&str; 49] = [
    "3ga", "3gp", "3gpp", "aac", "ac3", "adts", "aif", "aifc", "aiff", "alac", "amr", "ape", "au",
    "awb", "bwf", "caf", "dff", "dsf", "dts", "eac3", "flac", "gsm", "m4a", "m4b", "m4r", "mka",
    "mp1", "mp2", "mp3", "mpa", "mpc", "mpga", "oga", "ogg", "opus", "ra", "rf64", "rifx", "snd",
    "spx", "tak", "tta", "voc", "w64", "wav", "wave", "weba", "wma", "wv",
];

/// Audio left out, shared by a search and its walks.
type SharedOmitted = Arc<Mutex<Omitted>>;

type BoxIter = Box<dyn Iterator<Item = InputResult> + Send>;

/// Search of folders and globs for audio files.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FolderSearch {
    /// True to include files and folders whose name starts with a dot.
    pub hidden: bool,
    /// True to follow links that lead out of the folder that is searched.
    pub follow: bool,
    /// True to search folders without regard to `.gitignore` and `.ignore` files.
    pub no_ignore: bool,
    /// Globs of files and folders to leave out, in the syntax of a `.gitignore`.
    pub exclude: Vec<String>,
    /// Globs of `exclude` that [`has_excluded`](Self::has_excluded) tells of.
    pub watched_exclude: Vec<String>,
    omitted: SharedOmitted,
}

impl FolderSearch {
    /// Includes files and folders whose name starts with a dot.
    #[must_use]
    pub fn hidden(self, hidden: bool) -> Self {
        Self { hidden, ..self }
    }

    /// Follows links that lead out of the folder that is searched.
    #[must_use]
    pub fn follow(self, follow: bool) -> Self {
        Self { follow, ..self }
    }

    /// Searches folders without regard to `.gitignore` and `.ignore` files.
    #[must_use]
    pub fn no_ignore(self, no_ignore: bool) -> Self {
        Self { no_ignore, ..self }
    }

    /// Leaves out files and folders that match a glob, in the syntax of a `.gitignore`.
    #[must_use]
    pub fn exclude(mut self, glob: impl Into<String>) -> Self {
        self.exclude.push(glob.into());
        self
    }

    /// Fails with [`Error::Invalid`] if a glob of `exclude` cannot be parsed.
    pub fn check(&self) -> Result<(), Error> {
        overrides(Path::new("."), &self.exclude).map(drop)
    }

    /// One line for each reason why audio in the folders searched so far, by this value and its
    /// clones, was left out.
    pub fn omitted(&self) -> Vec<String> {
        lock(&self.omitted).notes()
    }

    /// True if a glob of [`watched_exclude`](Self::watched_exclude) left something out of the folders
    /// searched so far.
    pub fn has_excluded(&self, glob: &str) -> bool {
        lock(&self.omitted).is_excluding(glob)
    }

    /// Returns the inputs of an operand: the files in a folder or matched by a glob, sorted by
    /// name, or the operand itself. Only files with an [audio name](is_audio_name) are found in
    /// folders. A folder or glob without audio yields one [`Error::NothingFound`]; a folder that
    /// cannot be read is an item too. Folders are read while the result is iterated: within async
    /// code, do that on a thread of the blocking pool.
    ///
    /// Fails with [`Error::Invalid`] if the glob, or one of `exclude`, cannot be parsed.
    pub fn expand(
        &self,
        input: Input,
    ) -> Result<Box<dyn Iterator<Item = Result<Input, InputError>> + Send>, Error> {
        match &input.source {
            Source::File(path) if !path.exists() && is_glob(path) => {
                let pattern = path.clone();
                self.glob(input, &pattern)
            }
            _ => self.expand_folder(input),
        }
    }

    /// Returns the files in a folder, or the input itself. Unlike [`expand`](Self::expand), it
    /// never reads a name as a glob.
    ///
    /// Fails with [`Error::Invalid`] if a glob of `exclude` cannot be parsed.
    pub fn expand_folder(
        &self,
        input: Input,
    ) -> Result<Box<dyn Iterator<Item = Result<Input, InputError>> + Send>, Error> {
        match &input.source {
            Source::File(path) if path.is_dir() => {
                let folder = path.clone();
                self.folder(input, folder)
            }
            _ => Ok(Box::new(std::iter::once(Ok(input)))),
        }
    }

    fn folder(&self, input: Input, folder: PathBuf) -> Result<BoxIter, Error> {
        let root = without_dot(folder);
        let start = if root.as_os_str().is_empty() { ".".into() } else { root.clone() };
        let omitted = Arc::default();
        let mut walk = self.walk(&start, &omitted)?;
        walk.hidden(!self.hidden);
        let found = FolderWalk::new(&walk, root, &start, self.no_ignore, Arc::clone(&omitted));
        Ok(self.or_nothing_found(found, input, omitted))
    }

    /// Expands a glob like a shell, and searches the folders that it matches.
    ///
    /// Without a `*`, it is more likely a name: the input itself is returned if nothing matches.
    fn glob(&self, input: Input, pattern: &Path) -> Result<BoxIter, Error> {
        let parts = pattern.components().filter(|part| *part != Component::CurDir);
        let pattern: PathBuf = parts.collect();
        let is_name = !pattern.to_string_lossy().contains('*');
        let fixed = fixed_part(&pattern);
        let matcher = match matcher(&pattern, &fixed) {
            Err(_) if is_name => return Ok(Box::new(std::iter::once(Ok(input)))),
            matcher => matcher?,
        };
        let is_hidden = |part: Component<'_>| matches!(part, Component::Normal(name) if name.as_encoded_bytes().starts_with(b"."));
        let hidden = self.hidden || pattern.components().any(is_hidden);
        let omitted = Arc::default();
        let mut walk = self.walk(&fixed, &omitted)?;
        walk.hidden(!hidden);
        let is_wanted = move |path: &Path| {
            let is_below = || path.ancestors().skip(1).any(|folder| matcher.is_match(folder));
            matcher.is_match(path) || (is_audio_name(path) && is_below())
        };
        let found = files(&walk, fixed, is_wanted).map(|file| {
            let path = file?;
            let relative_path = super::relative_path(&path);
            Ok(Input::file(path, relative_path))
        });
        if is_name {
            return Ok(or_if_empty(found, || Ok(input)));
        }
        Ok(self.or_nothing_found(found, input, omitted))
    }

    fn walk(&self, root: &Path, omitted: &SharedOmitted) -> Result<WalkBuilder, Error> {
        let mut walk = WalkBuilder::new(root);
        walk.standard_filters(false).follow_links(true).sort_by_file_name(Ord::cmp);
        let watched: Result<Vec<_>, Error> = self
            .watched_exclude
            .iter()
            .map(|glob| Ok((glob.clone(), overrides(root, std::slice::from_ref(glob))?)))
            .collect();
        let excluded = Excluded { all: overrides(root, &self.exclude)?, watched: watched? };
        filter(&mut walk, root, excluded, self.follow, Arc::clone(omitted));
        Ok(walk)
    }

    /// Adds an error to a search without audio, and counts what it left out.
    fn or_nothing_found(
        &self,
        found: impl Iterator<Item = InputResult> + Send + 'static,
        input: Input,
        omitted: SharedOmitted,
    ) -> BoxIter {
        let (all, of_this) = (Arc::clone(&self.omitted), Arc::clone(&omitted));
        let found = or_if_empty(found, move || {
            let omitted = lock(&omitted).notes();
            Err(InputError::new(input.name, Error::NothingFound { omitted }))
        });
        // Runs once, at the end of the search.
        let count = move || {
            lock(&all).merge(&lock(&of_this));
            None
        };
        Box::new(found.chain(std::iter::once_with(count).flatten()))
    }
}

/// Matcher of globs in the syntax of a `.gitignore`.
fn overrides(root: &Path, globs: &[String]) -> Result<Override, Error> {
    let mut overrides = OverrideBuilder::new(root);
    glob::check_all(globs)?;
    // Never fails.
    let _ = overrides.case_insensitive(glob::IGNORES_CASE);
    for pattern in globs {
        let pattern = glob::portable(pattern);
        overrides.add(&format!("!{pattern}")).map_err(|e| glob::invalid(&pattern, &e))?;
    }
    overrides.build().map_err(|e| glob::invalid(&globs[0], &e))
}

/// Adds an item to a search without any.
fn or_if_empty(
    mut found: impl Iterator<Item = InputResult> + Send + 'static,
    item: impl FnOnce() -> InputResult + Send + 'static,
) -> BoxIter {
    let mut item = Some(item);
    let next = move || {
        let next = found.next();
        if next.is_none() {
            return item.take().map(|item| item());
        }
        item = None;
        next
    };
    Box::new(std::iter::from_fn(next).fuse())
}

/// True if the file name has the extension of an audio format.
pub fn is_audio_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        AUDIO_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

/// True if an operand may have several inputs: a folder, or a glob that is not the name of a file.
pub fn leads_to_several(operand: &OsStr) -> bool {
    let path = Path::new(operand);
    let is_url = operand.to_str().is_some_and(|operand| operand.contains("://"));
    path.is_dir() || (is_glob(path) && !is_url && !path.exists())
}
