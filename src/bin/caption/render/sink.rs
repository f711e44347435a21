//! Destination of captions and records: standard output or a file.

use std::io::{self, IsTerminal, Stdout, Write};
use std::path::Path;

use caption::Error;

use super::output_file::OutputFile;
use crate::ui::escape::Escape;

/// Destination of captions and records. A write is a whole piece of text.
pub(crate) struct Sink {
    target: Target,
    escape: Escape,
    ignores_closed_pipe: bool,
}

enum Target {
    Stdout(Stdout),
    File(OutputFile),
    /// Standard output after its reader has closed it.
    Closed,
}

impl Sink {
    /// With `ignores_closed_pipe`, output is dropped once the reader of standard output is gone;
    /// otherwise writing fails.
    pub(crate) fn open(file: Option<&Path>, ignores_closed_pipe: bool) -> Result<Self, Error> {
        let (target, escape) = match file.map(OutputFile::create).transpose()? {
            Some(file) if file.is_terminal() => (Target::File(file), Escape::ControlCharacters),
            Some(file) => (Target::File(file), Escape::Nothing),
            None => (Target::Stdout(io::stdout()), Escape::for_stdout()),
        };
        Ok(Self { target, escape, ignores_closed_pipe })
    }

    /// True for a terminal, which shows messages too.
    pub(crate) fn is_terminal(&self) -> bool {
        match &self.target {
            Target::Stdout(stdout) => stdout.is_terminal(),
            Target::File(file) => file.is_terminal(),
            Target::Closed => false,
        }
    }

    /// Puts a file in place.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.target {
            Target::File(file) => file.commit(),
            Target::Stdout(_) | Target::Closed => Ok(()),
        }
    }

    fn write_with(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let result = match &mut self.target {
            Target::Stdout(stdout) => write(stdout),
            Target::File(file) => write(file),
            Target::Closed => Ok(()),
        };
        match result {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && self.ignores_closed_pipe => {
                self.target = Target::Closed;
                Ok(())
            }
            result => result,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let escaped = self.escape.escape(text);
        self.write_with(|out| out.write_all(&escaped))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_with(|out| out.flush())
    }
}
