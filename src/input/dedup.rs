//! Each recording once, and only those of one shard.

use std::collections::HashSet;
use std::str::FromStr;

use super::{Input, InputResult, Source};
use crate::hash::digest;
use crate::platform::{self, FileId};

/// Leaves out what came before: the same file by another path or link, the same URL, standard
/// input again.
pub fn dedup(found: impl Iterator<Item = InputResult>) -> impl Iterator<Item = InputResult> {
    let mut seen = Seen::default();
    found.filter(move |found| found.as_ref().map_or(true, |input| seen.is_new(&input.source)))
}

/// What came before, a few bytes a file.
#[derive(Default)]
struct Seen {
    files: HashSet<FileId>,
    urls: HashSet<u128>,
    stdin: bool,
}

impl Seen {
    fn is_new(&mut self, source: &Source) -> bool {
        match source {
            // A file that cannot be looked at will say why when it is opened.
            Source::File(path) => platform::file_id(path).is_none_or(|id| self.files.insert(id)),
            Source::Url(url) => self.urls.insert(digest(url.as_str().as_bytes())),
            Source::Stdin => !std::mem::replace(&mut self.stdin, true),
        }
    }
}

/// One of several equal parts of a set of inputs, for as many machines.
///
/// An input belongs to a shard by its name: that needs no reading of files which other machines
/// caption, and stays the same when files are added. So every machine has to name the inputs
/// alike, with the same relative paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    count: u64,
}

impl Shard {
    /// Whether the input belongs to this shard; it does to exactly one.
    pub fn has(&self, input: &Input) -> bool {
        digest(input.name.as_bytes()) % u128::from(self.count) == u128::from(self.number - 1)
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
