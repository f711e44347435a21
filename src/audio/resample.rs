//! Resampling to the rate of the model.

use rubato::{FftFixedInOut, Resampler as _};

/// Sampling rate of the model, in Hz: its own code loads all audio at this rate, as mono. Source:
/// `QwenLM/Qwen2.5-Omni`, `audio_process.py` of qwen-omni-utils, which Qwen3-Omni shares.
pub const SAMPLE_RATE: u32 = 16_000;

/// Minimum length of the filter, as a part of a second: flat to 7.8 kHz, silent from 8 kHz.
const FILTERS_PER_SECOND: u32 = 10;

/// Resamples mono audio to [`SAMPLE_RATE`], without frequencies above 8 kHz.
pub(super) struct Resampler {
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
    pub(super) fn new(rate: u32) -> Self {
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

    /// Input rate in Hz.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Resamples `mono` and appends the result to `out`.
    pub(super) fn push(&mut self, mono: &[f32], out: &mut Vec<f32>) {
        self.consumed += mono.len() as u64;
        let Some(filter) = &mut self.filter else {
            out.extend_from_slice(mono);
            return;
        };
        self.pending.extend_from_slice(mono);
        let len = filter.input_frames_next();
        let mut used = 0;
        while self.pending.len() - used >= len {
            let block = &self.pending[used..used + len];
            let ready = filter.process(&[block], None).expect("as long as the filter requires");
            used += len;
            let dropped = self.delay.min(ready[0].len());
            self.delay -= dropped;
            out.extend_from_slice(&ready[0][dropped..]);
            self.produced += (ready[0].len() - dropped) as u64;
        }
        self.pending.drain(..used);
    }

    /// Appends the rest that the filter holds, so that the length stays the same.
    pub(super) fn finish(mut self, out: &mut Vec<f32>) {
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
