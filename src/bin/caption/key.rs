//! Where the key comes from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use caption::service::ApiKey;

use super::diagnostics::Diagnostics;
use super::environment::Environment;
use super::platform::is_open_to_others;

/// Where a key is looked for, the first one that is set and not empty wins.
pub(crate) const KEY_VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

/// No key is longer; a file that is was named by mistake.
const LONGEST_KEY: u64 = 16 * 1024;

/// There is no key to ask with.
#[derive(Debug, thiserror::Error)]
#[error("no key: {} is not set", KEY_VARIABLES[0])]
pub(crate) struct NoKey;

/// The key, from a file if one is named.
pub(crate) fn find(
    file: Option<&Path>,
    environment: &Environment,
    diagnostics: &Diagnostics,
) -> anyhow::Result<ApiKey> {
    let key = match file {
        // The name is not repeated: it may be the key itself.
        Some(path) => read_key(path, diagnostics)
            .context("could not read the file that --api-key-file names")?,
        None => KEY_VARIABLES.iter().find_map(|name| environment.get(name)).ok_or(NoKey)?,
    };
    Ok(ApiKey::new(&key)?)
}

fn read_key(path: &Path, diagnostics: &Diagnostics) -> io::Result<String> {
    let file = File::open(path)?;
    if is_open_to_others(&file)? {
        diagnostics.warn(
            "others on this machine can read the file that --api-key-file names; chmod 600 it",
        );
    }
    let mut key = String::new();
    file.take(LONGEST_KEY).read_to_string(&mut key)?;
    Ok(key)
}
