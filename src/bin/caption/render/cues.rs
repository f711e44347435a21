//! Captions as subtitles have them: from when to when, in short lines.

use std::borrow::Cow;

use super::Style;
use caption::outcome::Outcome;
use caption::text::{milliseconds, one_line};

/// Longer lines do not fit on a screen, in columns.
const WIDTH: usize = 42;

/// One subtitle.
pub(super) struct Cue {
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) lines: Vec<String>,
}

/// A point of the sound.
pub(super) struct Time {
    pub(super) hours: u64,
    pub(super) minutes: u64,
    pub(super) seconds: u64,
    pub(super) milliseconds: u64,
}

/// A cue for each window, or one over the whole sound.
pub(super) fn cues(outcome: &Outcome, style: &Style) -> Vec<Cue> {
    let Some(answer) = outcome.answer() else { return Vec::new() };
    // One line at first: an empty line would end the cue, whatever character makes it.
    let cue = |start: f64, end: f64, caption: &str| Cue {
        start: Time::new(start),
        // A cue of no length is none.
        end: Time::new(f64::max(end, start + 0.001)),
        lines: textwrap::wrap(&one_line(&style.dress(caption), usize::MAX), WIDTH)
            .into_iter()
            .map(Cow::into_owned)
            .collect(),
    };
    if answer.windows.is_empty() {
        let whole = outcome.seconds.map(|seconds| cue(0.0, seconds, &answer.caption));
        return whole.into_iter().collect();
    }
    let windows = answer.windows.iter();
    windows.map(|window| cue(window.start, window.end, &window.caption)).collect()
}

impl Time {
    fn new(seconds: f64) -> Self {
        let milliseconds = milliseconds(seconds);
        Self {
            hours: milliseconds / 3_600_000,
            minutes: milliseconds / 60_000 % 60,
            seconds: milliseconds / 1000 % 60,
            milliseconds: milliseconds % 1000,
        }
    }
}
