//! Decoding, mixing and resampling in one: from a clip to 16 kHz mono, the input of the model.

use rubato::{FftFixedInOut, Resampler as _};

use super::clip::Clip;
use super::decode::Block;
use super::sample_source::SampleSource;
use crate::error::Error;

/// Sampling rate of the model, in Hz: its own code loads all audio at this rate, as mono. Source:
/// `QwenLM/Qwen2.5-Omni`, `audio_process.py` of qwen-omni-utils, which Qwen3-Omni shares.
pub const SAMPLE_RATE: u32 = 16_000;

/// Minimum length of the filter, as a part of a second: flat to 7.8 kHz, silent from 8 kHz.
const FILTERS_PER_SECOND: u32 = 10;

/// Decodes a clip to 16 kHz mono, block by block.
pub(super) struct Converter {
    pub(super) source: SampleSource,
    resampler: Option<Resampler>,
    mono: Vec<f32>,
    resampled: Vec<f32>,
}

impl Converter {
    /// Opens the clip. With `measures`, levels are measured on the way.
    pub(super) fn open(clip: &Clip, measures: bool) -> Result<Self, Error> {
        let source = SampleSource::open(clip, measures)?;
        Ok(Self { source, resampler: None, mono: Vec::new(), resampled: Vec::new() })
    }

    /// Appends the samples of the next packet to `out`; false at the end.
    pub(super) fn next(&mut self, out: &mut Vec<i16>) -> Result<bool, Error> {
        let block = self.source.next()?;
        let rate = block.as_ref().map(|block| block.spec.rate());
        // The next stream in the file may have another rate.
        if let Some(resampler) = self.resampler.take_if(|r| Some(r.rate) != rate) {
            resampler.finish(&mut self.resampled);
        }
        if let Some(block) = &block {
            mix(block, &mut self.mono);
            let new = || Resampler::new(block.spec.rate());
            self.resampler.get_or_insert_with(new).push(&self.mono, &mut self.resampled);
        }
        out.extend(self.resampled.drain(..).map(quantize));
        Ok(block.is_some())
    }
}

/// Averages the channels.
fn mix(block: &Block<'_>, mono: &mut Vec<f32>) {
    mono.clear();
    match block.spec.channels().count() {
        1 => mono.extend_from_slice(block.samples),
        2 => mono.extend(block.samples.chunks_exact(2).map(|frame| 0.5 * (frame[0] + frame[1]))),
        channels => {
            #[expect(clippy::cast_precision_loss, reason = "at most 64")]
            let share = 1.0 / channels as f32;
            let frames = block.samples.chunks_exact(channels);
            mono.extend(frames.map(|frame| share * frame.iter().sum::<f32>()));
        }
    }
}

/// Converts a sample whose full scale is 1; larger ones are clipped.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn quantize(sample: f32) -> i16 {
    (sample * 32768.0).round() as i16
}

/// Resamples mono audio to [`SAMPLE_RATE`], without frequencies above 8 kHz.
struct Resampler {
    rate: u32,
    /// `None` if the rate is right already.
    filter: Option<FftFixedInOut<f32>>,
    pending: Vec<f32>,
    /// Samples of the filter's delay that are still to be dropped.
    delay: usize,
    consumed: u64,
    produced: u64,
}

impl Resampler {
    fn new(rate: u32) -> Self {
        let filter = (rate != SAMPLE_RATE).then(|| {
            // An odd length would shift the audio by half a sample.
            let unit = 2 * rate / gcd(rate, SAMPLE_RATE);
            let len = (rate / FILTERS_PER_SECOND).div_ceil(unit) * unit;
            FftFixedInOut::new(rate as usize, SAMPLE_RATE as usize, len as usize, 1)
                .expect("neither rate is zero")
        });
        let delay = filter.as_ref().map_or(0, FftFixedInOut::output_delay);
        Self { rate, filter, pending: Vec::new(), delay, consumed: 0, produced: 0 }
    }

    /// Resamples `mono` and appends the result to `out`.
    fn push(&mut self, mono: &[f32], out: &mut Vec<f32>) {
        self.consumed += mono.len() as u64;
        let Some(filter) = &mut self.filter else {
            out.extend_from_slice(mono);
            return;
        };
        self.pending.extend_from_slice(mono);
        let len = filter.input_frames_next();
        while self.pending.len() >= len {
            let block = &self.pending[..len];
            let ready = filter.process(&[block], None).expect("as long as the filter requires");
            self.pending.drain(..len);
            let dropped = self.delay.min(ready[0].len());
            self.delay -= dropped;
            out.extend_from_slice(&ready[0][dropped..]);
            self.produced += (ready[0].len() - dropped) as u64;
        }
    }

    /// Appends the rest that the filter holds, so that the length stays the same.
    fn finish(mut self, out: &mut Vec<f32>) {
        let Some(filter) = &self.filter else { return };
        let silence = vec![0.0; filter.input_frames_next()];
        let wanted = (self.consumed * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        while self.produced < wanted {
            self.push(&silence, out);
        }
        let surplus = usize::try_from(self.produced - wanted).unwrap_or(0);
        out.truncate(out.len().saturating_sub(surplus));
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
