//! The outline of a sound, to be drawn.

/// The most parts that a sound is divided into; there are at least half as many, unless it is
/// very short.
const MOST_PARTS: usize = 512;

/// The shortest part, in frames.
const SHORTEST_PART: u64 = 16;

/// Keeps the peak of every part, whatever the length that the sound turns out to have.
pub(super) struct Waveform {
    peaks: Vec<f32>,
    /// Frames in each of them.
    part: u64,
    peak: f32,
    frames: u64,
}

impl Default for Waveform {
    fn default() -> Self {
        Self { peaks: Vec::with_capacity(MOST_PARTS), part: SHORTEST_PART, peak: 0.0, frames: 0 }
    }
}

impl Waveform {
    pub(super) fn push(&mut self, level: f32) {
        self.peak = self.peak.max(level);
        self.frames += 1;
        if self.frames == self.part {
            self.peaks.push(self.peak);
            (self.peak, self.frames) = (0.0, 0);
            if self.peaks.len() == MOST_PARTS {
                self.halve();
            }
        }
    }

    /// From now on, parts are twice as long.
    fn halve(&mut self) {
        self.peaks = self.peaks.chunks(2).map(|pair| pair[0].max(pair[1])).collect();
        self.part *= 2;
    }

    /// The peaks, 255 for full scale.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.frames > 0 {
            self.peaks.push(self.peak);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        self.peaks.iter().map(|peak| (peak * 255.0).round() as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_click_is_seen_where_it_is_in_a_sound_of_any_length() {
        for frames in [100, 10_000, 1_234_567] {
            let mut envelope = Waveform::default();
            for frame in 0..frames {
                envelope.push(if frame == frames / 4 { 1.0 } else { 0.25 });
            }
            let peaks = envelope.finish();
            let loud: Vec<_> = (0..peaks.len()).filter(|&at| peaks[at] == 255).collect();
            assert_eq!(loud, [peaks.len() / 4], "{frames} frames in {} parts", peaks.len());
            assert!(peaks.iter().all(|peak| [64, 255].contains(peak)));
            assert!(peaks.len() <= MOST_PARTS && (frames < 10_000 || peaks.len() > 255));
        }
    }
}
