//! Reports of a run for whoever did not watch it, one file a report.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use self::github::Github;
use self::html::Html;
use self::junit::Junit;
use self::markdown::Markdown;
use self::sarif::Sarif;
use crate::error::Error;
use crate::outcome::Outcome;

mod address;
mod github;
mod html;
mod junit;
mod markdown;
mod sarif;
mod words;

/// The reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// `JUnit` XML as Jenkins and GitLab read it: a test case for each input.
    Junit,
    /// SARIF 2.1.0 within the limits of GitHub code scanning: a result for each finding.
    Sarif,
    /// Workflow commands of GitHub Actions: an annotation for each finding.
    Github,
    /// A table of findings, as for the summary of a job in GitHub Actions.
    Markdown,
    /// A page to look at and to listen to, in one file and without network.
    Html,
}

/// How a report is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReportStyle {
    /// What to do about an error.
    pub hint: fn(&Error) -> String,
    /// The folder that the report will lie in, so that it can lead to sounds; empty for the
    /// working folder.
    pub folder: PathBuf,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// All inputs were looked at.
    Complete,
    /// Some were not: somebody ended it, or there was no point in going on.
    CutShort,
}

/// Takes outcomes as they come, and has something to say at the end at the latest. The same
/// outcomes make the same bytes.
pub trait Report {
    /// Takes the next outcome, and writes what can be written by now.
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;

    /// Writes all the rest, after a run that is complete or was cut short. Nothing comes after it.
    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()>;
}

impl ReportKind {
    /// A report of this kind.
    pub fn report(self, style: &ReportStyle) -> Box<dyn Report> {
        match self {
            Self::Junit => Box::new(Junit::new(style.clone())),
            Self::Sarif => Box::new(Sarif::new(style.clone())),
            Self::Github => Box::new(Github::new(style.clone())),
            Self::Markdown => Box::new(Markdown::new(style.clone())),
            Self::Html => Box::new(Html::new(style.clone())),
        }
    }
}

impl Default for ReportStyle {
    fn default() -> Self {
        Self { hint: |_| String::new(), folder: PathBuf::new() }
    }
}

impl fmt::Debug for ReportStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportStyle").field("folder", &self.folder).finish_non_exhaustive()
    }
}
