//! Removal of duplicate inputs, and shards.

use std::collections::HashSet;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::{Input, InputResult, Source};
use crate::platform::{self, FileId};

/// Removes duplicates: the same file by another path or link, the same URL, standard input again.
pub fn dedup(inputs: impl Iterator<Item = InputResult>) -> impl Iterator<Item = InputResult> {
    let mut seen = Seen::default();
    inputs.filter(move |input| input.as_ref().map_or(true, |input| seen.insert(&input.source)))
}

/// Sources seen so far, a few bytes each.
#[derive(Default)]
struct Seen {
    files: HashSet<FileId>,
    urls: HashSet<u128>,
    stdin: bool,
}

impl Seen {
    /// True if the source is new.
    fn insert(&mut self, source: &Source) -> bool {
        match source {
            // A file without metadata is kept: opening it reports the error.
            Source::File(path) => platform::file_id(path).is_none_or(|id| self.files.insert(id)),
            Source::Url(url) => self.urls.insert(digest(url.as_str())),
            Source::Stdin => !std::mem::replace(&mut self.stdin, true),
        }
    }
}

/// One of several equal parts of a set of inputs, one for each machine.
///
/// The name of an input decides: no machine reads files of other shards, and adding files moves
/// none. All machines must use the same names, with the same relative paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    count: u64,
}

impl Shard {
    /// True if the input belongs to this shard. It belongs to exactly one.
    pub fn has(&self, input: &Input) -> bool {
        digest(&input.name) % u128::from(self.count) == u128::from(self.number - 1)
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').map(|(number, count)| (number.parse(), count.parse()));
        match numbers {
            Some((Ok(number), Ok(count))) if 1 <= number && number <= count => {
                Ok(Self { number, count })
            }
            _ => Err("K/N with K from 1 to N, such as 2/8"),
        }
    }
}

/// Returns the first 16 bytes of the SHA-256, the same on every machine.
fn digest(text: &str) -> u128 {
    Sha256::digest(text).iter().take(16).fold(0, |start, byte| start << 8 | u128::from(*byte))
}
