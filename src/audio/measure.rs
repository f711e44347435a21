//! Levels, loudness and silence of decoded audio.

use bs1770::{ChannelLoudnessMeter, Power, Windows100ms, gated_mean};
use serde::{Deserialize, Serialize};

use super::decode::Block;
use super::format::AudioFormat;
use super::waveform::Waveform;

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
    rate: u32,
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

/// Counts frames of silence, step by step.
#[derive(Default)]
struct Silence {
    /// Loudest sample of the current step.
    peak: f32,
    /// Frames of the current step.
    frames: u64,
    total: u64,
    silent: u64,
    leading: Option<u64>,
    trailing: u64,
}

impl Meter {
    pub(super) fn push(&mut self, block: &Block<'_>) {
        if self.loudness.len() != block.channels || self.rate != block.rate {
            // The next stream in the file may have other parameters.
            self.is_mixed = !self.loudness.is_empty();
            self.rate = block.rate;
            self.weights = block.weights.to_vec();
            self.loudness = vec![ChannelLoudnessMeter::new(block.rate); block.channels];
            self.runs = vec![0; block.channels];
        }
        for (channel, meter) in self.loudness.iter_mut().enumerate() {
            meter.push(block.samples.iter().skip(channel).step_by(block.channels).copied());
        }
        self.samples += block.samples.len() as u64;
        for frame in block.samples.chunks_exact(block.channels) {
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
            self.silence.push(loudest, block.rate);
            self.waveform.push(loudest);
        }
    }

    pub(super) fn finish(mut self, damaged_packets: u64) -> Levels {
        self.silence.step();
        let Silence { total, silent, leading, trailing, .. } = self.silence;
        let (rate, samples) = (f64::from(self.rate.max(1)), self.samples.max(1));
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (seconds, samples) = (|frames: u64| round(frames as f64 / rate), samples as f64);
        Levels {
            peak_dbfs: decibels(f64::from(self.peak)),
            rms_dbfs: decibels((self.squares / samples).sqrt()),
            loudness_lufs: loudness(self.loudness, &self.weights)
                .filter(|_| self.rate >= MIN_LOUDNESS_RATE && !self.is_mixed),
            leading_silence: seconds(leading.unwrap_or(total)),
            trailing_silence: seconds(trailing),
            silence: seconds(silent),
            clipped_samples: self.clipped,
            damaged_packets,
            waveform: self.waveform.finish(),
        }
    }
}

impl Silence {
    fn push(&mut self, level: f32, rate: u32) {
        self.peak = self.peak.max(level);
        self.frames += 1;
        if self.frames >= u64::from(rate / STEPS_A_SECOND) {
            self.step();
        }
    }

    fn step(&mut self) {
        if decibels(f64::from(self.peak)).is_none_or(|level| level < SILENCE) {
            self.silent += self.frames;
            self.trailing += self.frames;
        } else {
            self.leading.get_or_insert(self.total);
            self.trailing = 0;
        }
        self.total += self.frames;
        (self.peak, self.frames) = (0.0, 0);
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
