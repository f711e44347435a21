//! Outcomes as text for people and scripts, one file a format.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use caption::error::Error;
use caption::outcome::Outcome;
use sha2::{Digest, Sha256};

use self::csv::Csv;
use self::github::Github;
use self::html::Html;
use self::json::{Json, Layout};
use self::jsonl::Jsonl;
use self::junit::Junit;
use self::markdown::Markdown;
use self::sarif::Sarif;
use self::srt::Srt;
use self::text::Text;
use self::vtt::Vtt;

pub(crate) use self::output_file::OutputFile;
pub(crate) use self::sidecar::Sidecars;

mod annotation;
mod csv;
mod cues;
mod github;
mod html;
mod json;
mod jsonl;
mod junit;
mod location;
mod markdown;
mod output_file;
pub(crate) mod reports;
mod sarif;
mod sidecar;
pub(crate) mod sink;
mod srt;
mod text;
mod vtt;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]

pub(crate) enum FormatKind {
    /// The caption and a newline.
    Text,
    /// The service's response as received.
    Json,
    /// Our record, one a line, failures included.
    Jsonl,
    /// Our record as a row.
    Csv,
    /// Subtitles as `SubRip` has them: a cue for each window, or one over the whole sound.
    Srt,
    /// Subtitles as `WebVTT` has them, with the same cues.
    Vtt,
}

/// How outcomes are written, whatever the format.
#[derive(Clone)]

pub(crate) struct Style {
    /// Whether several inputs are to be expected.
    pub(crate) several: bool,
    /// Whether people read it on a terminal.
    pub(crate) for_people: bool,
    /// Text before every caption.
    pub(crate) prepend: String,
    /// Text after every caption.
    pub(crate) append: String,
    /// What to do about an error.
    pub(crate) hint: fn(&Error) -> String,
}

/// Writes outcomes in the order in which they are handed over.
pub(crate) trait Format {
    /// Writes a piece of the caption that is still arriving.
    fn piece(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let _ = (text, out);
        Ok(())
    }

    /// Writes what the outcome adds to the pieces written before it.
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;
}

impl FormatKind {
    /// The usual file extension.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
        }
    }

    /// A writer of this format.
    pub(crate) fn writer(self, style: &Style) -> Box<dyn Format> {
        match self {
            Self::Text => Box::new(Text::new(style.clone())),
            Self::Json if style.several => Box::new(Json::new(Layout::OneLine)),
            Self::Json if style.for_people => Box::new(Json::new(Layout::Indented)),
            Self::Json => Box::new(Json::new(Layout::AsReceived)),
            Self::Jsonl => Box::new(Jsonl::new(style.clone())),
            Self::Csv => Box::new(Csv::new(style.clone())),
            Self::Srt => Box::new(Srt::new(style.clone())),
            Self::Vtt => Box::new(Vtt::new(style.clone())),
        }
    }

    /// Whether it is about times in the sound, so that one document is about one input.
    pub(crate) fn is_subtitles(self) -> bool {
        matches!(self, Self::Srt | Self::Vtt)
    }
}

impl Style {
    /// The caption between what stands before and after it.
    fn dress(&self, caption: &str) -> String {
        [&self.prepend, caption, &self.append].concat()
    }
}

impl Default for Style {
    fn default() -> Self {
        Self {
            several: false,
            for_people: false,
            prepend: String::new(),
            append: String::new(),
            hint: |_| String::new(),
        }
    }
}

impl fmt::Debug for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Style")
            .field("several", &self.several)
            .field("for_people", &self.for_people)
            .field("prepend", &self.prepend)
            .field("append", &self.append)
            .finish_non_exhaustive()
    }
}

/// The reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]

pub(crate) enum ReportKind {
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

pub(crate) struct ReportStyle {
    /// What to do about an error.
    pub(crate) hint: fn(&Error) -> String,
    /// The folder that the report will lie in, so that it can lead to sounds; empty for the
    /// working folder.
    pub(crate) folder: PathBuf,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]

pub(crate) enum End {
    /// All inputs were looked at.
    Complete,
    /// Some were not: somebody ended it, or there was no point in going on.
    CutShort,
}

/// Takes outcomes as they come, and has something to say at the end at the latest. The same
/// outcomes make the same bytes.
pub(crate) trait Report {
    /// Takes the next outcome, and writes what can be written by now.
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;

    /// Writes all the rest, after a run that is complete or was cut short. Nothing comes after it.
    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()>;
}

impl ReportKind {
    /// A report of this kind.
    pub(crate) fn report(self, style: &ReportStyle) -> Box<dyn Report> {
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

/// First 16 bytes of the SHA-256: the same on every machine, and free of collisions.
fn digest(bytes: &[u8]) -> u128 {
    Sha256::digest(bytes).iter().take(16).fold(0, |start, byte| start << 8 | u128::from(*byte))
}
