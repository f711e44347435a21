//! What the program can see of the process around it.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use crate::platform::stdout_is_file;

/// From the name of a variable to its value.
type Variables = dyn Fn(&str) -> Option<OsString>;

/// What the program can see of the process around it.
#[expect(clippy::struct_excessive_bools, reason = "what there is to see")]
pub(crate) struct Environment {
    variable: Box<Variables>,
    pub(crate) stdin_is_terminal: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) stdout_is_file: bool,
    pub(crate) stderr_is_terminal: bool,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self::with_variables(|name| std::env::var_os(name))
    }

    /// The process's own terminals with other variables.
    pub(crate) fn with_variables(variable: impl Fn(&str) -> Option<OsString> + 'static) -> Self {
        Self {
            variable: Box::new(variable),
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stdout_is_file: stdout_is_file(),
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// A variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        // What is not UTF-8 is set all the same, and will be refused for what it is.
        let value = (self.variable)(name)?.to_string_lossy().into_owned();
        Some(value).filter(|value| !value.trim().is_empty())
    }
}
