//! Search of folders and globs for audio files.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};

use super::{Input, InputError, InputResult, Source};
use crate::error::{Error, Setting};

/// File extensions that a folder is searched for. A file that is named needs none of them.
const AUDIO_EXTENSIONS: [&str; 25] = [
    "3gp", "3gpp", "aac", "aif", "aifc", "aiff", "alac", "amr", "caf", "flac", "gsm", "m4a", "m4b",
    "mka", "mp1", "mp2", "mp3", "oga", "ogg", "opus", "spx", "wav", "wave", "weba", "wv",
];

/// Characters that make a path a glob.
const GLOB_CHARS: [char; 4] = ['*', '?', '[', '{'];

/// Limit of the size of an ignore file in bytes.
const MAX_IGNORE_FILE: u64 = 1_000_000;

type BoxIter = Box<dyn Iterator<Item = InputResult> + Send>;

/// Search of folders and globs for audio files.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FolderSearch {
    /// True to include files and folders whose name starts with a dot.
    pub hidden: bool,
    /// True to search folders without regard to `.gitignore` and `.ignore` files.
    pub no_ignore: bool,
    /// Globs of files and folders to leave out, in the syntax of a `.gitignore`.
    pub exclude: Vec<String>,
}

impl FolderSearch {
    /// Includes files and folders whose name starts with a dot.
    #[must_use]
    pub fn hidden(self, hidden: bool) -> Self {
        Self { hidden, ..self }
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
        self.overrides(Path::new(".")).map(drop)
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
                let found = self.folder(path.clone())?;
                Ok(or_if_empty(found, nothing_found(input)))
            }
            _ => Ok(Box::new(std::iter::once(Ok(input)))),
        }
    }

    fn folder(
        &self,
        root: PathBuf,
    ) -> Result<impl Iterator<Item = InputResult> + Send + use<>, Error> {
        let root = without_dot(root);
        let start = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
        let mut walk = self.walk(start, !self.no_ignore)?;
        walk.hidden(!self.hidden).require_git(false);
        let errors = (!self.no_ignore).then(|| skip_invalid_ignore_files(&mut walk));
        let files = files(&walk, is_audio_name).map(move |file| {
            let path = file?;
            let relative_path = path.strip_prefix(&root).unwrap_or(&path).to_owned();
            Ok(Input::file(path, relative_path))
        });
        Ok(files.chain(errors.into_iter().flatten()))
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
        let mut walk = self.walk(&fixed, false)?;
        walk.hidden(!hidden);
        let is_wanted = move |path: &Path| {
            let is_below = || path.ancestors().skip(1).any(|folder| matcher.is_match(folder));
            matcher.is_match(path) || (is_audio_name(path) && is_below())
        };
        let found = files(&walk, is_wanted).map(|file| {
            let path = file?;
            let relative_path = super::relative_path(&path);
            Ok(Input::file(path, relative_path))
        });
        Ok(or_if_empty(found, if is_name { Ok(input) } else { nothing_found(input) }))
    }

    fn walk(&self, root: &Path, respects_ignore_files: bool) -> Result<WalkBuilder, Error> {
        let mut walk = WalkBuilder::new(root);
        walk.standard_filters(respects_ignore_files)
            .overrides(self.overrides(root)?)
            .follow_links(true)
            .sort_by_file_name(Ord::cmp);
        Ok(walk)
    }

    fn overrides(&self, root: &Path) -> Result<Override, Error> {
        let mut overrides = OverrideBuilder::new(root);
        for glob in &self.exclude {
            overrides.add(&format!("!{glob}")).map_err(|e| bad_glob(glob, &e))?;
        }
        overrides.build().map_err(|e| bad_glob(&self.exclude.join(", "), &e))
    }
}

/// Adds an item to a search without any.
fn or_if_empty(
    mut found: impl Iterator<Item = InputResult> + Send + 'static,
    item: InputResult,
) -> BoxIter {
    let mut item = Some(item);
    let next = move || {
        let next = found.next();
        if next.is_none() {
            return item.take();
        }
        item = None;
        next
    };
    Box::new(std::iter::from_fn(next).fuse())
}

fn nothing_found(input: Input) -> InputResult {
    Err(InputError::new(input.name, Error::NothingFound))
}

/// Skips folders whose ignore file is too large, a pipe or a device. Returns an error for each of
/// them once the walk has ended.
fn skip_invalid_ignore_files(
    walk: &mut WalkBuilder,
) -> impl Iterator<Item = InputResult> + Send + use<> {
    let (sender, errors) = mpsc::channel();
    walk.filter_entry(move |entry| {
        let is_invalid = |name: &&str| {
            let file = entry.path().join(name).metadata();
            file.is_ok_and(|file| !file.is_file() || file.len() > MAX_IGNORE_FILE)
        };
        let name = [".gitignore", ".ignore"].iter().find(|name| is_invalid(name));
        if let Some(name) = name {
            let name = without_dot(entry.path().join(name)).to_string_lossy().into_owned();
            let reason = "no list of what to ignore, so its folder is passed over";
            // The receiver is gone only if the walk was abandoned.
            let _ = sender.send(InputError::new(name, Error::Unreadable(io::Error::other(reason))));
        }
        name.is_none()
    });
    std::iter::from_fn(move || errors.try_recv().ok().map(Err))
}

/// Returns the wanted files of a walk, and the folders that could not be read.
fn files<W: Fn(&Path) -> bool + Send>(
    walk: &WalkBuilder,
    is_wanted: W,
) -> impl Iterator<Item = Result<PathBuf, InputError>> + Send + use<W> {
    walk.build().filter_map(move |entry| match entry {
        Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
            Some(without_dot(entry.into_path())).filter(|path| is_wanted(path)).map(Ok)
        }
        Ok(_) => None,
        Err(error) => walk_error(error, &is_wanted).map(Err),
    })
}

/// Converts the error of a folder that could not be read or of a dangling link with a wanted name.
/// Links in a circle are no error.
fn walk_error(error: ignore::Error, is_wanted: impl Fn(&Path) -> bool) -> Option<InputError> {
    let mut inner = &error;
    while let ignore::Error::WithDepth { err, .. } = inner {
        inner = err;
    }
    let ignore::Error::WithPath { path, .. } = inner else { return None };
    let path = without_dot(path.clone());
    let error = error.into_io_error()?;
    if error.kind() == io::ErrorKind::NotFound && !is_wanted(&path) {
        return None;
    }
    Some(InputError::new(path.to_string_lossy().into_owned(), Error::Unreadable(error)))
}

/// Removes the `./` that the walk puts in front of a path.
fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
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

fn is_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains(GLOB_CHARS))
}

/// Returns the folders before the first one with a glob. A folder of that name is no glob.
fn fixed_part(pattern: &Path) -> PathBuf {
    let mut fixed = PathBuf::new();
    for part in pattern.parent().into_iter().flat_map(Path::components) {
        let path = fixed.join(part);
        if is_glob(part.as_ref()) && !path.is_dir() {
            break;
        }
        fixed = path;
    }
    if fixed.as_os_str().is_empty() { ".".into() } else { fixed }
}

/// Compiles a glob whose fixed part stands for itself.
fn matcher(pattern: &Path, fixed: &Path) -> Result<GlobMatcher, Error> {
    let glob = match pattern.strip_prefix(fixed) {
        Ok(rest) => Path::new(&globset::escape(&fixed.to_string_lossy())).join(rest),
        Err(_) => pattern.to_owned(),
    };
    let glob = GlobBuilder::new(&glob.to_string_lossy()).literal_separator(true).build();
    let glob = glob.map_err(|e| bad_glob(&pattern.to_string_lossy(), &e))?;
    Ok(glob.compile_matcher())
}

fn bad_glob(glob: &str, error: &dyn std::error::Error) -> Error {
    Error::invalid(Setting::Glob, glob, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_starts_in_the_folders_before_the_first_glob() {
        for (pattern, fixed) in
            [("*.wav", "."), ("a/b/*.wav", "a/b"), ("/x/**/y", "/x"), ("a/{b,c}/d.wav", "a")]
        {
            assert_eq!(fixed_part(Path::new(pattern)), Path::new(fixed), "{pattern}");
        }
    }
}
