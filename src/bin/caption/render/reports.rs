//! The reports of a run and where they go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::render::OutputFile;
use crate::render::{End, Report, ReportKind, ReportStyle};
use caption::error::Error;
use caption::outcome::Outcome;

use crate::args::report::ReportOption;
use crate::config::environment::Environment;
use crate::render::sink::put_in_place;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::hints::{Exit, hint};

/// The variable that names the file for the summary of a job in GitHub Actions.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// All reports that were asked for.
pub(crate) struct Reports {
    open: Vec<Open>,
    end: End,
}

/// A report that is being made.
struct Open {
    report: Box<dyn Report>,
    name: String,
    place: Place,
    /// Why it cannot be made.
    api_error: Option<io::Error>,
}

enum Place {
    File(OutputFile),
    /// A file that others write to as well, and what is added to it at the end.
    Shared(File, Vec<u8>),
    /// What is told at the end.
    Stderr(Vec<u8>),
}

impl Reports {
    /// Fails with [`Error::Unwritable`] where a report could not be written later.
    pub(crate) fn open(options: &[ReportOption], environment: &Environment) -> Result<Self, Error> {
        let mut open = Vec::new();
        for ReportOption { kind, file } in options {
            let file = file.as_deref();
            let place = match file {
                Some(path) => Place::File(OutputFile::create(path)?),
                None => Place::Stderr(Vec::new()),
            };
            open.push(Open::new(*kind, file, place));
        }
        let summary = environment.get(STEP_SUMMARY).map(PathBuf::from);
        if let Some(path) = summary.filter(|_| options.iter().any(ReportOption::is_for_github)) {
            let file = OpenOptions::new().append(true).create(true).open(&path);
            let file = file.map_err(|source| Error::Unwritable { path: path.clone(), source })?;
            let place = Place::Shared(file, Vec::new());
            open.push(Open::new(ReportKind::Markdown, Some(&path), place));
        }
        Ok(Self { open, end: End::Complete })
    }

    /// Whether there is nothing to report.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes the next outcome. A report that cannot be written ends neither the others nor the run.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        for open in &mut self.open {
            open.write(|report, out| report.outcome(outcome, out));
        }
    }

    /// Not all inputs were looked at.
    pub(crate) fn cut_short(&mut self) {
        self.end = End::CutShort;
    }

    /// Puts all reports in their places.
    pub(crate) fn finish(self, diagnostics: &Diagnostics) -> Exit {
        let mut exit = Exit::Success;
        for open in self.open {
            let name = open.name.clone();
            if let Err(error) = open.finish(self.end, diagnostics) {
                diagnostics.problem(&format!("could not write the report ({error}): {name}"));
                exit = Exit::Failed;
            }
        }
        exit
    }
}

impl Open {
    fn new(kind: ReportKind, file: Option<&Path>, place: Place) -> Self {
        let style = ReportStyle {
            hint: |error| hint(error).into_owned(),
            folder: file.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned),
        };
        let name = file.map_or("standard error".into(), |file| file.display().to_string());
        Self { report: kind.report(&style), name, place, api_error: None }
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Report, &mut dyn Write) -> io::Result<()>) {
        if self.api_error.is_some() {
            return;
        }
        let out: &mut dyn Write = match &mut self.place {
            Place::File(file) => file,
            Place::Shared(_, text) | Place::Stderr(text) => text,
        };
        self.api_error = write(self.report.as_mut(), out).err();
    }

    fn finish(mut self, end: End, diagnostics: &Diagnostics) -> io::Result<()> {
        self.write(|report, out| report.finish(end, out));
        if let Some(api_error) = self.api_error {
            return Err(api_error);
        }
        match self.place {
            Place::File(file) => put_in_place(file),
            Place::Shared(mut file, text) => file.write_all(&text),
            Place::Stderr(text) => {
                diagnostics.commands(&text);
                Ok(())
            }
        }
    }
}
