//! The reports of a run and where they go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use caption::error::Error;
use caption::outcome::Outcome;
use caption::output::OutputFile;
use caption::report::{Report, ReportKind, ReportStyle};

use super::diagnostics::Diagnostics;
use super::environment::Environment;
use super::hints::{Exit, hint};
use super::report_option::ReportOption;

/// The variable that names the file for the summary of a job in GitHub Actions.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// All reports that were asked for.
#[derive(Default)]
pub(crate) struct Reports(Vec<Open>);

/// A report that is being made.
struct Open {
    report: Box<dyn Report>,
    place: Place,
    /// Why it cannot be made.
    fault: Option<io::Error>,
}

enum Place {
    File(OutputFile),
    /// What is told at the end, on standard error or to a file that others write to as well.
    End {
        text: Vec<u8>,
        file: Option<File>,
    },
}

impl Reports {
    /// Fails with [`Error::Unwritable`] where a report could not be written later.
    pub(crate) fn open(options: &[ReportOption], environment: &Environment) -> Result<Self, Error> {
        let mut reports = Vec::new();
        for ReportOption { kind, file } in options {
            let place = match file {
                Some(path) => Place::File(OutputFile::create(path)?),
                None => Place::End { text: Vec::new(), file: None },
            };
            let mut style = ReportStyle::default();
            style.hint = |error| hint(error).into_owned();
            style.folder =
                file.as_ref().and_then(|path| path.parent()).map_or_else(PathBuf::new, Into::into);
            reports.push(Open { report: kind.report(&style), place, fault: None });
            if *kind == ReportKind::Github
                && let Some(path) = environment.get(STEP_SUMMARY).map(PathBuf::from)
            {
                let file = OpenOptions::new().append(true).create(true).open(&path);
                let file = Some(file.map_err(|source| Error::Unwritable { path, source })?);
                let place = Place::End { text: Vec::new(), file };
                let report = ReportKind::Markdown.report(&style);
                reports.push(Open { report, place, fault: None });
            }
        }
        Ok(Self(reports))
    }

    /// Takes the next outcome. A report that cannot be written ends neither the others nor the run.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        for open in &mut self.0 {
            open.write(|report, out| report.outcome(outcome, out));
        }
    }

    /// Puts all reports in their places.
    pub(crate) fn finish(self, diagnostics: &Diagnostics) -> Exit {
        let mut exit = Exit::Success;
        for open in self.0 {
            if let Err(error) = open.finish(diagnostics) {
                diagnostics.problem(&format!("could not write a report ({error})"));
                exit = Exit::Failed;
            }
        }
        exit
    }
}

impl Open {
    fn write(&mut self, write: impl FnOnce(&mut dyn Report, &mut dyn Write) -> io::Result<()>) {
        if self.fault.is_some() {
            return;
        }
        let out: &mut dyn Write = match &mut self.place {
            Place::File(file) => file,
            Place::End { text, .. } => text,
        };
        self.fault = write(self.report.as_mut(), out).err();
    }

    fn finish(mut self, diagnostics: &Diagnostics) -> Result<(), String> {
        self.write(|report, out| report.finish(out));
        if let Some(fault) = self.fault {
            return Err(fault.to_string());
        }
        match self.place {
            Place::File(file) => file.commit().map_err(|error| error.to_string()),
            Place::End { text, file: Some(mut file) } => {
                file.write_all(&text).map_err(|error| error.to_string())
            }
            Place::End { text, file: None } => {
                diagnostics.commands(&text);
                Ok(())
            }
        }
    }
}
