//! Messages about a command line that is refused, in one line each.

use std::ffi::OsString;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::similarity::resembles;

const NO_PROMPT: &str = "this model takes no prompt, language or temperature";
const SEARCHES: &str = "name the folder: it is searched with its subfolders";
const IS_INPUT: &str = "name files and URLs without an option";
const KEY: &str = "set AIMLAPI_KEY or use --api-key-file FILE: process lists would show a key";

/// Options that other programs have, and what to do here.
const OTHERS: [(&str, &str); 16] = [
    ("--prompt", NO_PROMPT),
    ("--system", NO_PROMPT),
    ("--language", NO_PROMPT),
    ("--temperature", NO_PROMPT),
    ("--recursive", SEARCHES),
    ("-r", SEARCHES),
    ("-R", SEARCHES),
    ("--dir", SEARCHES),
    ("--url", IS_INPUT),
    ("--file", IS_INPUT),
    ("--input", IS_INPUT),
    ("-i", IS_INPUT),
    ("--key", KEY),
    ("--api-key", KEY),
    ("--token", KEY),
    ("--out", "use --output FILE, --sidecar or --output-dir DIR"),
];

/// Errors of numbers in the words of Rust, and in plain ones.
const NUMBER_ERRORS: [(&str, &str); 5] = [
    ("invalid digit found in string", "not a whole number"),
    ("number would be zero for non-zero type", "at least 1"),
    ("number too large to fit in target type", "too large"),
    ("cannot parse integer from empty string", "a whole number is missing"),
    ("is not in 1..=4294967295", "is not at least 1"),
];

/// Describes an error of clap on one line, with a hint. Passwords and queries of URLs are left out.
pub(crate) fn message(error: &Error, command_line: &[OsString]) -> String {
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let lines = paragraph.trim_start_matches("error: ").lines().map(str::trim);
    let message = lines.collect::<Vec<_>>().join(" ");
    let message =
        NUMBER_ERRORS.iter().fold(message, |message, (error, plain)| message.replace(error, plain));
    format!("{}; {}", without_secrets(message, command_line), hint(error))
}

/// Cuts URLs that may have a password or a query, also those in place of another value.
fn without_secrets(message: String, command_line: &[OsString]) -> String {
    command_line.iter().fold(message, |message, argument| {
        let argument = argument.to_string_lossy();
        match argument.find("http") {
            Some(start) if argument.contains(['@', '?', '#']) => {
                message.replace(&argument[start..], "http…")
            }
            _ => message,
        }
    })
}

fn hint(error: &Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(unknown) = text(ContextKind::InvalidArg)
    {
        if let Some((_, hint)) = OTHERS.into_iter().find(|(option, _)| *option == unknown) {
            return hint.to_owned();
        }
        if let Some(similar) = text(ContextKind::SuggestedArg).filter(|it| resembles(unknown, it)) {
            return format!("did you mean {similar}?");
        }
    }
    "see --help".to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn options_of_other_programs_are_not_options_of_this_one() {
        let command = Cli::command();
        for (option, _) in OTHERS {
            let has = |argument: &clap::Arg| match option.strip_prefix("--") {
                Some(long) => argument.get_long() == Some(long),
                None => argument.get_short() == option.chars().nth(1),
            };
            assert!(!command.get_arguments().any(has), "{option}");
        }
    }
}
