//! Globs: compiled within limits, and split into the folders to search and the names to take.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::error::{Error, Setting};

/// Characters that make a path a glob.
const GLOB_CHARS: [char; 4] = ['*', '?', '[', '{'];

/// True if globs match without regard to case, as the names of files do.
pub(crate) const IGNORES_CASE: bool = cfg!(windows);

/// Limit of the length of a glob in bytes.
const MAX_LEN: usize = 4096;

/// Limit of the depth of braces in braces. A compiler of globs that recurses has room for many
/// more.
const MAX_DEPTH: usize = 16;

/// Limit of the cost of all globs that are in use at a time, some 20 MB of memory.
pub(crate) const MAX_COST: usize = 24 << 10;

/// Part of the cost of a glob that does not depend on its length: its entry in all tables.
const BASE_COST: usize = 4;

/// Length of a name without a wildcard for each unit of its cost.
const NAME_LEN: usize = 128;

/// Characters of a glob that is too long that an error shows.
const SHOWN: usize = 40;

/// True if a path has the characters of a glob.
pub(crate) fn is_glob(path: &Path) -> bool {
    // The prefix `\\?\` of a Windows path has one too.
    path.components().any(|part| match part {
        Component::Normal(name) => name.to_str().is_some_and(|name| name.contains(GLOB_CHARS)),
        _ => false,
    })
}

/// Returns a glob with `/` between folders. On Windows, `\` separates them too, except before a
/// character of a glob that names of files may have.
pub(crate) fn portable(glob: &str) -> Cow<'_, str> {
    if cfg!(windows) { portable_windows_glob(glob).into() } else { glob.into() }
}

fn portable_windows_glob(glob: &str) -> String {
    let mut portable = String::new();
    let mut chars = glob.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('[' | ']' | '{' | '}' | '!' | '#')) => portable.push('\\'),
            ('\\', _) => portable.push('/'),
            (c, _) => portable.push(c),
        }
    }
    portable
}

/// True if a glob is short and its braces are not nested deeply, so that it can be compiled.
pub(crate) fn is_bounded(glob: &str) -> bool {
    let mut depth = 0_usize;
    let is_deep = glob.bytes().any(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    });
    glob.len() <= MAX_LEN && !is_deep
}

/// Memory that a glob takes once it is compiled, in units of at most 1 kB. A wildcard makes a glob
/// a regular expression, in which each character takes hundreds of bytes. A name is an entry of a
/// table.
pub(crate) fn cost(glob: &str) -> usize {
    let is_name = !glob.contains(['*', '?', '[', '{', '\\']);
    if is_name { 1 + glob.len() / NAME_LEN } else { BASE_COST + glob.len() }
}

/// Returns the folders before the first one with a glob. A folder of that name is no glob.
pub(crate) fn fixed_part(pattern: &Path) -> PathBuf {
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

/// Compiles a glob whose `*` stays within a folder.
///
/// Fails with [`Error::Invalid`].
pub(crate) fn compile(glob: &str) -> Result<Glob, Error> {
    check(glob)?;
    let portable = portable(glob);
    let mut builder = GlobBuilder::new(&portable);
    builder.literal_separator(true).backslash_escape(true).case_insensitive(IGNORES_CASE);
    builder.build().map_err(|e| invalid(glob, e.kind()))
}

/// Compiles a glob whose fixed part stands for itself.
pub(crate) fn matcher(pattern: &Path, fixed: &Path) -> Result<GlobMatcher, Error> {
    let glob = match pattern.strip_prefix(fixed) {
        Ok(rest) => Path::new(&globset::escape(&fixed.to_string_lossy())).join(rest),
        Err(_) => pattern.to_owned(),
    };
    let glob = glob.to_string_lossy();
    // In an operand on Windows, `\` is never an escape.
    let glob = if cfg!(windows) { glob.replace('\\', "/").into() } else { glob };
    Ok(compile(&glob)?.compile_matcher())
}

/// Fails with [`Error::Invalid`] if a glob is too long, or its braces are nested too deeply, to be
/// compiled.
pub(crate) fn check(glob: &str) -> Result<(), Error> {
    if is_bounded(glob) {
        return Ok(());
    }
    let reason = format!("longer than {MAX_LEN} bytes, or braces deeper than {MAX_DEPTH}");
    Err(invalid(&shortened(glob), &reason))
}

/// Fails with [`Error::Invalid`] if the globs together take too much memory.
pub(crate) fn check_all(globs: &[String]) -> Result<(), Error> {
    globs.iter().try_for_each(|glob| check(glob))?;
    let cost: usize = globs.iter().map(|glob| cost(glob)).sum();
    match globs {
        [first, ..] if cost > MAX_COST => {
            let reason = format!("with {} more, which take too much memory", globs.len() - 1);
            Err(invalid(&shortened(first), &reason))
        }
        _ => Ok(()),
    }
}

fn shortened(glob: &str) -> String {
    let mut start: String = glob.chars().take(SHOWN).collect();
    if start.len() < glob.len() {
        start.push('…');
    }
    start
}

pub(crate) fn invalid(glob: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::invalid(Setting::Glob, glob, reason)
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

    #[test]
    fn a_backslash_in_a_windows_glob_separates_folders_or_escapes() {
        for (glob, portable) in [
            (r"old\*.wav", "old/*.wav"),
            (r"a\b/?.wav", "a/b/?.wav"),
            (r"take \[1\].wav", r"take \[1\].wav"),
            (r"\!x\#y", r"\!x\#y"),
        ] {
            assert_eq!(portable_windows_glob(glob), portable);
        }
    }
}
