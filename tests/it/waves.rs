//! Sounds by formula, and what has become of them.

use std::f64::consts::TAU;
use std::io::Cursor;

use base64::Engine;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use support::stand_in::{Request, StandIn};

/// The rate that sound is converted to, in Hz.
pub(crate) const RATE: u32 = 16_000;

/// The samples of one channel, full scale being 1.
pub(crate) fn samples(rate: u32, seconds: f64, sound: impl Fn(f64) -> f64) -> Vec<f64> {
    let count = (f64::from(rate) * seconds).round() as u32;
    (0..count).map(|n| sound(f64::from(n) / f64::from(rate))).collect()
}

/// A sine of this frequency in Hz.
pub(crate) fn sine(frequency: f64) -> impl Fn(f64) -> f64 {
    move |t| (TAU * frequency * t).sin()
}

/// A WAV file with the same samples in every channel.
pub(crate) fn wav(rate: u32, channels: u16, bits: u16, samples: &[f64]) -> Vec<u8> {
    let float = bits == 32;
    let sample_format = if float { SampleFormat::Float } else { SampleFormat::Int };
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec).unwrap();
    for sample in samples {
        for _ in 0..channels {
            if float {
                writer.write_sample(*sample as f32).unwrap();
            } else {
                let full_scale = f64::from((1_i32 << (bits - 1)) - 1);
                writer.write_sample((sample * full_scale).round() as i32).unwrap();
            }
        }
    }
    writer.finalize().unwrap();
    file.into_inner()
}

/// The bytes that the only request carried.
pub(crate) fn sent_bytes(stand_in: &StandIn) -> Vec<u8> {
    bytes_of(&stand_in.request())
}

/// The bytes that a request carried.
pub(crate) fn bytes_of(request: &Request) -> Vec<u8> {
    let json = request.json();
    let data = json["messages"][0]["content"][0]["input_audio"]["data"].as_str().unwrap();
    let encoded = data.strip_prefix("data:;base64,").unwrap();
    base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()
}

/// The samples that a request carried, which have to be 16 kHz, mono, 16 bits.
#[track_caller]
pub(crate) fn sound_of(request: &Request) -> Vec<f64> {
    read(&bytes_of(request))
}

/// The samples of a WAV file of 16 kHz, mono, 16 bits.
#[track_caller]
pub(crate) fn read(wav: &[u8]) -> Vec<f64> {
    let mut reader = WavReader::new(wav).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (RATE, 1, 16));
    reader.samples::<i16>().map(|sample| f64::from(sample.unwrap()) / 32768.0).collect()
}

/// How much louder the sound is than what differs from it, in dB; the first and last 20 ms, where
/// filters ring, are left out.
#[track_caller]
pub(crate) fn signal_to_noise(expected: &[f64], actual: &[f64]) -> f64 {
    let edge = RATE as usize / 50;
    let end = expected.len().min(actual.len()) - edge;
    let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
    let signal = power(&mut expected[edge..end].iter().copied());
    let noise = power(&mut expected[edge..end].iter().zip(&actual[edge..end]).map(|(e, a)| e - a));
    10.0 * (signal / noise.max(1e-12)).log10()
}
