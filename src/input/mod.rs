//! Operands to inputs: folders, globs and lists become a lazy sequence of inputs, each file once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use url::{Host, Url};

pub use self::folder_search::{FolderSearch, is_audio_name, leads_to_several};
pub use self::list::read_list;

use crate::error::{Error, Setting};
use crate::path_name::portable_name;
use crate::platform;
use crate::url_name::{url_name, without_secrets};

mod folder_search;
mod folder_walk;
mod ignore_files;
mod list;
mod omitted;
mod sniff;

/// One file, URL or stream to caption.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// Name in every output: the operand, or the path that was found, with `/` between folders on
    /// every system. That of a URL has no user, password, query or fragment.
    pub name: String,
    /// Location of the audio.
    pub source: Source,
    /// Path relative to the folder that was searched; never leads upward.
    pub relative_path: PathBuf,
    /// Other names of the same file that the search found. Rules apply to them too.
    pub other_names: Vec<String>,
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
#[derive(Debug, thiserror::Error)]
#[error("{name}: {error}")]
#[non_exhaustive]
pub struct InputError {
    /// Name of the folder, list or list entry.
    pub name: String,
    /// The cause.
    #[source]
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
            Source::File(path) => portable_name(path),
            Source::Stdin => "-".to_owned(),
        };
        Ok(Self { name, source, relative_path, other_names: Vec::new() })
    }

    fn file(path: PathBuf, relative_path: PathBuf) -> Self {
        let name = portable_name(&path);
        Self { name, source: Source::File(path), relative_path, other_names: Vec::new() }
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
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

fn bad_url(url: &str, reason: &str) -> Error {
    Error::invalid(Setting::Url, without_secrets(url), reason)
}

/// Removes duplicates: the same file by another path or link, the same URL, standard input again.
pub fn dedup(
    inputs: impl Iterator<Item = Result<Input, InputError>>,
) -> impl Iterator<Item = Result<Input, InputError>> {
    // A few bytes for each.
    let (mut files, mut urls, mut has_stdin) = (HashSet::new(), HashSet::new(), false);
    inputs.filter(move |input| match input.as_ref().map(|input| &input.source) {
        // A file without metadata is kept: opening it reports the error.
        Ok(Source::File(path)) => platform::file_id(path).is_none_or(|id| files.insert(id)),
        Ok(Source::Url(url)) => urls.insert(Sha256::digest(url.as_str())),
        Ok(Source::Stdin) => !std::mem::replace(&mut has_stdin, true),
        Err(_) => true,
    })
}

/// Removes duplicates like [`dedup`], and keeps the names of other paths to a file in
/// [`Input::other_names`]. Nothing is returned before the last input was found.
pub fn dedup_with_names(
    inputs: impl Iterator<Item = Result<Input, InputError>>,
) -> impl Iterator<Item = Result<Input, InputError>> {
    let merge = || {
        let (mut merged, mut indexes) = (Vec::<InputResult>::new(), HashMap::new());
        for input in inputs {
            let id = match input.as_ref().map(|input| &input.source) {
                Ok(Source::File(path)) => platform::file_id(path),
                _ => None,
            };
            let first = id.and_then(|id| match indexes.entry(id) {
                Entry::Occupied(first) => Some(*first.get()),
                Entry::Vacant(entry) => {
                    entry.insert(merged.len());
                    None
                }
            });
            match (first.and_then(|first| merged[first].as_mut().ok()), input) {
                (Some(first), Ok(input)) if first.name != input.name => {
                    first.other_names.push(input.name);
                }
                (Some(_), _) => {}
                (None, input) => merged.push(input),
            }
        }
        dedup(merged.into_iter())
    };
    std::iter::once_with(merge).flatten()
}

/// True if a remote service cannot reach the URL: a loopback, private or link-local address, or a
/// name of the local network.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_local_v4(address),
        Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_local_v4(address),
            None => is_local_v6(address),
        },
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let top = name.rsplit('.').next().unwrap_or(name);
            !name.contains('.') || matches!(top, "localhost" | "local" | "internal" | "lan")
        }
        None => true,
    }
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    let is_carrier_grade_nat = matches!(address.octets(), [100, 64..128, ..]);
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || is_carrier_grade_nat
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_unspecified()
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

    #[test]
    fn only_addresses_of_this_machine_and_its_network_are_local() {
        for url in [
            "http://127.0.0.1/a",
            "http://localhost:8000/a",
            "http://a.localhost/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.2/",
            "http://169.254.1.1/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://nas/a.wav",
            "http://nas.local./a.wav",
            "http://files.internal/",
            "http://0.0.0.0/",
        ] {
            assert!(is_local(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "https://cdn.example.com/a",
            "http://8.8.8.8/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://[2606:4700::1]/",
            "http://localhost.example.com/",
        ] {
            assert!(!is_local(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
