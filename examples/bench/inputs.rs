//! Input of the tools: WAV files, and prebuilt request bodies for the baseline.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::prelude::BASE64_STANDARD;
use support::audio::write_noise;

/// Writes a WAV file of noise, which depends on the seed.
pub(crate) fn wav(
    path: &Path,
    rate: u32,
    channels: u16,
    seconds: f64,
    seed: u64,
) -> anyhow::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    Ok(write_noise(file, rate, channels, seconds, seed)?)
}

/// Writes a request body with this audio beside it and returns its path.
pub(crate) fn body(audio: &Path) -> anyhow::Result<PathBuf> {
    let path = audio.with_extension("json");
    let mut out = BufWriter::new(File::create(&path)?);
    out.write_all(br#"{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"data:;base64,"#)?;
    let mut encoder = base64::write::EncoderWriter::new(&mut out, &BASE64_STANDARD);
    std::io::copy(&mut File::open(audio)?, &mut encoder)?;
    encoder.finish()?;
    drop(encoder);
    out.write_all(br#""}}]}]}"#)?;
    out.flush()?;
    Ok(path)
}
