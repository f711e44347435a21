//! Comparison of received audio with the sounds that a file was made of.

use std::f64::consts::TAU;

use crate::audio::CONVERTED_RATE;

/// Sounds of all channels, whose mono mix tells the channels apart: a sine of its own frequency and
/// level in each. All frequencies are multiples of 10 Hz.
pub struct Chord {
    /// Frequency in Hz and amplitude of each channel.
    pub tones: Vec<(f64, f64)>,
}

impl Chord {
    /// A chord for so many channels. From six on, the fourth one has a frequency that a channel for
    /// low-frequency effects keeps.
    pub fn new(channels: usize) -> Self {
        let frequency = |channel: usize| match channel {
            3 if channels >= 6 => 60.0,
            channel => 310.0 + 170.0 * channel as f64,
        };
        let level = |channel: usize| 0.08 + 0.05 * ((channel * 5) % 8) as f64;
        Self { tones: (0..channels).map(|n| (frequency(n), level(n))).collect() }
    }

    /// The sound of a channel at a time in seconds.
    pub fn at(&self, channel: usize, time: f64) -> f64 {
        let (frequency, level) = self.tones[channel];
        level * (TAU * frequency * time + channel as f64).sin()
    }

    /// Samples of all channels.
    pub fn samples(&self, rate: u32, seconds: f64) -> Vec<Vec<f64>> {
        let count = (f64::from(rate) * seconds).round() as u32;
        let channel =
            |n| (0..count).map(|at| self.at(n, f64::from(at) / f64::from(rate))).collect();
        (0..self.tones.len()).map(channel).collect()
    }

    /// Samples of the average of all channels, at the rate of converted audio.
    pub fn mono(&self, seconds: f64) -> Vec<f64> {
        mono(&self.samples(CONVERTED_RATE, seconds))
    }

    /// Asserts that each channel has its level in received audio, within 2 dB, and that
    /// the rest is at least so many decibels below them. Compares 1 s from 0.1 s on.
    #[track_caller]
    pub fn assert_heard(&self, name: &str, received: &[f64], least: f64) {
        let rate = CONVERTED_RATE as usize;
        let middle = &received[rate / 10..rate / 10 + rate];
        let mut rest = power(middle);
        let whole = rest;
        for (channel, (frequency, level)) in self.tones.iter().enumerate() {
            let heard = amplitude(middle, *frequency) * self.tones.len() as f64;
            let change = 20.0 * (heard / level).log10();
            assert!(change.abs() < 2.0, "{name}: channel {channel} is changed by {change:.1} dB");
            rest -= (heard / self.tones.len() as f64).powi(2) / 2.0;
        }
        let ratio = 10.0 * (whole / rest.max(1e-12)).log10();
        assert!(ratio >= least, "{name}: {ratio:.1} dB of {least} dB");
    }
}

/// The average of channels.
pub fn mono(channels: &[Vec<f64>]) -> Vec<f64> {
    let frames = channels.first().map_or(0, Vec::len);
    let share = 1.0 / channels.len() as f64;
    (0..frames).map(|at| share * channels.iter().map(|channel| channel[at]).sum::<f64>()).collect()
}

/// The best ratio between a signal and its deviation in dB, over all shifts up to so many samples,
/// and the shift: positive if the received signal is late.
pub fn aligned(expected: &[f64], received: &[f64], max_shift: usize) -> (f64, isize) {
    let early =
        (0..=max_shift).map(|shift| (ratio(&expected[shift..], received), -shift.cast_signed()));
    let late =
        (1..=max_shift).map(|shift| (ratio(expected, &received[shift..]), shift.cast_signed()));
    early.chain(late).max_by(|a, b| a.0.total_cmp(&b.0)).expect("there is a shift of 0")
}

/// Ratio between a signal and its deviation in dB, away from the ends, where filters ring.
fn ratio(expected: &[f64], received: &[f64]) -> f64 {
    let edge = CONVERTED_RATE as usize / 20;
    let end = expected.len().min(received.len()).saturating_sub(edge).max(edge);
    let deviation: Vec<_> =
        expected[edge..end].iter().zip(&received[edge..end]).map(|(e, r)| e - r).collect();
    10.0 * (power(&expected[edge..end]) / power(&deviation).max(1e-12)).log10()
}

/// Mean square.
pub fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64
}

/// Amplitude of a sine whose period divides the length of the samples.
fn amplitude(samples: &[f64], frequency: f64) -> f64 {
    let angle = |n: usize| TAU * frequency * n as f64 / f64::from(CONVERTED_RATE);
    let (sine, cosine) = samples.iter().enumerate().fold((0.0, 0.0), |(s, c), (n, sample)| {
        let (sin, cos) = angle(n).sin_cos();
        (s + sin * sample, c + cos * sample)
    });
    2.0 * f64::hypot(sine, cosine) / samples.len() as f64
}
