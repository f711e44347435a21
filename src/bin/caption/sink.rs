//! Where captions and records go: standard output, or a file that appears when it is whole.

use std::io::{self, StdoutLock, Write};
use std::path::Path;

use caption::error::Error;
use caption::output::OutputFile;

use super::environment::Environment;
use super::terminal::Output;

pub(crate) enum Sink {
    Stdout(Output<StdoutLock<'static>>),
    File(OutputFile),
}

impl Sink {
    pub(crate) fn open(file: Option<&Path>, environment: &Environment) -> Result<Self, Error> {
        match file {
            Some(path) => OutputFile::create(path).map(Self::File),
            None => Ok(Self::Stdout(Output::new(io::stdout().lock(), environment))),
        }
    }

    /// Puts a file in its place.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self {
            Self::Stdout(_) => Ok(()),
            Self::File(file) => file.commit(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
