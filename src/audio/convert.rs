//! Decoding, mixing and resampling in one: from a clip to 16 kHz mono.

use super::clip::Clip;
use super::decode::{Block, Decoder};
use super::measure::{Levels, Meter};
use super::resample::Resampler;
use crate::error::Error;

/// Decodes a clip to 16 kHz mono, block by block.
pub(super) struct Converter {
    pub(super) decoder: Decoder,
    resampler: Option<Resampler>,
    meter: Option<Meter>,
    mono: Vec<f32>,
}

impl Converter {
    /// Opens the clip. With `measures`, levels are measured on the way.
    pub(super) fn open(clip: &Clip, measures: bool) -> Result<Self, Error> {
        let decoder = Decoder::open(clip)?;
        let meter = measures.then(Meter::default);
        Ok(Self { decoder, resampler: None, meter, mono: Vec::new() })
    }

    /// Appends the samples of the next packet to `out`; false at the end.
    pub(super) fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, Error> {
        let Some(block) = self.decoder.next()? else {
            if let Some(resampler) = self.resampler.take() {
                resampler.finish(out);
            }
            return Ok(false);
        };
        if let Some(meter) = &mut self.meter {
            meter.push(&block);
        }
        // The next stream in the file may have another rate.
        if let Some(resampler) = self.resampler.take_if(|r| r.rate() != block.rate) {
            resampler.finish(out);
        }
        let resampler = self.resampler.get_or_insert_with(|| Resampler::new(block.rate));
        mix(&block, &mut self.mono);
        resampler.push(&self.mono, out);
        Ok(true)
    }

    /// Levels of the decoded audio, if they were measured.
    pub(super) fn levels(&mut self) -> Option<Levels> {
        let damaged_packets = self.decoder.damaged_packets();
        self.meter.take().map(|meter| meter.finish(damaged_packets))
    }
}

/// Averages the channels.
fn mix(block: &Block<'_>, mono: &mut Vec<f32>) {
    mono.clear();
    match block.channels {
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
