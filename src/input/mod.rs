//! Operands to inputs: folders, globs and lists become a lazy sequence of inputs, each file once.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use url::Url;

pub use self::dedup::dedup;
pub use self::list::read_list;
pub(crate) use self::local_url::is_local;
pub use self::walk::{FolderSearch, is_audio_name, leads_to_several};

use crate::error::{Error, Setting};
use crate::url_name::{url_name, without_secrets};

mod dedup;
mod list;
mod local_url;
mod walk;

/// One file, URL or stream to caption.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// Name in every output: the operand, or the path that was found. That of a URL has no user,
    /// password, query or fragment.
    pub name: String,
    /// Location of the audio.
    pub source: Source,
    /// Path relative to the folder that was searched; never leads upward.
    pub relative_path: PathBuf,
}

/// Location of the audio of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file on this machine.
    File(PathBuf),
    /// An `http://` or `https://` URL.
    Url(Url),
    /// Standard input, read to its end.
    Stdin,
}

/// Error of the search for inputs.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputError {
    /// Name of the folder, list or list entry.
    pub name: String,
    /// The cause.
    pub error: Error,
}

impl InputError {
    /// Creates an error about a folder, list or list entry.
    pub fn new(name: String, error: Error) -> Self {
        Self { name, error }
    }
}

/// Result of a search: an input, or a folder or list that could not be read.
pub(crate) type InputResult = Result<Input, InputError>;

impl Input {
    /// Parses an operand: a URL, `-` for standard input, else a file.
    ///
    /// Fails with [`Error::Invalid`] for a URL that cannot be used.
    pub fn parse(operand: impl AsRef<OsStr>) -> Result<Self, Error> {
        let operand = operand.as_ref();
        let source = match operand.to_str() {
            Some("-") => Source::Stdin,
            Some(text) if is_http(text) => {
                Source::Url(Url::parse(text).map_err(|e| bad_url(text, &e.to_string()))?)
            }
            Some(text) if text.contains("://") && !Path::new(text).exists() => {
                return Err(bad_url(text, "only http:// and https:// can be fetched"));
            }
            _ => Source::File(operand.into()),
        };
        let relative_path = match &source {
            Source::Url(url) => url.path_segments().and_then(Iterator::last).unwrap_or("").into(),
            Source::Stdin => "stdin".into(),
            Source::File(path) => relative_path(path),
        };
        let name = match &source {
            Source::Url(url) => url_name(url),
            Source::File(_) | Source::Stdin => operand.to_string_lossy().into_owned(),
        };
        Ok(Self { name, source, relative_path })
    }

    fn file(path: PathBuf, relative_path: PathBuf) -> Self {
        let name = path.to_string_lossy().into_owned();
        Self { name, source: Source::File(path), relative_path }
    }
}

/// Returns the path as given if it only leads downward, else the file name alone.
fn relative_path(path: &Path) -> PathBuf {
    let parts = || path.components().filter(|part| *part != Component::CurDir);
    if parts().all(|part| matches!(part, Component::Normal(_))) {
        parts().collect()
    } else {
        path.file_name().unwrap_or_default().into()
    }
}

fn is_http(text: &str) -> bool {
    let starts_with = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    starts_with("http://") || starts_with("https://")
}

fn bad_url(url: &str, reason: &str) -> Error {
    Error::invalid(Setting::Url, without_secrets(url), reason)
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
