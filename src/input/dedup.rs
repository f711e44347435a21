//! Removal of duplicate inputs.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::{Input, InputError, Source};
use crate::platform::{self, FileId};

/// Removes duplicates: the same file by another path or link, the same URL, standard input again.
pub fn dedup(
    inputs: impl Iterator<Item = Result<Input, InputError>>,
) -> impl Iterator<Item = Result<Input, InputError>> {
    let mut seen = Seen::default();
    inputs.filter(move |input| input.as_ref().map_or(true, |input| seen.insert(&input.source)))
}

/// Sources seen so far, a few bytes each.
#[derive(Default)]
struct Seen {
    files: HashSet<FileId>,
    urls: HashSet<[u8; 32]>,
    stdin: bool,
}

impl Seen {
    /// True if the source is new.
    fn insert(&mut self, source: &Source) -> bool {
        match source {
            // A file without metadata is kept: opening it reports the error.
            Source::File(path) => platform::file_id(path).is_none_or(|id| self.files.insert(id)),
            Source::Url(url) => self.urls.insert(Sha256::digest(url.as_str()).into()),
            Source::Stdin => !std::mem::replace(&mut self.stdin, true),
        }
    }
}
