//! Text of strangers made harmless for where it goes.

use std::io::{self, Write};

use caption::sanitize;

use crate::config::environment::Environment;
use crate::ui::command_escaper::{CommandEscaper, is_log};

/// Passes whole pieces of text on, harmless ones where a terminal or a CI system reads them.
pub(crate) enum Output<W> {
    Plain(W),
    Terminal(W),
    Log(CommandEscaper<W>),
}

impl<W: Write> Output<W> {
    /// For standard output.
    pub(crate) fn new(inner: W, environment: &Environment) -> Self {
        if environment.stdout_is_terminal {
            Self::Terminal(inner)
        } else if is_log(environment) && !environment.stdout_is_file {
            Self::Log(CommandEscaper::new(inner))
        } else {
            Self::Plain(inner)
        }
    }
}

impl<W: Write> Output<W> {
    /// What is written to.
    pub(crate) fn into_inner(self) -> W {
        match self {
            Self::Plain(inner) | Self::Terminal(inner) => inner,
            Self::Log(inner) => inner.into_inner(),
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.write(bytes),
            Self::Log(inner) => inner.write(bytes),
            Self::Terminal(inner) => {
                inner.write_all(sanitize(&String::from_utf8_lossy(bytes)).as_bytes())?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(inner) | Self::Terminal(inner) => inner.flush(),
            Self::Log(inner) => inner.flush(),
        }
    }
}
