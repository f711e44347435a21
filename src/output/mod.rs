//! Outcomes as text for people and scripts, one file a format.

use std::fmt;
use std::io::{self, Write};

use self::csv::Csv;
use self::json::{Json, Layout};
use self::jsonl::Jsonl;
use self::srt::Srt;
use self::text::Text;
use self::vtt::Vtt;
use crate::error::Error;
use crate::outcome::Outcome;

pub use self::file::OutputFile;
pub use self::sidecar::Sidecars;

mod csv;
mod cues;
mod file;
mod json;
mod jsonl;
mod sidecar;
mod srt;
mod text;
mod vtt;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FormatKind {
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
#[non_exhaustive]
pub struct Style {
    /// Whether several inputs are to be expected.
    pub several: bool,
    /// Whether people read it on a terminal.
    pub for_people: bool,
    /// Text before every caption.
    pub prepend: String,
    /// Text after every caption.
    pub append: String,
    /// What to do about an error.
    pub hint: fn(&Error) -> String,
}

/// Writes outcomes in the order in which they are handed over.
pub trait Format {
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
    pub fn extension(self) -> &'static str {
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
    pub fn writer(self, style: &Style) -> Box<dyn Format> {
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
    pub fn is_subtitles(self) -> bool {
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
