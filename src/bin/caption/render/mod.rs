//! Renderers: one trait for output formats and reports, one file per format.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use caption::{Answer, Outcome, Rule, first_sentences};

use sha2::{Digest, Sha256};

use self::csv::Csv;
use self::github::{Annotations, StepSummary};
use self::html::Html;
use self::json::Json;
use self::jsonl::Jsonl;
use self::junit::Junit;
use self::sarif::Sarif;
use self::subtitles::Subtitles;
use self::text::Text;

mod annotation;
mod csv;
mod github;
mod html;
mod json;
mod jsonl;
mod junit;
mod output_file;
pub(crate) mod overwrite;
pub(crate) mod project_folder;
pub(crate) mod queue;
mod record;
pub(crate) mod reports;
mod sarif;
pub(crate) mod sidecar;
pub(crate) mod sink;
mod subtitles;
mod temporary_file;
mod text;
mod wrap;

/// Writes outcomes in the order in which they arrive.
pub(crate) trait Renderer {
    /// Writes a piece of a caption that is still arriving.
    fn piece(&mut self, _text: &str, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Takes the next outcome and writes all that does not depend on later ones.
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;

    /// Writes the rest, after the last outcome.
    fn finish(&mut self, _end: End, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// End of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All inputs have an outcome.
    Complete,
    /// Some inputs were not tried.
    CutShort,
}

/// Settings shared by all renderers.
#[derive(Debug, Clone, Default)]
pub(crate) struct RenderOptions {
    /// True if more than one input is expected.
    pub(crate) is_batch: bool,
    /// True if the output is shown on a terminal.
    pub(crate) is_terminal: bool,
    /// Number of sentences that are written of a caption; `None` for all.
    pub(crate) sentences: Option<NonZeroUsize>,
    /// Text before every caption.
    pub(crate) prepend: String,
    /// Text after every caption.
    pub(crate) append: String,
}

impl RenderOptions {
    /// Caption of an answer as it is written.
    fn caption(&self, answer: &Answer) -> String {
        if answer.windows.is_empty() || self.sentences.is_none() {
            return self.text(&answer.caption);
        }
        let windows: Vec<_> =
            answer.windows.iter().map(|window| self.shortened(&window.caption)).collect();
        self.decorate(&windows.join("\n"))
    }

    /// Text as it is written, of a caption or a window.
    fn text(&self, caption: &str) -> String {
        self.decorate(self.shortened(caption))
    }

    /// True if the end of an answer's caption is not written.
    pub(crate) fn leaves_out_end(&self, answer: &Answer) -> bool {
        let last = answer.windows.last().map_or(&answer.caption, |window| &window.caption);
        self.shortened(last).len() < last.trim_end().len()
    }

    fn shortened<'a>(&self, caption: &'a str) -> &'a str {
        self.sentences.map_or(caption, |count| first_sentences(caption, count))
    }

    /// Puts the configured text around a caption.
    fn decorate(&self, caption: &str) -> String {
        [&self.prepend, caption, &self.append].concat()
    }
}

/// Formats of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormatKind {
    /// The caption and a newline.
    Text,
    /// The response of the service, unchanged.
    Json,
    /// One record per line, failures included.
    Jsonl,
    /// One record per row, failures included.
    Csv,
    /// `SubRip` subtitles.
    Srt,
    /// `WebVTT` subtitles.
    Vtt,
}

impl FormatKind {
    /// Usual file extension.
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

    /// True for formats with timestamps, which hold one input per file.
    pub(crate) fn is_subtitles(self) -> bool {
        matches!(self, Self::Srt | Self::Vtt)
    }

    /// Creates a renderer.
    pub(crate) fn renderer(self, options: &RenderOptions) -> Box<dyn Renderer> {
        let options = options.clone();
        match self {
            Self::Text => Box::new(Text::new(options)),
            Self::Json => Box::new(Json(options)),
            Self::Jsonl => Box::new(Jsonl(options)),
            Self::Csv => Box::new(Csv::new(options)),
            Self::Srt => Box::new(Subtitles::srt(options)),
            Self::Vtt => Box::new(Subtitles::vtt(options)),
        }
    }
}

/// Reports of `--report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportKind {
    /// `JUnit` XML for Jenkins and GitLab: one test case per input.
    Junit,
    /// SARIF 2.1.0 within the limits of GitHub code scanning: one result per finding.
    Sarif,
    /// Workflow commands of GitHub Actions: one annotation per finding.
    Github,
    /// Summary of a job in GitHub Actions: a table of findings in Markdown.
    StepSummary,
    /// HTML page with players, in one file and usable offline.
    Html,
}

impl ReportKind {
    /// Creates a renderer for a report in `folder`, the base of its links, on an audit by `rules`.
    fn renderer(self, folder: &Path, rules: &[Rule]) -> Box<dyn Renderer> {
        match self {
            Self::Junit => Box::new(Junit::default()),
            Self::Sarif => Box::new(Sarif::new(rules)),
            Self::Github => Box::new(Annotations::default()),
            Self::StepSummary => Box::new(StepSummary::default()),
            Self::Html => Box::new(Html::new(folder, rules)),
        }
    }
}

/// First 16 bytes of the SHA-256: equal on every machine, and practically free of collisions.
pub(crate) fn digest(bytes: &[u8]) -> u128 {
    Sha256::digest(bytes).iter().take(16).fold(0, |start, byte| start << 8 | u128::from(*byte))
}
