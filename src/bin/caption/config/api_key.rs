//! API key from a file or the environment.

use std::io;
use std::path::Path;

use anyhow::Context;
use caption::{ApiKey, TextFile, decode_text};

use super::environment;
use crate::platform::is_open_to_others;
use crate::ui::diagnostics::Diagnostics;

/// Variables that hold the key; the first one that is set wins.
pub(crate) const KEY_VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

/// A longer file is not a key file.
const MAX_FILE_LEN: u64 = 16 * 1024;

/// No key in the environment, and no file named.
#[derive(Debug, thiserror::Error)]
#[error("no key: {} is not set", KEY_VARIABLES[0])]
pub(crate) struct NoKey;

/// The key file holds no key.
#[derive(Debug, thiserror::Error)]
#[error("no key in the file that --api-key-file names: it {0}")]
pub(crate) struct NoKeyInFile(String);

/// Reads the key, from `file` if there is one.
pub(crate) fn find(file: Option<&Path>, diagnostics: &Diagnostics) -> anyhow::Result<ApiKey> {
    let Some(path) = file else {
        let key = KEY_VARIABLES.iter().find_map(environment::get).ok_or(NoKey)?;
        return Ok(ApiKey::new(bare_key(&key))?);
    };
    let (text, is_open_to_others) = match read_text(path) {
        Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
            return Err(NoKeyInFile(format!("has {e}")).into());
        }
        // Without the file's name, which may be the key itself.
        text => text.context("could not read the file that --api-key-file names")?,
    };
    let key = ApiKey::new(key_in(&text)?)?;
    if is_open_to_others {
        diagnostics.warn(
            "others on this machine can read the file that --api-key-file names; chmod 600 it",
        );
    }
    Ok(key)
}

/// Text of a file or pipe, and true if other users of this machine can read it.
fn read_text(path: &Path) -> io::Result<(String, bool)> {
    let file = TextFile::open_any(path)?;
    let is_open_to_others = is_open_to_others(file.file())?;
    Ok((decode_text(&file.read(MAX_FILE_LEN)?)?, is_open_to_others))
}

/// Returns the key in the text of a file: the value of a key variable, else the only line.
fn key_in(text: &str) -> Result<&str, NoKeyInFile> {
    let lines = text.lines().map(str::trim);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let value_of = |variable: &&str| {
        let mut assignments = lines.iter().filter_map(|line| assignment(line));
        assignments.find_map(|(name, value)| (name == *variable).then_some(value))
    };
    let reason = match (KEY_VARIABLES.iter().find_map(value_of), &lines[..]) {
        (Some(value), _) => return Ok(bare_key(value)),
        (None, []) => "is empty".to_owned(),
        (None, [line, ..]) if line.starts_with('{') => {
            "holds JSON; put the key alone into it".to_owned()
        }
        (None, [line]) if assignment(line).is_none() => return Ok(bare_key(line)),
        (None, [_]) => format!("sets another variable than {}", KEY_VARIABLES[0]),
        (None, lines) => {
            format!("has {} lines, and none sets {}", lines.len(), KEY_VARIABLES[0])
        }
    };
    Err(NoKeyInFile(reason))
}

/// Splits `NAME=VALUE`, as a shell or an env file sets a variable. `None` for a key that ends in
/// `=` signs.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let name = name.trim();
    let is_variable = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (is_variable && !value.trim_start_matches('=').is_empty()).then_some((name, value))
}

/// Removes what surrounds a copied key: quotes, and the name and scheme of the header.
fn bare_key(text: &str) -> &str {
    let value = without_prefix(unquoted(text), "Authorization:");
    unquoted(without_prefix(value, "Bearer "))
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> &'a str {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest.trim_start(),
        _ => text,
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_end_in_equal_signs() {
        assert_eq!(key_in("QUJD==\n").unwrap(), "QUJD==");
        assert_eq!(key_in("AIMLAPI_KEY=QUJD==\n").unwrap(), "QUJD==");
    }

    #[test]
    fn the_first_of_the_key_variables_is_used() {
        assert_eq!(key_in("AIML_API_KEY=b\nAIMLAPI_KEY=\"a\"\n").unwrap(), "a");
    }
}
