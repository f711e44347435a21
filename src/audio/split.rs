//! Long sound as a row of windows, cut where it is quiet.

use std::fmt;
use std::time::Duration;

use super::clip::Clip;
use super::convert::Converter;
use super::measure::Levels;
use super::resample::SAMPLE_RATE;
use super::wav::{self, WavFile};
use crate::error::Error;

/// A cut is looked for so far on both sides of where it is due.
pub(super) const REACH_SECONDS: f64 = 2.0;
const REACH: u64 = 2 * SAMPLE_RATE as u64;

/// No window is shorter, in samples: 1 s.
const SHORTEST: u64 = SAMPLE_RATE as u64;

/// How long it has to be quiet, in samples: 200 ms is a pause, where 50 ms may be the middle of a
/// word.
const PAUSE: usize = SAMPLE_RATE as usize / 5;

/// Cuts are at multiples of this many samples: 10 ms.
const STEP: usize = SAMPLE_RATE as usize / 100;

/// What is quieter is all the same, as the mean square of samples: -70 dBFS.
const QUIET: f64 = 107.0;

/// A window of a longer sound.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WindowClip {
    /// Where it begins in the whole, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
    /// Its sound.
    pub clip: Clip,
}

/// Cuts the sound of a clip into windows, one at a time and in one pass.
///
/// Cuts are due at multiples of the length, and made at the quietest point within 2 s of that, or
/// within half a window. Every window is at least 1 s long, unless the whole is shorter.
pub struct Splitter {
    whole: Clip,
    converter: Converter,
    len: u64,
    /// How many cuts were made.
    cuts: u64,
    /// Where `waiting` begins in the whole.
    start: u64,
    waiting: Vec<i16>,
    block: Vec<f32>,
    is_at_end: bool,
}

impl fmt::Debug for Splitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cutter").field("cuts", &self.cuts).finish_non_exhaustive()
    }
}

impl Splitter {
    /// `window` is at least 1 s; with `measures` the sound is measured on its way.
    pub(super) fn open(clip: &Clip, window: Duration, measures: bool) -> Result<Self, Error> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let len = (window.as_secs_f64() * f64::from(SAMPLE_RATE)) as u64;
        Ok(Self {
            whole: clip.clone(),
            converter: Converter::open(clip, measures)?,
            len: len.max(SHORTEST),
            cuts: 0,
            start: 0,
            waiting: Vec::new(),
            block: Vec::new(),
            is_at_end: false,
        })
    }

    /// The next window; `None` at the end.
    ///
    /// Once there was one, damage is no error: what was captioned so far stands.
    pub fn next_window(&mut self) -> Result<Option<WindowClip>, Error> {
        let due = self.len.saturating_mul(self.cuts + 1).max(self.start + SHORTEST);
        self.fill(due.saturating_add(REACH + SHORTEST))?;
        if self.waiting.is_empty() {
            return Ok(None);
        }
        let end = self.start + self.waiting.len() as u64;
        let is_last = end < due.saturating_add(SHORTEST);
        let cut = if is_last { end } else { self.quietest(due, end - SHORTEST) };
        let samples = usize::try_from(cut - self.start).unwrap_or(usize::MAX);
        let mut file = WavFile::new()?;
        file.push(&self.waiting[..samples])?;
        self.waiting.drain(..samples);
        let start = std::mem::replace(&mut self.start, cut);
        self.cuts += 1;
        let clip = file.into_clip(&self.whole)?;
        Ok(Some(WindowClip { start: wav::seconds(start), end: wav::seconds(cut), clip }))
    }

    /// Whether all windows are cut.
    pub fn is_through(&self) -> bool {
        self.is_at_end && self.waiting.is_empty()
    }

    /// Once the last window is cut: how many packets of the sound could not be decoded, and what
    /// was measured.
    pub fn finish(mut self) -> (u64, Option<Levels>) {
        (self.converter.damaged_packets(), self.converter.levels())
    }

    /// Decodes up to a point of the whole.
    fn fill(&mut self, to: u64) -> Result<(), Error> {
        while !self.is_at_end && self.start + (self.waiting.len() as u64) < to {
            self.block.clear();
            self.is_at_end = match self.converter.next(&mut self.block) {
                Err(Error::Damaged { .. }) if self.cuts > 0 => true,
                goes_on => !goes_on?,
            };
            self.waiting.extend(self.block.iter().copied().map(wav::quantize));
        }
        Ok(())
    }

    /// The middle of the quietest pause near `due`, so that the window and its rest have their
    /// least length; of two that are as quiet, the nearer one.
    fn quietest(&self, due: u64, last: u64) -> u64 {
        // A short window does not move by more than half of itself.
        let reach = REACH.min(self.len / 2);
        let first = due.saturating_sub(reach).max(self.start + SHORTEST);
        let points = (first..=(due + reach).min(last)).step_by(STEP).chain([due]);
        let judged = points.map(|point| (self.level(point), point.abs_diff(due), point));
        let best = judged.reduce(|best, other| {
            let is_better = other.0 < best.0 || (other.0 <= best.0 && other.1 < best.1);
            if is_better { other } else { best }
        });
        best.map_or(due, |(.., point)| point)
    }

    /// The mean square of the samples around a point of the whole.
    fn level(&self, point: u64) -> f64 {
        let point = usize::try_from(point - self.start).unwrap_or(usize::MAX);
        let end = (point + PAUSE / 2).min(self.waiting.len());
        let samples = &self.waiting[point.saturating_sub(PAUSE / 2).min(end)..end];
        let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let mean = sum / samples.len().max(1) as f64;
        mean.max(QUIET)
    }
}
