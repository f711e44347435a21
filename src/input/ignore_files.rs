//! Ignore files of a folder search: `.ignore`, and git's own inside its repositories.
//!
//! The rules are those of ripgrep: a `.ignore` file wins over `.gitignore`, that over the
//! repository's `info/exclude`, and that over the user's global file; a file further down wins over
//! one above. Git's files count only inside their own repository, and a `.gitignore` also inside
//! the folder that is searched.
//!
//! A name of an ignore file that leads to a device, a pipe or a folder is passed over, since no
//! rules can be in it. The folder of a file with rules that cannot be used is passed over.

use std::io;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

use crate::glob;
use crate::platform;
use crate::text_file::TextFile;

/// Limit of the size of an ignore file in bytes.
const MAX_LEN: u64 = 128 << 10;

/// Names of the kinds of ignore files, strongest first.
const KINDS: [&str; 4] = [".ignore", ".gitignore", ".git/info/exclude", "git's global ignore file"];

/// Index in [`KINDS`] of the first kind that counts only up to the root of a repository.
const FIRST_OF_GIT: usize = 1;

/// Verdict of the ignore files on a file or folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Verdict {
    #[default]
    Included,
    /// Left out by the ignore file of this name.
    Ignored(&'static str),
    /// In a folder whose ignore file cannot be used.
    PassedOver,
}

/// Ignore files of the folder that is searched, of those above it, and of the current one below.
#[derive(Debug, Default)]
pub(super) struct IgnoreFiles {
    scopes: Vec<Scope>,
    /// Number of scopes above the folder that is searched.
    above: usize,
    /// Paths that are no regular files, until they are taken.
    not_files: Vec<UnusableIgnoreFile>,
}

/// One folder.
#[derive(Debug, Default)]
struct Scope {
    /// Parsed files by kind.
    files: [Option<Gitignore>; KINDS.len()],
    /// True if the folder is the root of a repository.
    is_repository: bool,
    /// Verdict on the folder, which holds for all in it unless it is included.
    verdict: Verdict,
    /// Memory that the files take, see [`glob::cost`].
    cost: usize,
}

/// An ignore file that cannot be used.
#[derive(Debug)]
pub(super) struct UnusableIgnoreFile {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

impl IgnoreFiles {
    /// Reads the files in the folders above `root`, an absolute path.
    pub(super) fn above(root: &Path) -> Result<Self, UnusableIgnoreFile> {
        let folders: Vec<_> = root.ancestors().skip(1).collect();
        // Git's files above count only if the folder is in their repository.
        let in_repository = root.ancestors().position(|folder| folder.join(".git").exists());
        let of_git = in_repository.unwrap_or(0);
        let mut ignore_files = Self::default();
        for (index, folder) in folders.into_iter().enumerate().rev() {
            let scope = ignore_files.read(folder, index < of_git)?;
            ignore_files.scopes.push(scope);
        }
        ignore_files.above = ignore_files.scopes.len();
        Ok(ignore_files)
    }

    /// Passes over the whole folder.
    pub(super) fn nothing() -> Self {
        let scope = Scope { verdict: Verdict::PassedOver, ..Scope::default() };
        Self { scopes: vec![scope], above: 1, not_files: Vec::new() }
    }

    /// Returns the paths that were met and are no regular files.
    pub(super) fn take_not_files(&mut self) -> Vec<UnusableIgnoreFile> {
        std::mem::take(&mut self.not_files)
    }

    /// Enters a folder, `depth` folders below the one that is searched.
    pub(super) fn enter(&mut self, folder: &Path, depth: usize) -> Result<(), UnusableIgnoreFile> {
        let verdict = self.verdict(folder, depth, true);
        self.scopes.truncate(self.above + depth);
        // No ignore file in an ignored folder counts.
        let scope = if verdict == Verdict::Included {
            self.read(folder, true)
        } else {
            Ok(Scope::default())
        };
        match scope {
            Ok(scope) => {
                self.scopes.push(Scope { verdict, ..scope });
                Ok(())
            }
            Err(unusable) => {
                self.scopes.push(Scope { verdict: Verdict::PassedOver, ..Scope::default() });
                Err(unusable)
            }
        }
    }

    /// Verdict on a file or folder, `depth` folders below the one that is searched, which is
    /// included itself.
    pub(super) fn verdict(&mut self, path: &Path, depth: usize, is_folder: bool) -> Verdict {
        self.scopes.truncate(self.above + depth);
        match self.scopes.last() {
            Some(scope) if scope.verdict != Verdict::Included => scope.verdict,
            _ if depth == 0 => Verdict::Included,
            _ => self.matched(path, is_folder).map_or(Verdict::Included, Verdict::Ignored),
        }
    }

    /// Reads the files of a folder below those of the open scopes, with git's own if `with_git`.
    fn read(&mut self, folder: &Path, with_git: bool) -> Result<Scope, UnusableIgnoreFile> {
        let git = folder.join(".git");
        let is_repository = with_git && git.exists();
        let global = is_repository.then(gitconfig_excludes_path).flatten();
        let paths = [
            Some(folder.join(".ignore")),
            with_git.then(|| folder.join(".gitignore")),
            is_repository.then(|| git.join("info/exclude")),
            global,
        ];
        let mut scope = Scope { is_repository, ..Scope::default() };
        let above: usize = self.scopes.iter().map(|scope| scope.cost).sum();
        for (file, path) in scope.files.iter_mut().zip(paths) {
            let Some(path) = path else { continue };
            let max_cost = glob::MAX_COST.saturating_sub(above + scope.cost);
            match read(&path).and_then(|text| parse(folder, &text, max_cost)) {
                Ok((parsed, cost)) => {
                    *file = parsed;
                    scope.cost += cost;
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    self.not_files.push(UnusableIgnoreFile { path, error });
                }
                Err(error) => {
                    let reason = format!("{error}, so its folder is passed over");
                    let error = io::Error::new(error.kind(), reason);
                    return Err(UnusableIgnoreFile { path, error });
                }
            }
        }
        Ok(scope)
    }

    fn matched(&self, path: &Path, is_folder: bool) -> Option<&'static str> {
        let matched = (0..KINDS.len()).find_map(|kind| {
            let mut in_repository = true;
            let found = self.scopes.iter().rev().find_map(|scope| {
                let file = scope.files[kind].as_ref().filter(|_| in_repository);
                in_repository &= kind < FIRST_OF_GIT || !scope.is_repository;
                let found = file?.matched(path, is_folder);
                (!found.is_none()).then_some(found.is_ignore())
            });
            Some((KINDS[kind], found?))
        });
        matched.filter(|(_, is_ignored)| *is_ignored).map(|(name, _)| name)
    }
}

/// Reads an ignore file; one that does not exist is empty.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    match TextFile::open(path).and_then(|file| file.read(MAX_LEN)) {
        Err(e) if is_absent(&e) => Ok(Vec::new()),
        text => text,
    }
}

/// Parses an ignore file, and returns its cost; as in git, a line that cannot be parsed does not
/// count.
fn parse(folder: &Path, text: &[u8], max_cost: usize) -> io::Result<(Option<Gitignore>, usize)> {
    let text = String::from_utf8_lossy(text);
    let is_pattern =
        |line: &&str| !line.is_empty() && !line.starts_with('#') && glob::is_bounded(line);
    let (mut builder, mut cost) = (GitignoreBuilder::new(folder), 0);
    // As git by default; never fails.
    let _ = builder.case_insensitive(glob::IGNORES_CASE);
    for line in text.lines().filter(is_pattern) {
        cost += glob::cost(line);
        if cost > max_cost {
            return Err(too_large("its patterns and those above take too much memory"));
        }
        let _ = builder.add_line(None, line);
    }
    let parsed = builder.build().map_err(|_| too_large("its patterns take too much memory"))?;
    Ok(((!parsed.is_empty()).then_some(parsed), cost))
}

fn too_large(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, reason)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || platform::is_link_loop(error)
}
