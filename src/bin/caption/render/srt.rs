//! Subtitles as `SubRip` has them.

use std::fmt;
use std::io::{self, Write};

use super::cues::{Time, cues};
use super::{Format, Style};
use caption::outcome::Outcome;

/// One document an input.
#[derive(Debug)]
pub(super) struct Srt {
    style: Style,
}

impl Srt {
    pub(super) fn new(style: Style) -> Self {
        Self { style }
    }
}

impl Format for Srt {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        for (number, cue) in (1..).zip(cues(outcome, &self.style)) {
            if number > 1 {
                writeln!(out)?;
            }
            writeln!(out, "{number}\n{} --> {}", Stamp(&cue.start), Stamp(&cue.end))?;
            for line in cue.lines {
                // The one thing that a player may take for a time.
                writeln!(out, "{}", line.replace("-->", "→"))?;
            }
        }
        Ok(())
    }
}

struct Stamp<'a>(&'a Time);

impl fmt::Display for Stamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Time { hours, minutes, seconds, milliseconds } = self.0;
        write!(f, "{hours:02}:{minutes:02}:{seconds:02},{milliseconds:03}")
    }
}
