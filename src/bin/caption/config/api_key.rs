//! Where the key comes from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use caption::ApiKey;

use crate::config::environment::Environment;
use crate::platform::is_open_to_others;

/// Where a key is looked for, the first one that is set and not empty wins.
pub(crate) const KEY_VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

/// No key is longer; a file that is was named by mistake.
const LONGEST_KEY: u64 = 16 * 1024;

/// There is no key to ask with.
#[derive(Debug, thiserror::Error)]
#[error("no key: {} is not set", KEY_VARIABLES[0])]
pub(crate) struct NoKey;

/// A key, and whether others on this machine can read the file that it comes from.
pub(crate) struct FoundKey {
    pub(crate) key: ApiKey,
    pub(crate) is_open_to_others: bool,
}

/// The key, from a file if one is named.
pub(crate) fn find(file: Option<&Path>, environment: &Environment) -> anyhow::Result<FoundKey> {
    let (key, is_open_to_others) = if let Some(path) = file {
        // The name is not repeated: it may be the key itself.
        read_key(path).context("could not read the file that --api-key-file names")?
    } else {
        let key = KEY_VARIABLES.iter().find_map(|name| environment.get(name));
        (key.ok_or(NoKey)?, false)
    };
    Ok(FoundKey { key: ApiKey::new(&key)?, is_open_to_others })
}

fn read_key(path: &Path) -> io::Result<(String, bool)> {
    let file = File::open(path)?;
    let is_open_to_others = is_open_to_others(&file)?;
    let mut key = String::new();
    file.take(LONGEST_KEY).read_to_string(&mut key)?;
    Ok((key, is_open_to_others))
}
