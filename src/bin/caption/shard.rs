//! `--shard K/N`: one of several equal parts of the inputs.

use std::str::FromStr;

use caption::Input;
use sha2::{Digest, Sha256};

/// One of several equal parts of a set of inputs, one for each machine.
///
/// The name of an input decides: no machine reads files of other shards, and adding files moves
/// none. All machines must use the same names, with the same relative paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    number: u64,
    count: u64,
}

impl Shard {
    /// True if the input belongs to this shard. It belongs to exactly one.
    pub(crate) fn contains(&self, input: &Input) -> bool {
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
