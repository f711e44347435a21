//! From what was typed to where the sound is: operands, folders, globs and lists become a lazy
//! sequence of inputs, each recording in it once.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use url::Url;

pub use self::dedup::{Shard, dedup};
pub use self::list::{List, Separator};
pub use self::local_url::is_local;
pub use self::walk::{InputIter, Search, is_audio_name, leads_to_several};

use crate::error::{Error, Setting};

mod dedup;
mod list;
mod local_url;
mod walk;

/// One recording to caption.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// The name it goes by in every output: what was typed, or found.
    pub name: String,
    /// Where the sound is.
    pub source: Source,
    /// Where it stands in the tree that it was found in; always relative, never upward.
    pub relative_path: PathBuf,
}

/// Where sound comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A file on this machine.
    File(PathBuf),
    /// An `http://` or `https://` address.
    Url(Url),
    /// Standard input, read to its end.
    Stdin,
}

/// What was looked for and could not be looked into.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputError {
    /// The folder, list or entry of a list.
    pub name: String,
    /// What went wrong.
    pub error: Error,
}

impl InputError {
    /// Tells of an error about a name.
    pub fn new(name: String, error: Error) -> Self {
        Self { name, error }
    }
}

/// What a search comes by.
pub type InputResult = Result<Input, InputError>;

impl Input {
    /// Reads an operand of the command line: a URL, `-` for standard input, else a file.
    ///
    /// Fails with [`Error::Invalid`] for a URL that cannot be used.
    pub fn parse(operand: &OsStr) -> Result<Self, Error> {
        let name = operand.to_string_lossy().into_owned();
        let source = match operand.to_str() {
            Some("-") => Source::Stdin,
            Some(text) if is_web(text) => Source::Url(parse_url(text)?),
            Some(text) if text.contains("://") && !Path::new(text).exists() => {
                return Err(bad_url(text, "only http:// and https:// can be fetched"));
            }
            _ => Source::File(operand.into()),
        };
        let relative_path = match &source {
            Source::Url(url) => url.path_segments().and_then(Iterator::last).unwrap_or("").into(),
            Source::Stdin => "stdin".into(),
            Source::File(path) => relative_path_of(path),
        };
        Ok(Self { name, source, relative_path })
    }

    /// A file by its path, which stands at `relative_path` in the tree it was found in.
    pub(crate) fn file(path: PathBuf, relative_path: PathBuf) -> Self {
        Self {
            name: path.to_string_lossy().into_owned(),
            source: Source::File(path),
            relative_path,
        }
    }
}

/// The path as it was given where it only leads downward, else the file name alone.
fn relative_path_of(path: &Path) -> PathBuf {
    use std::path::Component;
    let leads_down =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if leads_down {
        path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
    } else {
        path.file_name().unwrap_or_default().into()
    }
}

fn is_web(text: &str) -> bool {
    let starts_with = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    starts_with("http://") || starts_with("https://")
}

fn parse_url(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|e| bad_url(text, &e.to_string()))
}

fn bad_url(url: &str, reason: &str) -> Error {
    Error::invalid(Setting::Url, url, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operand_is_a_url_by_its_scheme_and_a_file_otherwise() {
        let source = |operand: &str| Input::parse(OsStr::new(operand)).map(|input| input.source);
        assert!(matches!(source("HTTPS://Example.com/a"), Ok(Source::Url(_))));
        assert!(matches!(source("-"), Ok(Source::Stdin)));
        assert!(matches!(source("https.wav"), Ok(Source::File(_))));
        assert!(matches!(source("C:\\a.wav"), Ok(Source::File(_))));
        assert!(matches!(source("s3://bucket/a.wav"), Err(Error::Invalid { .. })));
        assert!(matches!(source("https://"), Err(Error::Invalid { .. })));
    }
}
