//! Ignore files of a folder search: `.ignore`, and git's own inside its repositories.
//!
//! The rules are those of ripgrep: a `.ignore` file wins over `.gitignore`, that over the
//! repository's `info/exclude`, and that over the user's global file; a file further down wins over
//! one above. Git's files count only inside their own repository, and a `.gitignore` also inside
//! the folder that is searched.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

use crate::glob;
use crate::platform;

/// Limit of the size of an ignore file in bytes: compiled, it takes a hundred times the memory.
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
}

/// An ignore file that cannot be used.
pub(super) struct InvalidIgnoreFile {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

impl IgnoreFiles {
    /// Reads the files in the folders above `root`, an absolute path.
    pub(super) fn above(root: &Path) -> Result<Self, InvalidIgnoreFile> {
        let folders: Vec<_> = root.ancestors().skip(1).collect();
        // Git's files above count only if the folder is in their repository.
        let in_repository = root.ancestors().position(|folder| folder.join(".git").exists());
        let of_git = in_repository.unwrap_or(0);
        let mut scopes = Vec::with_capacity(folders.len());
        for (index, folder) in folders.into_iter().enumerate().rev() {
            scopes.push(Scope::read(folder, index < of_git)?);
        }
        Ok(Self { above: scopes.len(), scopes })
    }

    /// Passes over the whole folder.
    pub(super) fn nothing() -> Self {
        let scope = Scope { verdict: Verdict::PassedOver, ..Scope::default() };
        Self { scopes: vec![scope], above: 1 }
    }

    /// Enters a folder, `depth` folders below the one that is searched.
    pub(super) fn enter(&mut self, folder: &Path, depth: usize) -> Result<(), InvalidIgnoreFile> {
        let verdict = self.verdict(folder, depth, true);
        self.scopes.truncate(self.above + depth);
        // No ignore file in an ignored folder counts.
        let scope = if verdict == Verdict::Included {
            Scope::read(folder, true)
        } else {
            Ok(Scope::default())
        };
        match scope {
            Ok(scope) => {
                self.scopes.push(Scope { verdict, ..scope });
                Ok(())
            }
            Err(invalid) => {
                self.scopes.push(Scope { verdict: Verdict::PassedOver, ..Scope::default() });
                Err(invalid)
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

impl Scope {
    fn read(folder: &Path, with_git: bool) -> Result<Self, InvalidIgnoreFile> {
        let git = folder.join(".git");
        let is_repository = with_git && git.exists();
        let global = is_repository.then(gitconfig_excludes_path).flatten();
        let paths = [
            Some(folder.join(".ignore")),
            with_git.then(|| folder.join(".gitignore")),
            is_repository.then(|| git.join("info/exclude")),
            global,
        ];
        let mut files = [const { None }; KINDS.len()];
        for (file, path) in files.iter_mut().zip(paths) {
            if let Some(path) = path {
                *file = parse(folder, &path).map_err(|error| InvalidIgnoreFile { path, error })?;
            }
        }
        Ok(Self { files, is_repository, verdict: Verdict::Included })
    }
}

/// Parses an ignore file, unless there is none; as in git, a line that cannot be parsed does not
/// count.
fn parse(folder: &Path, path: &Path) -> io::Result<Option<Gitignore>> {
    let Some(text) = read(path)? else { return Ok(None) };
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(&text).lines().filter(|line| glob::check(line).is_ok()) {
        let _ = builder.add_line(None, line);
    }
    Ok(builder.build().ok().filter(|file| !file.is_empty()))
}

/// Reads a file, unless there is none. It must be a regular file of limited size.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let unusable = |reason| io::Error::other(format!("{reason}, so its folder is passed over"));
    let file = match platform::open(path) {
        Ok(file) => file,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(unusable(e.to_string())),
    };
    let kind = file.metadata()?.file_type();
    if !kind.is_file() {
        return Err(unusable(format!("it is {}", platform::describe(kind))));
    }
    let mut text = Vec::new();
    File::take(file, MAX_LEN + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_LEN {
        return Err(unusable(format!("it has more than {} kB", MAX_LEN >> 10)));
    }
    Ok(Some(text))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
