//! API key from a file or the environment.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use caption::ApiKey;

use super::environment;
use crate::platform::is_open_to_others;

/// Variables that hold the key; the first one that is set wins.
pub(crate) const KEY_VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

/// A longer file is not a key file.
const MAX_KEY_LEN: u64 = 16 * 1024;

/// No key in the environment, and no file named.
#[derive(Debug, thiserror::Error)]
#[error("no key: {} is not set", KEY_VARIABLES[0])]
pub(crate) struct NoKey;

/// Key, and true if other users of this machine can read the file that holds it.
pub(crate) struct FoundKey {
    pub(crate) key: ApiKey,
    pub(crate) is_open_to_others: bool,
}

/// Reads the key, from `file` if there is one.
pub(crate) fn find(file: Option<&Path>) -> anyhow::Result<FoundKey> {
    let (key, is_open_to_others) = if let Some(path) = file {
        // Without the file's name, which may be the key itself.
        read_key(path).context("could not read the file that --api-key-file names")?
    } else {
        (KEY_VARIABLES.iter().find_map(environment::get).ok_or(NoKey)?, false)
    };
    Ok(FoundKey { key: ApiKey::new(&key)?, is_open_to_others })
}

fn read_key(path: &Path) -> io::Result<(String, bool)> {
    let file = File::open(path)?;
    let is_open_to_others = is_open_to_others(&file)?;
    let mut key = String::new();
    file.take(MAX_KEY_LEN).read_to_string(&mut key)?;
    Ok((key, is_open_to_others))
}
