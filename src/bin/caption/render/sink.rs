//! Where captions and records go: standard output, or a file that appears when it is whole.

use std::io::{self, StdoutLock, Write};
use std::path::Path;

use crate::render::OutputFile;
use caption::error::Error;

use crate::config::environment::Environment;
use crate::ui::terminal::Output;

/// A place that is written to in order.
pub(crate) struct Sink {
    place: Place,
    outlives_reader: bool,
}

enum Place {
    Stdout(Output<StdoutLock<'static>>),
    File(Output<OutputFile>),
    /// Whoever read standard output has gone, and there is more to a run than that.
    Nowhere,
}

impl Sink {
    /// Where the reader of standard output goes away, it `outlives_reader` or fails.
    pub(crate) fn open(
        file: Option<&Path>,
        environment: &Environment,
        outlives_reader: bool,
    ) -> Result<Self, Error> {
        let place = match file {
            Some(path) => Place::File(of_file(OutputFile::create(path)?)),
            None => Place::Stdout(Output::new(io::stdout().lock(), environment)),
        };
        Ok(Self { place, outlives_reader })
    }

    /// Puts a file in its place.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.place {
            Place::File(file) => put_in_place(file.into_inner()),
            Place::Stdout(_) | Place::Nowhere => Ok(()),
        }
    }

    fn try_to<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let result = match &mut self.place {
            Place::Stdout(stdout) => work(stdout),
            Place::File(file) => work(file),
            Place::Nowhere => return Ok(None),
        };
        match result {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && self.outlives_reader => {
                self.place = Place::Nowhere;
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.try_to(|out| out.write(bytes))?;
        Ok(written.unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.try_to(|out| out.flush()).map(|_| ())
    }
}

fn of_file(file: OutputFile) -> Output<OutputFile> {
    if file.is_terminal() { Output::Terminal(file) } else { Output::Plain(file) }
}

/// Whoever asks knows the file's name.
pub(crate) fn put_in_place(file: OutputFile) -> io::Result<()> {
    file.commit().map_err(|error| match error {
        Error::Unwritable { source, .. } => source,
        error => io::Error::other(error),
    })
}
