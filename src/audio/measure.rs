//! Levels, loudness, silence and outline of decoded audio.

use bs1770::{ChannelLoudnessMeter, Power, Windows100ms, gated_mean};
use serde::{Deserialize, Serialize};
use symphonia::core::audio::{AudioSpec, Channels, Position};

use super::audio_format::{AudioFormat, duration};
use super::codec;

/// Level below which audio is silence, in dBFS.
const SILENCE: f64 = -60.0;

/// Steps in which silence is measured: 10 ms.
const STEPS_A_SECOND: u32 = 100;

/// The largest sample of 16 bits.
const FULL_SCALE: f32 = 32767.0 / 32768.0;

/// Samples at full scale in a row that count as clipped.
const CLIPPED_RUN: u64 = 3;

/// Lowest rate that the filters of BS.1770 are made for, in Hz.
const MIN_LOUDNESS_RATE: u32 = 8_000;

/// Parts that the audio is divided into, at most. There are at least half as many, unless it is
/// very short.
const MAX_PARTS: usize = 512;

/// Length of the shortest part, in frames.
const MIN_PART: u64 = 16;

/// Levels, loudness and silence of decoded audio.
///
/// A level without a number, such as that of digital silence, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Levels {
    /// Loudest sample of any channel, in dBFS. Only float formats exceed 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_dbfs: Option<f64>,
    /// Root mean square over all channels, in dBFS: a full-scale sine has -3.01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rms_dbfs: Option<f64>,
    /// Integrated loudness by EBU R 128, in LUFS; `None` also if rate or channels change within the
    /// file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loudness_lufs: Option<f64>,
    /// Seconds below -60 dBFS at the start.
    pub leading_silence: f64,
    /// Seconds below -60 dBFS at the end.
    pub trailing_silence: f64,
    /// Seconds below -60 dBFS in all.
    pub silence: f64,
    /// Samples in runs of three or more at the full scale of 16 bits, which 8-bit, A-law and mu-law
    /// audio never reaches.
    pub clipped_samples: u64,
    /// Packets that could not be decoded and were replaced by silence.
    #[serde(default)]
    pub damaged_packets: u64,
    /// Loudest sample of each of some hundred equal parts, 255 for full scale. Not in records.
    #[serde(skip)]
    pub waveform: Vec<u8>,
}

/// Format and levels of a clip.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sound {
    /// Format of the audio.
    #[serde(flatten)]
    pub format: AudioFormat,
    /// Levels; `None` if the audio cannot be decoded.
    #[serde(flatten)]
    pub levels: Option<Levels>,
}

/// Measures decoded blocks.
#[derive(Default)]
pub(super) struct Meter {
    spec: AudioSpec,
    peak: f32,
    squares: f64,
    samples: u64,
    loudness: Vec<ChannelLoudnessMeter>,
    weights: Vec<f32>,
    is_mixed: bool,
    runs: Vec<u64>,
    clipped: u64,
    silence: Silence,
    waveform: Waveform,
}

/// Measures silence, step by step.
#[derive(Default)]
struct Silence {
    /// Loudest sample of the current step.
    peak: f32,
    /// Frames of the current step, and their rate.
    frames: u64,
    rate: u32,
    /// Seconds.
    total: f64,
    silent: f64,
    leading: Option<f64>,
    trailing: f64,
}

impl Meter {
    /// Measures interleaved samples.
    pub(super) fn push(&mut self, spec: &AudioSpec, samples: &[f32]) {
        let channels = spec.channels().count();
        if self.spec != *spec {
            // The next stream in the file may have other parameters.
            self.is_mixed = !self.loudness.is_empty();
            self.spec = spec.clone();
            self.weights = weights(spec.channels());
            self.loudness = vec![ChannelLoudnessMeter::new(spec.rate()); channels];
            self.runs = vec![0; channels];
        }
        for (channel, meter) in self.loudness.iter_mut().enumerate() {
            meter.push(samples.iter().skip(channel).step_by(channels).copied());
        }
        self.samples += samples.len() as u64;
        for frame in samples.chunks_exact(channels) {
            let mut loudest = 0.0_f32;
            for (sample, run) in frame.iter().zip(&mut self.runs) {
                let level = sample.abs();
                loudest = loudest.max(level);
                self.squares += f64::from(level) * f64::from(level);
                if level >= FULL_SCALE {
                    *run += 1;
                    self.clipped += match *run {
                        CLIPPED_RUN => CLIPPED_RUN,
                        longer if longer > CLIPPED_RUN => 1,
                        _ => 0,
                    };
                } else {
                    *run = 0;
                }
            }
            self.peak = self.peak.max(loudest);
            self.silence.push(loudest, spec.rate());
            self.waveform.push(loudest);
        }
    }

    pub(super) fn finish(mut self, damaged_packets: u64) -> Levels {
        self.silence.step();
        let Silence { total, silent, leading, trailing, .. } = self.silence;
        let rate = self.spec.rate();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let samples = self.samples.max(1) as f64;
        Levels {
            peak_dbfs: decibels(f64::from(self.peak)),
            rms_dbfs: decibels((self.squares / samples).sqrt()),
            loudness_lufs: loudness(self.loudness, &self.weights)
                .filter(|_| rate >= MIN_LOUDNESS_RATE && !self.is_mixed),
            leading_silence: round(leading.unwrap_or(total)),
            trailing_silence: round(trailing),
            silence: round(silent),
            clipped_samples: self.clipped,
            damaged_packets,
            waveform: self.waveform.finish(),
        }
    }
}

impl Silence {
    fn push(&mut self, level: f32, rate: u32) {
        if rate != self.rate {
            self.step();
            self.rate = rate;
        }
        self.peak = self.peak.max(level);
        self.frames += 1;
        if self.frames >= u64::from(rate / STEPS_A_SECOND) {
            self.step();
        }
    }

    fn step(&mut self) {
        let seconds = duration(self.frames, self.rate.max(1));
        if decibels(f64::from(self.peak)).is_none_or(|level| level < SILENCE) {
            self.silent += seconds;
            self.trailing += seconds;
        } else {
            self.leading.get_or_insert(self.total);
            self.trailing = 0.0;
        }
        self.total += seconds;
        (self.peak, self.frames) = (0.0, 0);
    }
}

/// Peaks of equal parts of audio whose length is not known in advance.
struct Waveform {
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
    fn push(&mut self, level: f32) {
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
    fn finish(mut self) -> Vec<u8> {
        if self.frames > 0 {
            self.peaks.push(self.peak);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        self.peaks.iter().map(|peak| (peak * 255.0).round() as u8).collect()
    }
}

/// Integrated loudness of all channels.
fn loudness(channels: Vec<ChannelLoudnessMeter>, weights: &[f32]) -> Option<f64> {
    let mut sum: Vec<Power> = Vec::new();
    for (channel, weight) in channels.into_iter().zip(weights) {
        let powers = channel.into_100ms_windows().inner;
        sum.resize(powers.len(), Power(0.0));
        for (sum, power) in sum.iter_mut().zip(powers) {
            sum.0 += weight * power.0;
        }
    }
    let windows = Windows100ms { inner: sum };
    let loudness = f64::from(gated_mean(windows.as_ref()).loudness_lkfs());
    loudness.is_finite().then(|| round(loudness))
}

fn decibels(level: f64) -> Option<f64> {
    (level > 0.0).then(|| round(20.0 * level.log10()))
}

/// Rounds to two decimals, which is as much as anyone hears.
fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Weight of each channel in the loudness. Source: ITU-R BS.1770-4, table 4.
fn weights(channels: &Channels) -> Vec<f32> {
    let usual = codec::usual_channels(channels);
    let Channels::Positioned(positions) = usual else { return vec![1.0; channels.count()] };
    let surround =
        Position::SIDE_LEFT | Position::SIDE_RIGHT | Position::REAR_LEFT | Position::REAR_RIGHT;
    let weight = |position| match position {
        Position::LFE1 | Position::LFE2 => 0.0,
        position if surround.contains(position) => 1.41,
        _ => 1.0,
    };
    positions.iter().map(weight).collect()
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
