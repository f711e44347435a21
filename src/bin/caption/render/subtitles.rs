//! Subtitles: one cue per window, or one over the whole file.
//!
//! Source for `WebVTT`: W3C, "`WebVTT`: The Web Video Text Tracks Format".

use std::borrow::Cow;
use std::io::{self, Write};

use caption::{Outcome, milliseconds, one_line};

use super::{RenderOptions, Renderer};

/// Limit of a line in columns; longer ones do not fit on a screen.
const MAX_WIDTH: usize = 42;

/// Writes one document per input.
pub(super) struct Subtitles {
    options: RenderOptions,
    syntax: Syntax,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Srt,
    Vtt,
}

/// One subtitle; times are in seconds.
struct Cue {
    start: f64,
    end: f64,
    lines: Vec<String>,
}

impl Subtitles {
    pub(super) fn srt(options: RenderOptions) -> Self {
        Self { options, syntax: Syntax::Srt }
    }

    pub(super) fn vtt(options: RenderOptions) -> Self {
        Self { options, syntax: Syntax::Vtt }
    }

    fn cues(&self, outcome: &Outcome) -> Vec<Cue> {
        let Some(answer) = outcome.answer() else { return Vec::new() };
        if answer.windows.is_empty() {
            let whole = outcome.seconds.map(|seconds| self.cue(0.0, seconds, &answer.caption));
            return whole.into_iter().collect();
        }
        let windows = answer.windows.iter();
        windows.map(|window| self.cue(window.start, window.end, &window.caption)).collect()
    }

    fn cue(&self, start: f64, end: f64, caption: &str) -> Cue {
        // An empty line would end the cue, so line breaks of the caption go first.
        let caption = one_line(&self.options.text(caption), usize::MAX);
        let lines = textwrap::wrap(&caption, MAX_WIDTH).into_iter().map(Cow::into_owned).collect();
        // Players drop cues without a length.
        Cue { start, end: f64::max(end, start + 0.001), lines }
    }
}

impl Syntax {
    fn format(self, number: usize, cue: &Cue) -> String {
        let (heading, decimal_mark) = match self {
            Self::Srt => (format!("{number}\n"), ','),
            Self::Vtt => (String::new(), '.'),
        };
        let start = timestamp(cue.start, decimal_mark);
        let end = timestamp(cue.end, decimal_mark);
        let mut text = format!("{heading}{start} --> {end}\n");
        for line in &cue.lines {
            text.push_str(&self.escape(line));
            text.push('\n');
        }
        text
    }

    fn escape(self, line: &str) -> String {
        // Players take codes of SSA for markup in both formats. There is no escape for them, so
        // similar characters replace them.
        let line = line.replace('{', "(").replace('}', ")").replace('\\', "⧵");
        match self {
            // Players take an arrow for a timestamp, and know no escape for tags.
            Self::Srt => line.replace("-->", "→").replace('<', "‹").replace('>', "›"),
            Self::Vtt => line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        }
    }
}

fn timestamp(seconds: f64, decimal_mark: char) -> String {
    let milliseconds = milliseconds(seconds);
    let (hours, minutes) = (milliseconds / 3_600_000, milliseconds / 60_000 % 60);
    let (seconds, milliseconds) = (milliseconds / 1000 % 60, milliseconds % 1000);
    format!("{hours:02}:{minutes:02}:{seconds:02}{decimal_mark}{milliseconds:03}")
}

impl Renderer for Subtitles {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let cues = self.cues(outcome);
        let mut blocks: Vec<_> =
            (1..).zip(&cues).map(|(number, cue)| self.syntax.format(number, cue)).collect();
        if self.syntax == Syntax::Vtt && !blocks.is_empty() {
            blocks.insert(0, "WEBVTT\n".to_owned());
        }
        out.write_all(blocks.join("\n").as_bytes())
    }
}
