//! What is sent: sounds, and for those that do no work the body of their request.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::prelude::BASE64_STANDARD;
use hound::{SampleFormat, WavSpec, WavWriter};

/// A WAV of 16 bits with quiet noise, told apart from others by its `seed`.
pub(crate) fn wav(
    path: &Path,
    rate: u32,
    channels: u16,
    seconds: f64,
    seed: u64,
) -> anyhow::Result<()> {
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut writer = WavWriter::create(path, spec)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an hour at most")]
    let samples = (f64::from(rate) * seconds) as u64 * u64::from(channels);
    for _ in 0..samples {
        writer.write_sample(random.i16(-3000..3000))?;
    }
    writer.finalize()?;
    Ok(())
}

/// A body with this sound in it, ready to be sent.
pub(crate) fn body(sound: &Path) -> anyhow::Result<PathBuf> {
    let path = sound.with_extension("json");
    let mut out = BufWriter::new(File::create(&path)?);
    out.write_all(br#"{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"data:;base64,"#)?;
    let mut encoder = base64::write::EncoderWriter::new(&mut out, &BASE64_STANDARD);
    std::io::copy(&mut File::open(sound)?, &mut encoder)?;
    encoder.finish()?;
    drop(encoder);
    out.write_all(br#""}}]}]}"#)?;
    out.flush()?;
    Ok(path)
}
