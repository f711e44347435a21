//! Writer of converted audio: WAV, 16 kHz, one channel, 16 bits.

use std::fs::File;
use std::io::{self, BufWriter};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::audio_format::{AudioFormat, duration};
use super::clip::Clip;
use super::convert::SAMPLE_RATE;
use crate::descriptors::block_for;
use crate::error::Error;

/// Size of the largest WAV file in bytes: its lengths have 32 bits.
pub(super) const MAX_LEN: u64 = u32::MAX as u64;

/// Bytes before the first sample.
const HEADER_LEN: u64 = 44;

const SPEC: WavSpec = WavSpec {
    channels: 1,
    sample_rate: SAMPLE_RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// An unnamed temporary WAV file that becomes a clip.
pub(super) struct WavFile {
    file: File,
    writer: WavWriter<BufWriter<File>>,
}

impl WavFile {
    pub(super) fn new() -> Result<Self, Error> {
        let file = block_for(tempfile::tempfile).map_err(Error::TempFile)?;
        let shared = file.try_clone().map_err(Error::TempFile)?;
        let writer = WavWriter::new(BufWriter::with_capacity(64 * 1024, shared), SPEC);
        Ok(Self { file, writer: writer.map_err(temp_file_error)? })
    }

    pub(super) fn push(&mut self, samples: impl IntoIterator<Item = i16>) -> Result<(), Error> {
        let mut samples = samples.into_iter();
        samples.try_for_each(|sample| self.writer.write_sample(sample)).map_err(temp_file_error)
    }

    /// Length of the audio so far.
    pub(super) fn seconds(&self) -> f64 {
        duration(self.writer.duration().into(), SAMPLE_RATE)
    }

    /// The finished file, as a clip converted from `origin`.
    pub(super) fn into_clip(self, origin: &Clip) -> Result<Clip, Error> {
        let seconds = Some(self.seconds());
        self.writer.finalize().map_err(temp_file_error)?;
        let format = AudioFormat {
            container: "wav".to_owned(),
            codec: Some("pcm_s16le".to_owned()),
            sample_rate: Some(SAMPLE_RATE),
            channels: Some(1),
            seconds,
            tracks: 1,
            is_repaired: false,
        };
        Clip::made_from(origin, self.file, format)
    }
}

/// Size of a file in bytes by the length of its audio.
pub(super) fn len(seconds: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let samples = (seconds * f64::from(SAMPLE_RATE)).ceil() as u64;
    samples.saturating_mul(2).saturating_add(HEADER_LEN)
}

/// Length of the audio in seconds by the size of its file.
pub(super) fn capacity(bytes: u64) -> f64 {
    duration(bytes.saturating_sub(HEADER_LEN) / 2, SAMPLE_RATE)
}

fn temp_file_error(error: hound::Error) -> Error {
    match error {
        hound::Error::IoError(e) => Error::TempFile(e),
        other => Error::TempFile(io::Error::other(other)),
    }
}
