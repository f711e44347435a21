//! Sound as the service takes it: WAV, 16 kHz, one channel, 16 bits.

use std::fs::File;
use std::io::{self, BufWriter};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::clip::Clip;
use super::format::AudioFormat;
use super::resample::SAMPLE_RATE;
use crate::error::Error;

/// The largest file in bytes: its lengths have 32 bits.
pub(super) const LARGEST: u64 = u32::MAX as u64;

/// Bytes before the first sample.
const HEAD: u64 = 44;

const SPEC: WavSpec = WavSpec {
    channels: 1,
    sample_rate: SAMPLE_RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// An unnamed temporary file that fills up to a clip.
pub(super) struct WavFile {
    file: File,
    writer: WavWriter<BufWriter<File>>,
    samples: u64,
}

impl WavFile {
    pub(super) fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::TempFile)?;
        let shared = file.try_clone().map_err(Error::TempFile)?;
        let writer = WavWriter::new(BufWriter::with_capacity(64 * 1024, shared), SPEC);
        Ok(Self { file, writer: writer.map_err(no_room)?, samples: 0 })
    }

    pub(super) fn push(&mut self, samples: &[i16]) -> Result<(), Error> {
        self.samples += samples.len() as u64;
        for sample in samples {
            self.writer.write_sample(*sample).map_err(no_room)?;
        }
        Ok(())
    }

    /// How long the sound is so far.
    pub(super) fn seconds(&self) -> f64 {
        seconds(self.samples)
    }

    /// Sound that was made from `origin`.
    pub(super) fn into_clip(self, origin: &Clip) -> Result<Clip, Error> {
        self.writer.finalize().map_err(no_room)?;
        let format = AudioFormat {
            container: "wav".to_owned(),
            codec: Some("pcm_s16le".to_owned()),
            sample_rate: Some(SAMPLE_RATE),
            channels: Some(1),
            seconds: Some(seconds(self.samples)),
            tracks: 1,
            is_mended: false,
        };
        Clip::made_from(origin, self.file, format)
    }
}

/// The size of the file in bytes for so many seconds of sound.
pub(super) fn len(seconds: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let samples = (seconds * f64::from(SAMPLE_RATE)).ceil() as u64;
    samples.saturating_mul(2).saturating_add(HEAD)
}

/// The longest sound that fits into a file of so many bytes, in seconds.
pub(super) fn capacity(bytes: u64) -> f64 {
    seconds(bytes.saturating_sub(HEAD) / 2)
}

/// The length of so many samples.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(SAMPLE_RATE)
}

/// Full scale is 1; what is beyond is clipped.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn quantize(sample: f32) -> i16 {
    (sample * 32768.0).round() as i16
}

fn no_room(error: hound::Error) -> Error {
    match error {
        hound::Error::IoError(e) => Error::TempFile(e),
        other => Error::TempFile(io::Error::other(other)),
    }
}
