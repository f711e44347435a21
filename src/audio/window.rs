//! Long sound as a row of windows, cut where it is quiet.

use std::ops::Range;
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

/// A piece of a longer sound.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Piece {
    /// Where it begins in the whole, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
    /// Its sound.
    pub clip: Clip,
}

/// Cuts the sound of a clip into pieces, one at a time and in one pass.
///
/// Cuts are due at multiples of the length, and made at the quietest point within 2 s. Every piece
/// is at least 1 s long, unless the whole is shorter.
pub struct Cutter {
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

impl Cutter {
    /// `window` is at least 1 s; with `measures` the sound is measured on its way.
    pub(super) fn open(clip: &Clip, window: Duration, measures: bool) -> Result<Self, Error> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let len = (window.as_secs_f64() * f64::from(SAMPLE_RATE)) as u64;
        Ok(Self {
            converter: Converter::open(clip, measures)?,
            len: len.max(SHORTEST),
            cuts: 0,
            start: 0,
            waiting: Vec::new(),
            block: Vec::new(),
            is_at_end: false,
        })
    }

    /// The next piece; `None` at the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, Error> {
        let due = (self.cuts + 1).saturating_mul(self.len);
        self.fill(due + REACH + PAUSE as u64)?;
        let end = self.start + self.waiting.len() as u64;
        if self.waiting.is_empty() {
            return Ok(None);
        }
        let cut = if end < due + SHORTEST { end } else { self.quietest(due, end - SHORTEST) };
        let samples = usize::try_from(cut - self.start).unwrap_or(usize::MAX);
        let mut file = WavFile::new()?;
        file.push(&self.waiting[..samples])?;
        self.waiting.drain(..samples);
        let start = std::mem::replace(&mut self.start, cut);
        self.cuts += 1;
        let clip = file.into_clip()?;
        Ok(Some(Piece { start: wav::seconds(start), end: wav::seconds(cut), clip }))
    }

    /// How many packets of the sound could not be decoded so far.
    pub fn damaged_packets(&self) -> u64 {
        self.converter.damaged_packets()
    }

    /// What was measured, once the last piece is cut.
    pub fn levels(&mut self) -> Option<Levels> {
        self.converter.levels()
    }

    /// Decodes up to a point of the whole.
    fn fill(&mut self, to: u64) -> Result<(), Error> {
        while !self.is_at_end && self.start + (self.waiting.len() as u64) < to {
            self.block.clear();
            self.is_at_end = !self.converter.next(&mut self.block)?;
            self.waiting.extend(self.block.iter().copied().map(wav::quantize));
        }
        Ok(())
    }

    /// The middle of the quietest pause near `due`, but not after `last`; of two that are as
    /// quiet, the nearer one.
    fn quietest(&self, due: u64, last: u64) -> u64 {
        // However the cuts beside it fall, a window keeps its least length.
        let reach = REACH.min((self.len - SHORTEST) / 2);
        let in_waiting = |point: u64| usize::try_from(point - self.start).unwrap_or(usize::MAX);
        let range = in_waiting(due - reach)..in_waiting((due + reach).min(last)) + 1;
        let due = in_waiting(due);
        let steps = (0..=range.len() / STEP).flat_map(|step| {
            let distance = step * STEP;
            [due.saturating_sub(distance), due + distance]
        });
        let cut = steps
            .filter(|point| range.contains(point))
            .map(|point| (point, self.level(point.saturating_sub(PAUSE / 2)..point + PAUSE / 2)))
            .reduce(|best, other| if other.1 < best.1 { other } else { best });
        self.start + cut.map_or(range.start, |(point, _)| point) as u64
    }

    /// The mean square of the samples in a range.
    fn level(&self, range: Range<usize>) -> f64 {
        let samples = &self.waiting[range.start..range.end.min(self.waiting.len())];
        let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let mean = sum / samples.len().max(1) as f64;
        mean.max(QUIET)
    }
}
