//! Subtitles as browsers have them. Source: W3C, "`WebVTT`: The Web Video Text Tracks Format".

use std::fmt;
use std::io::{self, Write};

use super::cues::{Time, cues};
use super::{Format, Style};
use caption::outcome::Outcome;

/// One document an input.
#[derive(Debug)]
pub(super) struct Vtt {
    style: Style,
}

impl Vtt {
    pub(super) fn new(style: Style) -> Self {
        Self { style }
    }
}

impl Format for Vtt {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let cues = cues(outcome, &self.style);
        if cues.is_empty() {
            return Ok(());
        }
        writeln!(out, "WEBVTT")?;
        for cue in cues {
            writeln!(out, "\n{} --> {}", Stamp(&cue.start), Stamp(&cue.end))?;
            for line in cue.lines {
                writeln!(out, "{}", escape(&line))?;
            }
        }
        Ok(())
    }
}

/// Text that is neither a tag nor an arrow.
fn escape(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

struct Stamp<'a>(&'a Time);

impl fmt::Display for Stamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Time { hours, minutes, seconds, milliseconds } = self.0;
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}")
    }
}
