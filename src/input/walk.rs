//! Folders and globs.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;

use globset::{GlobBuilder, GlobMatcher};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder};

use super::{Input, InputError, InputResult, Source};
use crate::error::{Error, Setting};

/// What a folder is searched for: file extensions that stand for sound, without their dot. A
/// file that is named needs none of them.
const EXTENSIONS: [&str; 25] = [
    "3gp", "3gpp", "aac", "aif", "aifc", "aiff", "alac", "amr", "caf", "flac", "gsm", "m4a", "m4b",
    "mka", "mp1", "mp2", "mp3", "oga", "ogg", "opus", "spx", "wav", "wave", "weba", "wv",
];

/// What makes a path a pattern.
const META: [char; 4] = ['*', '?', '[', '{'];

/// What an operand leads to, found while it is asked for.
pub type InputIter = Box<dyn Iterator<Item = InputResult> + Send>;

/// How folders and globs are searched.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Search {
    /// Whether files and folders whose name starts with a dot are looked at.
    pub hidden: bool,
    /// Whether `.gitignore` and `.ignore` files are passed over in folders.
    pub no_ignore: bool,
    /// Globs of what to leave out, as in a `.gitignore`.
    pub exclude: Vec<String>,
}

impl Search {
    /// Fails with [`Error::Invalid`] where a glob to exclude cannot be understood.
    pub fn check(&self) -> Result<(), Error> {
        self.excluded(Path::new(".")).map(drop)
    }

    /// The recordings that an operand leads to: those in a folder or matched by a glob, sorted by
    /// name, or the one it names.
    ///
    /// Fails with [`Error::Invalid`].
    pub fn expand(&self, input: Input) -> Result<InputIter, Error> {
        match &input.source {
            Source::File(path) if !path.exists() && is_glob(path) => {
                self.glob(&path.to_string_lossy())
            }
            _ => self.expand_folder(input),
        }
    }

    /// As [`expand`](Self::expand), for names that are never globs.
    pub fn expand_folder(&self, input: Input) -> Result<InputIter, Error> {
        match &input.source {
            Source::File(path) if path.is_dir() => self.folder(path.clone()),
            _ => Ok(Box::new(std::iter::once(Ok(input)))),
        }
    }

    fn folder(&self, root: PathBuf) -> Result<InputIter, Error> {
        let root = without_dot(root);
        let mut walk =
            self.walk(if root.as_os_str().is_empty() { Path::new(".") } else { &root })?;
        walk.git_ignore(!self.no_ignore)
            .git_global(!self.no_ignore)
            .git_exclude(!self.no_ignore)
            .ignore(!self.no_ignore)
            .parents(!self.no_ignore)
            .require_git(false);
        let unfit = (!self.no_ignore).then(|| pass_over_unfit(&mut walk)).into_iter().flatten();
        Ok(Box::new(
            files(&walk, is_audio_name)
                .map(move |file| {
                    let path = file?;
                    let relative_path = path.strip_prefix(&root).unwrap_or(&path).to_owned();
                    Ok(Input::file(path, relative_path))
                })
                .chain(unfit),
        ))
    }

    /// As a shell would expand it: what it matches, and what is in the folders that it matches.
    fn glob(&self, pattern: &str) -> Result<InputIter, Error> {
        let parts = Path::new(pattern).components().filter(|part| *part != Component::CurDir);
        let pattern: PathBuf = parts.collect();
        let is_hidden = |part: Component<'_>| matches!(part, Component::Normal(name) if name.as_encoded_bytes().starts_with(b"."));
        let hidden = self.hidden || pattern.components().any(is_hidden);
        let matcher = compile(&pattern.to_string_lossy())?;
        let mut walk = self.walk(&fixed_part(&pattern))?;
        walk.git_ignore(false)
            .git_global(false)
            .git_exclude(false)
            .ignore(false)
            .parents(false)
            .hidden(!hidden);
        let is_wanted = move |path: &Path| {
            let is_below = || path.ancestors().skip(1).any(|folder| matcher.is_match(folder));
            matcher.is_match(path) || (is_audio_name(path) && is_below())
        };
        Ok(Box::new(files(&walk, is_wanted).map(|file| {
            let path = file?;
            let relative_path = super::relative_path_of(&path);
            Ok(Input::file(path, relative_path))
        })))
    }

    fn walk(&self, root: &Path) -> Result<WalkBuilder, Error> {
        let mut walk = WalkBuilder::new(root);
        walk.hidden(!self.hidden)
            .overrides(self.excluded(root)?)
            .follow_links(true)
            .sort_by_file_name(Ord::cmp);
        Ok(walk)
    }

    fn excluded(&self, root: &Path) -> Result<Override, Error> {
        let mut overrides = OverrideBuilder::new(root);
        for glob in &self.exclude {
            overrides.add(&format!("!{glob}")).map_err(|e| bad_glob(glob, &e))?;
        }
        overrides.build().map_err(|e| bad_glob(&self.exclude.join(", "), &e))
    }
}

/// Longer ones are no list of what to ignore, in bytes.
const LONGEST_IGNORE: u64 = 1_000_000;

/// Passes over folders with a file of what to ignore that is none, a pipe or a device for one, and
/// tells of them once the walk is through.
fn pass_over_unfit(walk: &mut WalkBuilder) -> impl Iterator<Item = InputResult> + Send + use<> {
    let (sender, unfit) = mpsc::channel();
    walk.filter_entry(move |entry| {
        let is_unfit = |name: &&str| {
            let file = entry.path().join(name).metadata();
            file.is_ok_and(|file| !file.is_file() || file.len() > LONGEST_IGNORE)
        };
        let name = [".gitignore", ".ignore"].iter().find(|name| is_unfit(name));
        if let Some(name) = name {
            let name = without_dot(entry.path().join(name)).to_string_lossy().into_owned();
            let reason = "no list of what to ignore, so its folder is passed over";
            // Nobody waits for it only where the walk is given up.
            let _ = sender.send(InputError::new(name, Error::Unreadable(io::Error::other(reason))));
        }
        name.is_none()
    });
    std::iter::from_fn(move || unfit.try_recv().ok().map(Err))
}

/// The wanted files that a walk comes by, and what it could not look into.
fn files<W: Fn(&Path) -> bool + Send>(
    walk: &WalkBuilder,
    is_wanted: W,
) -> impl Iterator<Item = Result<PathBuf, InputError>> + Send + use<W> {
    walk.build().filter_map(move |entry| match entry {
        Ok(entry) if is_file(&entry) => {
            Some(without_dot(entry.into_path())).filter(|path| is_wanted(path)).map(Ok)
        }
        Ok(_) => None,
        Err(error) => lost(error, &is_wanted).map(Err),
    })
}

fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file())
}

/// A folder that could not be opened, or a wanted file that a link promised; links that lead in a
/// circle are neither.
fn lost(error: ignore::Error, is_wanted: impl Fn(&Path) -> bool) -> Option<InputError> {
    let path = match &error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::WithDepth { err, .. } => match err.as_ref() {
            ignore::Error::WithPath { path, .. } => path.clone(),
            _ => return None,
        },
        _ => return None,
    };
    let (path, error) = (without_dot(path), error.into_io_error()?);
    let is_dangling = error.kind() == io::ErrorKind::NotFound;
    let is_ours = !is_dangling || is_wanted(&path);
    is_ours.then(|| InputError::new(path.to_string_lossy().into_owned(), Error::Unreadable(error)))
}

/// `./a.wav` is `a.wav` to everybody but the walker.
fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}

/// Whether the name is one that sounds have.
pub fn is_audio_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

fn compile(pattern: &str) -> Result<GlobMatcher, Error> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|e| bad_glob(pattern, &e))
}

/// Whether an operand may lead to several inputs: a folder, or a glob that is no file's name.
pub fn leads_to_several(operand: &OsStr) -> bool {
    let path = Path::new(operand);
    let is_url = operand.to_str().is_some_and(|operand| operand.contains("://"));
    path.is_dir() || (is_glob(path) && !is_url && !path.exists())
}

fn is_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains(META))
}

/// The folders before the first one that is a pattern.
fn fixed_part(pattern: &Path) -> PathBuf {
    let fixed: PathBuf = pattern
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(META))
        .collect();
    if fixed.as_os_str().is_empty() { ".".into() } else { fixed }
}

fn bad_glob(glob: &str, error: &dyn std::error::Error) -> Error {
    Error::invalid(Setting::Glob, glob, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_starts_below_what_is_no_pattern() {
        for (pattern, fixed) in
            [("*.wav", "."), ("a/b/*.wav", "a/b"), ("/x/**/y", "/x"), ("a/{b,c}/d.wav", "a")]
        {
            assert_eq!(fixed_part(Path::new(pattern)), Path::new(fixed), "{pattern}");
        }
    }
}
