//! Reports of a run and their files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use caption::{Error, Outcome, Rule, path_name};

use super::output_file::OutputFile;
use super::{End, Renderer, ReportKind};
use crate::args::values::ReportOption;
use crate::config::environment;
use crate::exit_code::Exit;
use crate::ui::diagnostics::Diagnostics;

/// All reports of a run.
pub(crate) struct Reports {
    reports: Vec<OpenReport>,
    end: End,
}

struct OpenReport {
    renderer: Box<dyn Renderer>,
    name: String,
    /// `None` for standard error.
    file: Option<OutputFile>,
    /// Text for standard error, printed at the end.
    text: Vec<u8>,
    /// First error, after which nothing more is written.
    error: Option<io::Error>,
}

impl Reports {
    /// Fails with [`Error::Unwritable`] if a report could not be written later.
    pub(crate) fn open(options: &[ReportOption], rules: &[Rule]) -> Result<Self, Error> {
        let mut reports = Vec::new();
        for ReportOption { kind, file: path } in options {
            let path = path.as_deref();
            let file = path.map(OutputFile::create).transpose()?;
            reports.push(OpenReport::new(*kind, path, file, rules));
        }
        let summary = environment::step_summary();
        let is_for_github = options.iter().any(|option| option.kind == ReportKind::Github);
        if let Some(path) = summary.filter(|_| is_for_github) {
            let file = Some(OutputFile::append(&path)?);
            reports.push(OpenReport::new(ReportKind::StepSummary, Some(&path), file, rules));
        }
        Ok(Self { reports, end: End::Complete })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// Takes the next outcome. A report that cannot be written stops neither the others nor the
    /// run.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        for report in &mut self.reports {
            report.write(|renderer, out| renderer.outcome(outcome, out));
        }
    }

    /// Marks the run as one that ended early.
    pub(crate) fn cut_short(&mut self) {
        self.end = End::CutShort;
    }

    /// Puts all reports in place.
    pub(crate) fn finish(self, diagnostics: &Diagnostics) -> Exit {
        let mut exit = Exit::Success;
        for mut report in self.reports {
            report.write(|renderer, out| renderer.finish(self.end, out));
            let (name, is_file) = (std::mem::take(&mut report.name), report.file.is_some());
            match report.commit(diagnostics) {
                Ok(()) if is_file => diagnostics.note(&format!("report written to {name}")),
                Ok(()) => {}
                Err(error) => {
                    diagnostics.problem(&format!("could not write the report ({error}): {name}"));
                    exit = Exit::Failed;
                }
            }
        }
        exit
    }
}

impl OpenReport {
    fn new(
        kind: ReportKind,
        path: Option<&Path>,
        file: Option<OutputFile>,
        rules: &[Rule],
    ) -> Self {
        let folder = path.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned);
        let renderer = kind.renderer(&folder, rules);
        let name = path.map_or("standard error".into(), path_name);
        Self { renderer, name, file, text: Vec::new(), error: None }
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Renderer, &mut dyn Write) -> io::Result<()>) {
        if self.error.is_some() {
            return;
        }
        let out: &mut dyn Write = match &mut self.file {
            Some(file) => file,
            None => &mut self.text,
        };
        self.error = write(self.renderer.as_mut(), out).err();
    }

    fn commit(self, diagnostics: &Diagnostics) -> io::Result<()> {
        match (self.error, self.file) {
            (Some(error), _) => Err(error),
            (None, Some(file)) => file.commit(),
            (None, None) => {
                diagnostics.commands(&self.text);
                Ok(())
            }
        }
    }
}
