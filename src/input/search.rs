//! Folders and globs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder};

use super::{Found, Input, Lost, Source};
use crate::error::Error;

/// What a folder is searched for: file extensions that stand for sound, without their dot. A
/// file that is named needs none of them.
const EXTENSIONS: [&str; 25] = [
    "3gp", "3gpp", "aac", "aif", "aifc", "aiff", "alac", "amr", "caf", "flac", "gsm", "m4a", "m4b",
    "mka", "mp1", "mp2", "mp3", "oga", "ogg", "opus", "spx", "wav", "wave", "weba", "wv",
];

/// What makes a path a pattern.
const META: [char; 4] = ['*', '?', '[', '{'];

/// What an operand leads to, found while it is asked for.
pub type FoundIter = Box<dyn Iterator<Item = Found> + Send>;

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
    /// Fails with [`Error::BadGlob`] where a glob to exclude cannot be understood.
    pub fn check(&self) -> Result<(), Error> {
        self.excluded(Path::new(".")).map(drop)
    }

    /// The recordings that an operand leads to: those in a folder or matched by a glob, sorted by
    /// name, or the one it names.
    ///
    /// Fails with [`Error::BadUrl`] or [`Error::BadGlob`].
    pub fn expand(&self, input: Input) -> Result<FoundIter, Error> {
        match &input.source {
            Source::File(path) if !path.exists() && is_glob(path) => {
                self.glob(&path.to_string_lossy())
            }
            _ => self.expand_folder(input),
        }
    }

    /// As [`expand`](Self::expand), for names that are never globs.
    pub fn expand_folder(&self, input: Input) -> Result<FoundIter, Error> {
        match &input.source {
            Source::File(path) if path.is_dir() => self.folder(path.clone()),
            _ => Ok(Box::new(std::iter::once(Ok(input)))),
        }
    }

    fn folder(&self, root: PathBuf) -> Result<FoundIter, Error> {
        let mut walk = self.walk(&root)?;
        walk.git_ignore(!self.no_ignore)
            .git_global(!self.no_ignore)
            .git_exclude(!self.no_ignore)
            .ignore(!self.no_ignore)
            .parents(!self.no_ignore)
            .require_git(false);
        let found = files(&walk).filter_map(move |file| match file {
            Ok(path) if !is_audio(&path) => None,
            Ok(path) => {
                let place = path.strip_prefix(&root).unwrap_or(&path).to_owned();
                Some(Ok(Input::file(path, place)))
            }
            Err(lost) => Some(Err(lost)),
        });
        Ok(Box::new(found))
    }

    fn glob(&self, pattern: &str) -> Result<FoundIter, Error> {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let matcher = compile(pattern)?;
        let hidden = self.hidden || pattern.contains("/.") || pattern.starts_with('.');
        let mut walk = self.walk(&fixed_part(pattern))?;
        walk.git_ignore(false)
            .git_global(false)
            .git_exclude(false)
            .ignore(false)
            .parents(false)
            .hidden(!hidden);
        let found = files(&walk).filter_map(move |file| match file {
            Ok(path) if !matcher.is_match(&path) => None,
            Ok(path) => {
                let place = super::place_of(&path);
                Some(Ok(Input::file(path, place)))
            }
            Err(lost) => Some(Err(lost)),
        });
        Ok(Box::new(found))
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

/// The files that a walk comes by, and what it could not look into.
fn files(walk: &WalkBuilder) -> impl Iterator<Item = Result<PathBuf, Lost>> + Send + use<> {
    walk.build().filter_map(|entry| match entry {
        Ok(entry) => is_file(&entry).then(|| Ok(without_dot(entry.into_path()))),
        Err(error) => lost(error).map(Err),
    })
}

fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file())
}

/// A folder that could not be opened; links that lead in a circle are none.
fn lost(error: ignore::Error) -> Option<Lost> {
    let name = match &error {
        ignore::Error::WithPath { path, .. } => path.to_string_lossy().into_owned(),
        ignore::Error::WithDepth { err, .. } => match err.as_ref() {
            ignore::Error::WithPath { path, .. } => path.to_string_lossy().into_owned(),
            _ => return None,
        },
        _ => return None,
    };
    Some(Lost { name, error: Error::Unreadable(error.into_io_error()?) })
}

/// `./a.wav` is `a.wav` to everybody but the walker.
fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}

fn is_audio(path: &Path) -> bool {
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
fn fixed_part(pattern: &str) -> PathBuf {
    let fixed: PathBuf = Path::new(pattern)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(META))
        .collect();
    if fixed.as_os_str().is_empty() { ".".into() } else { fixed }
}

fn bad_glob(glob: &str, error: &dyn std::error::Error) -> Error {
    Error::BadGlob { glob: glob.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_starts_below_what_is_no_pattern() {
        for (pattern, fixed) in
            [("*.wav", "."), ("a/b/*.wav", "a/b"), ("/x/**/y", "/x"), ("a/{b,c}/d.wav", "a")]
        {
            assert_eq!(fixed_part(pattern), Path::new(fixed), "{pattern}");
        }
    }
}
