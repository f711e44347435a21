//! From any sampling rate to the one that the model hears.

use rubato::{FftFixedInOut, Resampler as _};

/// What the model hears, in Hz: its makers load every sound at this rate, in one channel. Source:
/// `QwenLM/Qwen2.5-Omni`, `audio_process.py` of qwen-omni-utils, which Qwen3-Omni shares.
pub const SAMPLE_RATE: u32 = 16_000;

/// The filter is at least a tenth of a second long: flat to 7.8 kHz, silent from 8 kHz.
const FILTERS_A_SECOND: u32 = 10;

/// Takes mono sound at one rate and gives it at [`SAMPLE_RATE`], without what is above 8 kHz.
pub(super) struct Resampler {
    rate: u32,
    /// `None` where there is nothing to do.
    filter: Option<FftFixedInOut<f32>>,
    waiting: Vec<f32>,
    /// Samples of the filter's own delay that are still to be dropped.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    pub(super) fn new(rate: u32) -> Self {
        let filter = (rate != SAMPLE_RATE).then(|| {
            // Of an even length, or it would shift the sound by half a sample.
            let unit = 2 * rate / gcd(rate, SAMPLE_RATE);
            let len = (rate / FILTERS_A_SECOND).div_ceil(unit) * unit;
            FftFixedInOut::new(rate as usize, SAMPLE_RATE as usize, len as usize, 1)
                .expect("neither rate is zero")
        });
        let delay = filter.as_ref().map_or(0, FftFixedInOut::output_delay);
        Self { rate, filter, waiting: Vec::new(), delay, taken: 0, given: 0 }
    }

    /// In Hz.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes samples and appends to `out` those that are ready.
    pub(super) fn push(&mut self, mono: &[f32], out: &mut Vec<f32>) {
        self.taken += mono.len() as u64;
        let Some(filter) = &mut self.filter else {
            out.extend_from_slice(mono);
            return;
        };
        self.waiting.extend_from_slice(mono);
        let len = filter.input_frames_next();
        let mut used = 0;
        while self.waiting.len() - used >= len {
            let block = &self.waiting[used..used + len];
            let ready = filter.process(&[block], None).expect("of the length that was asked for");
            used += len;
            let dropped = self.delay.min(ready[0].len());
            self.delay -= dropped;
            out.extend_from_slice(&ready[0][dropped..]);
            self.given += (ready[0].len() - dropped) as u64;
        }
        self.waiting.drain(..used);
    }

    /// Appends what the filter still holds, so that the sound is as long as it was.
    pub(super) fn finish(mut self, out: &mut Vec<f32>) {
        let Some(filter) = &self.filter else { return };
        let silence = vec![0.0; filter.input_frames_next()];
        let wanted = (self.taken * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        while self.given < wanted {
            self.push(&silence, out);
        }
        let surplus = usize::try_from(self.given - wanted).unwrap_or(0);
        out.truncate(out.len().saturating_sub(surplus));
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
