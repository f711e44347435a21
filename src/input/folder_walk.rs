//! Walk of a folder: its wanted files in sorted order, and a count of the audio that is left out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::overrides::Override;
use ignore::{DirEntry, Walk, WalkBuilder};

use super::folder_search::is_audio_name;
use super::ignore_files::{IgnoreFiles, UnusableIgnoreFile, Verdict};
use super::omitted::Omitted;
use super::sniff;
use super::{Input, InputError, InputResult};
use crate::error::Error;
use crate::path_name::{path_name, portable_name};
use crate::platform::{self, lock};

/// Walk of a folder with the ignore files in it and above.
pub(super) struct FolderWalk {
    walk: Walk,
    /// The folder as it was named, without `./`.
    root: PathBuf,
    /// The folder as the walk names it.
    start: PathBuf,
    /// The absolute path of the folder.
    canonical: PathBuf,
    ignore_files: Option<IgnoreFiles>,
    /// An error that comes before the next file.
    pending: Option<InputError>,
    omitted: Arc<Mutex<Omitted>>,
}

impl FolderWalk {
    /// Starts a walk, with the ignore files unless `no_ignore`.
    pub(super) fn new(
        walk: &WalkBuilder,
        root: PathBuf,
        start: &Path,
        no_ignore: bool,
        omitted: Arc<Mutex<Omitted>>,
    ) -> Self {
        let canonical = start.canonicalize().unwrap_or_else(|_| start.to_owned());
        let mut pending = None;
        let ignore_files = (!no_ignore).then(|| {
            IgnoreFiles::above(&canonical).unwrap_or_else(|UnusableIgnoreFile { path, error }| {
                pending = Some(unreadable(&path, error));
                IgnoreFiles::nothing()
            })
        });
        let start = start.to_owned();
        Self { walk: walk.build(), root, start, canonical, ignore_files, pending, omitted }
    }

    /// Enters a folder. Returns the error of an ignore file that cannot be used.
    fn enter(&mut self, path: &Path, depth: usize) -> Option<InputError> {
        let ignore_files = self.ignore_files.as_mut()?;
        let entered = ignore_files.enter(path, depth);
        let not_files = ignore_files.take_not_files();
        for UnusableIgnoreFile { path, error } in not_files {
            let description = format!("{} is {error}", path_name(&self.shown(&path)));
            lock(&self.omitted).count_not_file(&description);
        }
        let UnusableIgnoreFile { path, error } = entered.err()?;
        Some(unreadable(&self.shown(&path), error))
    }

    /// Path of an ignore file as the folder that is searched was named.
    fn shown(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.canonical) {
            Ok(below) => without_dot(self.start.join(below)),
            Err(_) => path.to_owned(),
        }
    }

    /// Returns the input of an entry, if it is a wanted file.
    fn visit(&mut self, entry: DirEntry) -> Option<InputResult> {
        let kind = entry.file_type()?;
        if is_lost(&entry) {
            return Some(Err(lost_name(entry.path())));
        }
        let (is_folder, depth) = (kind.is_dir(), entry.depth());
        let verdict = match &mut self.ignore_files {
            Some(ignore_files) => {
                let below = entry.path().strip_prefix(&self.start).unwrap_or(entry.path());
                let path =
                    if depth == 0 { self.canonical.clone() } else { self.canonical.join(below) };
                if is_folder {
                    return self.enter(&path, depth).map(Err);
                }
                ignore_files.verdict(&path, depth, false)
            }
            None => Verdict::Included,
        };
        if !kind.is_file() {
            return None;
        }
        let path = without_dot(entry.into_path());
        match verdict {
            Verdict::Included if is_audio_name(&path) => {
                let relative_path = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
                return Some(Ok(Input::file(path, relative_path)));
            }
            Verdict::Included if sniff::is_audio(&path) => {
                let extension = path.extension().and_then(|extension| extension.to_str());
                lock(&self.omitted).count_other(extension);
            }
            Verdict::Ignored(by) if is_audio_name(&path) => lock(&self.omitted).count_ignored(by),
            _ => {}
        }
        None
    }
}

impl Iterator for FolderWalk {
    type Item = InputResult;

    fn next(&mut self) -> Option<InputResult> {
        loop {
            if let Some(error) = self.pending.take() {
                return Some(Err(error));
            }
            let found = match self.walk.next()? {
                Ok(entry) => self.visit(entry),
                Err(error) => walk_error(error, &self.start, is_audio_name).map(Err),
            };
            if found.is_some() {
                return found;
            }
        }
    }
}

/// Matchers of the globs that are excluded: all in one, and those that are watched.
pub(super) struct Excluded {
    pub(super) all: Override,
    pub(super) watched: Vec<(String, Override)>,
}

/// Keeps what is excluded out of a walk, and unless they are followed links that lead out of `root`;
/// counts those to audio or folders.
pub(super) fn filter(
    walk: &mut WalkBuilder,
    root: &Path,
    excluded: Excluded,
    follows: bool,
    omitted: Arc<Mutex<Omitted>>,
) {
    let root = root.canonicalize().ok().filter(|_| !follows);
    walk.filter_entry(move |entry| {
        if entry.depth() == 0 {
            return true;
        }
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let matches = |matcher: &Override| matcher.matched(entry.path(), is_folder).is_ignore();
        if matches(&excluded.all) {
            let watched = excluded.watched.iter().filter(|(_, matcher)| matches(matcher));
            watched.for_each(|(glob, _)| lock(&omitted).count_excluded(glob));
            return false;
        }
        let Some(root) = root.as_ref().filter(|_| entry.path_is_symlink()) else { return true };
        // A link that leads nowhere, or in a circle, is left to the walk.
        let Ok(target) = fs::canonicalize(entry.path()) else { return true };
        if target.starts_with(root) {
            return true;
        }
        if target.is_dir() || is_audio_name(entry.path()) {
            lock(&omitted).count_link();
        }
        false
    });
}

/// Returns the wanted files of a walk from `root`, and the folders that could not be read.
pub(super) fn files<W: Fn(&Path) -> bool + Send>(
    walk: &WalkBuilder,
    root: PathBuf,
    is_wanted: W,
) -> impl Iterator<Item = Result<PathBuf, InputError>> + Send + use<W> {
    walk.build().filter_map(move |entry| match entry {
        Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
            Some(without_dot(entry.into_path())).filter(|path| is_wanted(path)).map(Ok)
        }
        Ok(entry) => is_lost(&entry).then(|| Err(lost_name(entry.path()))),
        Err(error) => walk_error(error, &root, &is_wanted).map(Err),
    })
}

/// True for a folder whose name Windows alters, so that it finds another folder or none. Other
/// systems, or paths with a prefix, may have made it.
fn is_lost(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let name = entry.file_name().as_encoded_bytes();
    let is_altered = name.ends_with(b".") || name.ends_with(b" ");
    cfg!(windows) && is_folder && entry.depth() > 0 && is_altered
}

fn lost_name(path: &Path) -> InputError {
    let reason = "Windows drops the dot or space at the end of its name";
    unreadable(path, io::Error::new(io::ErrorKind::InvalidInput, reason))
}

/// Error of a folder below `root` that the walk does not name.
fn unreadable_below(root: &Path, error: &io::Error) -> InputError {
    let is_altered = cfg!(windows) && error.kind() == io::ErrorKind::NotFound;
    let error = if is_altered {
        let reason =
            "a folder in it is not found: Windows drops the dot or space at the end of its name";
        io::Error::new(io::ErrorKind::InvalidInput, reason)
    } else {
        io::Error::new(error.kind(), format!("a folder in it: {error}"))
    };
    unreadable(root, error)
}

/// Converts the error of a folder that could not be read or of a dangling link with a wanted name.
/// Links in a circle are no error.
fn walk_error(
    error: ignore::Error,
    root: &Path,
    is_wanted: impl Fn(&Path) -> bool,
) -> Option<InputError> {
    let mut inner = &error;
    while let ignore::Error::WithDepth { err, .. } = inner {
        inner = err;
    }
    let ignore::Error::WithPath { path, .. } = inner else {
        return error.into_io_error().map(|error| unreadable_below(root, &error));
    };
    let path = without_dot(path.clone());
    let error = error.into_io_error()?;
    let leads_nowhere = error.kind() == io::ErrorKind::NotFound || platform::is_link_loop(&error);
    if leads_nowhere && !is_wanted(&path) {
        return None;
    }
    Some(unreadable(&path, error))
}

fn unreadable(path: &Path, error: io::Error) -> InputError {
    InputError::new(portable_name(path), Error::Unreadable(error))
}

/// Removes the `./` that the walk puts in front of a path.
pub(super) fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}
