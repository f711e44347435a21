//! Test audio: generated samples, WAV files made of them, and the comparison of two signals.

use std::f64::consts::TAU;
use std::io::{self, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// Sample rate of converted audio, in Hz.
pub const CONVERTED_RATE: u32 = 16_000;

/// Returns the path of a file of `tests/data`.
pub fn data_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("data").join(name)
}

/// Returns a short WAV file with a tone. Its last samples hold the number, so that each number
/// has a hash of its own.
pub fn numbered_clip(number: usize) -> Vec<u8> {
    let mut wav = std::fs::read(data_path("tone.wav")).expect("tone.wav is in tests/data");
    let end = wav.len() - 8;
    wav[end..].copy_from_slice(&(number as u64).to_le_bytes());
    wav
}

/// Returns the samples of one channel, where 1 is full scale.
pub fn samples(rate: u32, seconds: f64, signal: impl Fn(f64) -> f64) -> Vec<f64> {
    let count = (f64::from(rate) * seconds).round() as u32;
    (0..count).map(|n| signal(f64::from(n) / f64::from(rate))).collect()
}

/// Returns a sine signal of a frequency in Hz.
pub fn sine(frequency: f64) -> impl Fn(f64) -> f64 {
    move |t| (TAU * frequency * t).sin()
}

/// Returns a WAV file with the same samples in every channel: floats for 32 bits, else integers.
pub fn wav(rate: u32, channels: u16, bits: u16, samples: &[f64]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut writer = writer(&mut file, rate, channels, bits);
    for sample in samples {
        for _ in 0..channels {
            let written = if bits == 32 {
                writer.write_sample(*sample as f32)
            } else {
                let full_scale = f64::from((1_i32 << (bits - 1)) - 1);
                writer.write_sample((sample * full_scale).round() as i32)
            };
            written.expect("memory takes all samples");
        }
    }
    writer.finalize().expect("memory takes all samples");
    file.into_inner()
}

/// Returns a 16-bit WAV file with the samples of each channel, whose positions the bits of a mask
/// name.
pub fn wav_of_channels(rate: u32, mask: u32, channels: &[Vec<f64>]) -> Vec<u8> {
    let count = channels.len() as u32;
    let frames = channels.first().map_or(0, Vec::len);
    let len = frames as u32 * count * 2;
    let mut file = [b"RIFF".as_slice(), &(60 + len).to_le_bytes(), b"WAVEfmt "].concat();
    let numbers = [40, 0xfffe | (count << 16), rate, rate * count * 2, (count * 2) | (16 << 16)];
    file.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
    file.extend([22_u16, 16].map(u16::to_le_bytes).concat());
    file.extend(mask.to_le_bytes());
    file.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71data");
    file.extend(len.to_le_bytes());
    for at in 0..frames {
        for channel in channels {
            file.extend(((channel[at] * 32767.0).round() as i16).to_le_bytes());
        }
    }
    file
}

/// Writes a 16-bit WAV file of quiet noise, which depends on the seed.
///
/// # Errors
///
/// If the output cannot be written.
pub fn write_noise(
    out: impl Write + Seek,
    rate: u32,
    channels: u16,
    seconds: f64,
    seed: u64,
) -> io::Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut writer = writer(out, rate, channels, 16);
    let samples = (f64::from(rate) * seconds) as u64 * u64::from(channels);
    for _ in 0..samples {
        writer.write_sample(random.i16(-3000..3000)).map_err(io::Error::other)?;
    }
    writer.finalize().map_err(io::Error::other)
}

fn writer<W: Write + Seek>(out: W, rate: u32, channels: u16, bits: u16) -> WavWriter<W> {
    let sample_format = if bits == 32 { SampleFormat::Float } else { SampleFormat::Int };
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format };
    WavWriter::new(out, spec).expect("WAV allows these parameters")
}

/// Returns the samples of a converted file: WAV, 16 kHz, mono, 16 bits.
#[track_caller]
pub fn read_converted(wav: &[u8]) -> Vec<f64> {
    let mut reader = WavReader::new(wav).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (CONVERTED_RATE, 1, 16));
    let samples = reader.samples::<i16>();
    samples.map(|sample| f64::from(sample.expect("a whole sample")) / 32768.0).collect()
}

/// Returns the ratio between a signal and its deviation from the expected one, in dB. The first
/// and last 20 ms do not count, because filters ring there.
#[track_caller]
pub fn signal_to_noise(expected: &[f64], actual: &[f64]) -> f64 {
    let edge = CONVERTED_RATE as usize / 50;
    let end = expected.len().min(actual.len()) - edge;
    let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
    let signal = power(&mut expected[edge..end].iter().copied());
    let noise = power(&mut expected[edge..end].iter().zip(&actual[edge..end]).map(|(e, a)| e - a));
    10.0 * (signal / noise.max(1e-12)).log10()
}
