//! API key from a file or the environment.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use caption::ApiKey;

use super::environment;
use crate::platform::is_open_to_others;
use crate::ui::diagnostics::Diagnostics;

/// Variables that hold the key; the first one that is set wins.
pub(crate) const KEY_VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

/// A longer file is not a key file.
const MAX_KEY_LEN: u64 = 16 * 1024;

/// No key in the environment, and no file named.
#[derive(Debug, thiserror::Error)]
#[error("no key: {} is not set", KEY_VARIABLES[0])]
pub(crate) struct NoKey;

/// Reads the key, from `file` if there is one.
pub(crate) fn find(file: Option<&Path>, diagnostics: &Diagnostics) -> anyhow::Result<ApiKey> {
    let Some(path) = file else {
        let key = KEY_VARIABLES.iter().find_map(environment::get).ok_or(NoKey)?;
        return Ok(ApiKey::new(&key)?);
    };
    // Without the file's name, which may be the key itself.
    let (key, is_open_to_others) =
        read_key(path).context("could not read the file that --api-key-file names")?;
    let key = ApiKey::new(&key)?;
    if is_open_to_others {
        diagnostics.warn(
            "others on this machine can read the file that --api-key-file names; chmod 600 it",
        );
    }
    Ok(key)
}

/// Text of a file, and true if other users of this machine can read it.
fn read_key(path: &Path) -> io::Result<(String, bool)> {
    let file = File::open(path)?;
    let is_open_to_others = is_open_to_others(&file)?;
    let mut key = String::new();
    file.take(MAX_KEY_LEN).read_to_string(&mut key)?;
    Ok((key, is_open_to_others))
}
