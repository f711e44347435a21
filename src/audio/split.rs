//! Splits long audio into windows, with cuts where it is quiet.

use std::time::Duration;

use super::audio_format::duration;
use super::clip::Clip;
use super::convert::{Converter, SAMPLE_RATE};
use super::guard::guarded;
use super::measure::Levels;
use super::wav::WavFile;
use crate::error::Error;

/// Distance of a cut from its due time, at most, in seconds and in samples.
pub(super) const MAX_SHIFT_SECONDS: f64 = 2.0;
const MAX_SHIFT: u64 = 2 * SAMPLE_RATE as u64;

/// Length of the shortest window, in samples: 1 s.
const MIN_WINDOW: u64 = SAMPLE_RATE as u64;

/// Length of a pause, in samples: 200 ms, as 50 ms may be the middle of a word.
const PAUSE: usize = SAMPLE_RATE as usize / 5;

/// Distance between the points that are compared, in samples: 10 ms.
const STEP: usize = SAMPLE_RATE as usize / 100;

/// Mean square of samples below which all pauses count as equally quiet: -70 dBFS.
const MIN_LEVEL: f64 = 107.0;

/// A window of a longer clip.
#[derive(Debug, Clone)]
pub(crate) struct WindowClip {
    /// Start within the clip, in seconds.
    pub start: f64,
    /// End within the clip, in seconds.
    pub end: f64,
    /// Audio of the window, as WAV.
    pub clip: Clip,
}

/// Splits a clip into windows, one at a time and in one pass.
///
/// Cuts are due at multiples of the window's length, and made at the quietest point within 2 s or
/// half a window of that. Every window is at least 1 s long, unless the clip is shorter.
pub(crate) struct Splitter {
    clip: Clip,
    converter: Converter,
    /// Length of a window in samples.
    len: u64,
    /// Number of windows so far.
    cuts: u64,
    /// Start of `pending` within the clip, in samples.
    start: u64,
    pending: Vec<i16>,
    is_at_end: bool,
}

impl Splitter {
    /// Opens the clip. Windows are at least 1 s long. With `measures`, levels are measured on the
    /// way.
    pub(super) fn open(clip: &Clip, window: Duration, measures: bool) -> Result<Self, Error> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let len = (window.as_secs_f64() * f64::from(SAMPLE_RATE)) as u64;
        Ok(Self {
            converter: Converter::open(clip, measures)?,
            clip: clip.clone(),
            len: len.max(MIN_WINDOW),
            cuts: 0,
            start: 0,
            pending: Vec::new(),
            is_at_end: false,
        })
    }

    /// The next window; `None` at the end.
    ///
    /// Damage behind the first window ends the clip without an error, as earlier windows may be
    /// captioned already.
    pub(crate) fn next_window(&mut self) -> Result<Option<WindowClip>, Error> {
        guarded(|| self.split_next())
    }

    fn split_next(&mut self) -> Result<Option<WindowClip>, Error> {
        let due = self.len.saturating_mul(self.cuts + 1).max(self.start + MIN_WINDOW);
        self.fill(due.saturating_add(MAX_SHIFT + MIN_WINDOW))?;
        if self.pending.is_empty() {
            return Ok(None);
        }
        let end = self.start + self.pending.len() as u64;
        let is_last = end < due.saturating_add(MIN_WINDOW);
        let cut = if is_last { end } else { self.quietest(due, end - MIN_WINDOW) };
        let samples = usize::try_from(cut - self.start).unwrap_or(usize::MAX);
        let mut file = WavFile::new()?;
        file.push(self.pending.drain(..samples))?;
        let start = std::mem::replace(&mut self.start, cut);
        self.cuts += 1;
        let clip = file.into_clip(&self.clip)?;
        let (start, end) = (duration(start, SAMPLE_RATE), duration(cut, SAMPLE_RATE));
        Ok(Some(WindowClip { start, end, clip }))
    }

    /// True if other files do not wait for work on the clip.
    pub(crate) fn is_huge(&self) -> bool {
        self.clip.is_huge()
    }

    /// True if there are no more windows.
    pub(crate) fn is_through(&self) -> bool {
        self.is_at_end && self.pending.is_empty()
    }

    /// Number of packets that could not be decoded, and the levels if they were measured. Complete
    /// after the last window.
    pub(crate) fn finish(self) -> (u64, Option<Levels>) {
        let decoded = self.converter.source.finish();
        (decoded.damaged_packets, decoded.levels)
    }

    /// Decodes up to a sample of the clip.
    fn fill(&mut self, to: u64) -> Result<(), Error> {
        while !self.is_at_end && self.start + (self.pending.len() as u64) < to {
            self.is_at_end = match self.converter.next(&mut self.pending) {
                Err(Error::Damaged { .. }) if self.cuts > 0 => true,
                has_more => !has_more?,
            };
        }
        Ok(())
    }

    /// Middle of the quietest pause near `due`, the nearer one of two that are equally quiet. The
    /// window and its rest keep their minimum length.
    fn quietest(&self, due: u64, last: u64) -> u64 {
        let max_shift = MAX_SHIFT.min(self.len / 2);
        let first = due.saturating_sub(max_shift).max(self.start + MIN_WINDOW);
        let points = (first..=(due + max_shift).min(last)).step_by(STEP).chain([due]);
        let levels = points.map(|point| (self.level(point), point.abs_diff(due), point));
        let best = levels.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        best.map_or(due, |(.., point)| point)
    }

    /// Mean square of the samples around a sample of the clip.
    fn level(&self, point: u64) -> f64 {
        let point = usize::try_from(point - self.start).unwrap_or(usize::MAX);
        let end = (point + PAUSE / 2).min(self.pending.len());
        let samples = &self.pending[point.saturating_sub(PAUSE / 2).min(end)..end];
        let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let mean = sum / samples.len().max(1) as f64;
        mean.max(MIN_LEVEL)
    }
}
