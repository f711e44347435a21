//! Destination of captions and records: standard output, or a file that is replaced as a whole.

use std::io::{self, StdoutLock, Write};
use std::path::Path;

use caption::Error;

use super::output_file::OutputFile;
use crate::ui::escape::EscapedWriter;

pub(crate) struct Sink {
    target: Target,
    ignores_closed_pipe: bool,
}

enum Target {
    Stdout(EscapedWriter<StdoutLock<'static>>),
    File(EscapedWriter<OutputFile>),
    /// Standard output after its reader has closed it.
    Closed,
}

impl Sink {
    /// With `ignores_closed_pipe`, output is dropped once the reader of standard output is gone;
    /// otherwise writing fails.
    pub(crate) fn open(file: Option<&Path>, ignores_closed_pipe: bool) -> Result<Self, Error> {
        let target = match file.map(OutputFile::create).transpose()? {
            Some(file) if file.is_terminal() => Target::File(EscapedWriter::Terminal(file)),
            Some(file) => Target::File(EscapedWriter::Plain(file)),
            None => Target::Stdout(EscapedWriter::stdout(io::stdout().lock())),
        };
        Ok(Self { target, ignores_closed_pipe })
    }

    /// Puts a file in place.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.target {
            Target::File(file) => file.into_inner().commit(),
            Target::Stdout(_) | Target::Closed => Ok(()),
        }
    }

    fn write_with<T>(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let result = match &mut self.target {
            Target::Stdout(stdout) => write(stdout),
            Target::File(file) => write(file),
            Target::Closed => return Ok(None),
        };
        match result {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && self.ignores_closed_pipe => {
                self.target = Target::Closed;
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.write_with(|out| out.write(bytes))?;
        Ok(written.unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_with(|out| out.flush()).map(|_| ())
    }
}
