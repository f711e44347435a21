//! The resampler: tones below 7 kHz keep their level, tones above 8 kHz leave no alias.

use std::f64::consts::TAU;
use std::io::Read;

use caption::{Clip, Convert, UploadOptions};

use support::audio::{CONVERTED_RATE, read_converted, samples, sine, wav};

/// Duration of a tone, in seconds.
const TONE: f64 = 0.3;

/// Amplitude of a tone, which leaves headroom for the filter.
const LEVEL: f64 = 0.5;

/// Converts a series of tones.
fn converted(rate: u32, frequencies: &[f64]) -> Vec<f64> {
    let tones = frequencies.iter().flat_map(|frequency| {
        let tone = sine(*frequency);
        samples(rate, TONE, move |t| LEVEL * tone(t))
    });
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let content = wav(rate, 1, 32, &tones.collect::<Vec<_>>());
    std::io::Write::write_all(&mut file, &content).unwrap();
    let mut upload = UploadOptions::default();
    upload.convert = Convert::Always;
    let prepared = Clip::open(file.path()).unwrap().prepare(&upload).unwrap();
    let mut content = Vec::new();
    prepared.reader().read_to_end(&mut content).unwrap();
    read_converted(&content)
}

/// Returns the middle of each tone, away from its start and end.
fn middles(samples: &[f64]) -> impl Iterator<Item = &[f64]> {
    let len = (TONE * f64::from(CONVERTED_RATE)) as usize;
    samples.chunks_exact(len).map(move |tone| &tone[len / 3..len * 2 / 3])
}

/// Returns the amplitude of a sine of this frequency, and the RMS of the rest.
fn fit(samples: &[f64], frequency: f64) -> (f64, f64) {
    // Least squares fit of a sine and a cosine.
    let angle = |n: usize| TAU * frequency * n as f64 / f64::from(CONVERTED_RATE);
    let [mut ss, mut sc, mut cc, mut sx, mut cx] = [0.0; 5];
    for (n, x) in samples.iter().enumerate() {
        let (s, c) = angle(n).sin_cos();
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (sx, cx) = (sx + s * x, cx + c * x);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / determinant, (cx * ss - sx * sc) / determinant);
    let rest = samples.iter().enumerate().map(|(n, x)| {
        let (s, c) = angle(n).sin_cos();
        (x - a * s - b * c).powi(2)
    });
    (a.hypot(b), (rest.sum::<f64>() / samples.len() as f64).sqrt())
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

#[test]
fn tones_up_to_7_khz_keep_their_level_without_distortion() {
    let frequencies: Vec<_> =
        (0..=28).map(|n| 250.0 * f64::from(n) + 20.0).chain([7000.0]).collect();
    for rate in [44_100, 48_000, 22_050, 96_000, 32_000] {
        let samples = converted(rate, &frequencies);
        for (frequency, tone) in frequencies.iter().zip(middles(&samples)) {
            let (amplitude, rest) = fit(tone, *frequency);
            let change = decibels(amplitude / LEVEL);
            assert!(change.abs() <= 0.1, "{frequency} Hz at {rate} Hz: {change:.3} dB");
            let images = decibels(rest / (LEVEL / 2_f64.sqrt()));
            assert!(images <= -80.0, "{frequency} Hz at {rate} Hz: images at {images:.1} dB");
        }
    }
}

#[test]
fn tones_above_8_khz_are_removed_without_aliasing() {
    let frequencies: Vec<_> = (0..=48).map(|n| 8000.0 + 250.0 * f64::from(n)).collect();
    for rate in [44_100, 48_000] {
        let samples = converted(rate, &frequencies);
        for (frequency, tone) in frequencies.iter().zip(middles(&samples)) {
            let power: f64 = tone.iter().map(|x| x * x).sum::<f64>() / tone.len() as f64;
            let left = decibels(power.sqrt() / (LEVEL / 2_f64.sqrt()));
            assert!(left <= -80.0, "{frequency} Hz at {rate} Hz: {left:.1} dB are left");
        }
    }
}
