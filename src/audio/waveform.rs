//! Outline of the audio for a drawing.

/// Parts that the audio is divided into, at most. There are at least half as many, unless it is
/// very short.
const MAX_PARTS: usize = 512;

/// Length of the shortest part, in frames.
const MIN_PART: u64 = 16;

/// Peaks of equal parts of audio whose length is not known in advance.
pub(super) struct Waveform {
    peaks: Vec<f32>,
    /// Frames in each part.
    part: u64,
    peak: f32,
    frames: u64,
}

impl Default for Waveform {
    fn default() -> Self {
        Self { peaks: Vec::with_capacity(MAX_PARTS), part: MIN_PART, peak: 0.0, frames: 0 }
    }
}

impl Waveform {
    pub(super) fn push(&mut self, level: f32) {
        self.peak = self.peak.max(level);
        self.frames += 1;
        if self.frames == self.part {
            self.peaks.push(self.peak);
            (self.peak, self.frames) = (0.0, 0);
            if self.peaks.len() == MAX_PARTS {
                self.halve();
            }
        }
    }

    /// Doubles the length of the parts.
    fn halve(&mut self) {
        self.peaks = self.peaks.chunks(2).map(|pair| pair[0].max(pair[1])).collect();
        self.part *= 2;
    }

    /// Peaks of the parts, 255 for full scale.
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
    fn a_click_keeps_its_position_in_audio_of_any_length() {
        for frames in [100, 10_000, 1_234_567] {
            let mut waveform = Waveform::default();
            for frame in 0..frames {
                waveform.push(if frame == frames / 4 { 1.0 } else { 0.25 });
            }
            let peaks = waveform.finish();
            let loud: Vec<_> = (0..peaks.len()).filter(|&at| peaks[at] == 255).collect();
            assert_eq!(loud, [peaks.len() / 4], "{frames} frames in {} parts", peaks.len());
            assert!(peaks.iter().all(|peak| [64, 255].contains(peak)));
            assert!(peaks.len() <= MAX_PARTS && (frames < 10_000 || peaks.len() > 255));
        }
    }
}
