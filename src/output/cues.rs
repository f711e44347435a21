//! Captions as subtitles have them: from when to when, in short lines.

use super::Style;
use crate::outcome::Outcome;

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
    let cue = |start, end, caption: &str| Cue {
        start: Time::new(start),
        end: Time::new(end),
        lines: textwrap::wrap(&style.dress(caption), WIDTH)
            .into_iter()
            .map(|line| line.trim().to_owned())
            // An empty line would end the cue.
            .filter(|line| !line.is_empty())
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
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    fn new(seconds: f64) -> Self {
        let milliseconds = (seconds * 1000.0).round() as u64;
        Self {
            hours: milliseconds / 3_600_000,
            minutes: milliseconds / 60_000 % 60,
            seconds: milliseconds / 1000 % 60,
            milliseconds: milliseconds % 1000,
        }
    }
}
