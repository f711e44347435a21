//! Decoder of a clip by a process of ffmpeg.

use std::sync::Arc;

use symphonia::core::audio::AudioSpec;

use super::Examined;
use super::command::Extent;
use super::process::{Failure, Process};
use super::wav_header::{self, Header, SAMPLE_LEN};
use crate::audio::audio_format::duration;
use crate::audio::container::check_parameters;
use crate::audio::decode::{Block, Decoded, bounded};
use crate::audio::length::is_possible;
use crate::audio::measure::Meter;
use crate::audio::source_file::SourceFile;
use crate::error::Error;

/// Longest sound of a file, in seconds: four days, as the largest recordings are shorter.
const MAX_SECONDS: f64 = 4.0 * 86_400.0;

/// Reason of output that is something else.
const NO_WAV: &str = "no WAV in the output of ffmpeg";

/// Sound of a very small file that need not be possible by its size, in seconds.
const ALWAYS_POSSIBLE: f64 = 60.0;

/// Decodes a sound track of a clip by ffmpeg.
pub(in crate::audio) struct FfmpegDecoder {
    container: String,
    file: SourceFile,
    process: Process,
    /// Output that is not decoded yet.
    pending: Vec<u8>,
    spec: Option<AudioSpec>,
    samples: Vec<f32>,
    frames: u64,
    damaged_packets: u64,
    meter: Option<Meter>,
}

impl FfmpegDecoder {
    /// Starts the process. With `measures`, levels are measured on the way.
    pub(in crate::audio) fn open(
        examined: &Arc<Examined>,
        file: &SourceFile,
        container: &str,
        measures: bool,
    ) -> Result<Self, Error> {
        let container = container.to_uppercase();
        let extent = Extent::whole(&examined.format.container);
        let process = Process::start(&examined.ffmpeg, file.file(), extent, examined.track);
        Ok(Self {
            process: process.map_err(|failure| error_of(&container, failure))?,
            container,
            file: file.clone(),
            pending: Vec::new(),
            spec: None,
            samples: Vec::new(),
            frames: 0,
            damaged_packets: 0,
            meter: measures.then(Meter::default),
        })
    }

    /// Decodes the next block; `None` at the end.
    ///
    /// Fails if the process fails or stalls, also behind good samples.
    pub(in crate::audio) fn next(&mut self) -> Result<Option<Block<'_>>, Error> {
        let result = self.fill();
        // What comes behind is missing.
        self.damaged_packets += u64::from(result.is_err());
        if !result? {
            return Ok(None);
        }
        let (Some(spec), samples) = (&self.spec, &self.samples) else { return Ok(None) };
        if let Some(meter) = &mut self.meter {
            meter.push(spec, samples);
        }
        Ok(Some(Block { spec, samples }))
    }

    /// Reads whole frames; false at the end.
    fn fill(&mut self) -> Result<bool, Error> {
        loop {
            let next = self.process.next().map_err(|failure| error_of(&self.container, failure))?;
            let Some(bytes) = next else { return self.end().map(|()| false) };
            self.pending.extend(bytes);
            let Some(channels) = self.read_header()? else { continue };
            let len = SAMPLE_LEN * channels;
            let whole = self.pending.len() / len * len;
            if whole == 0 {
                continue;
            }
            let samples = self.pending[..whole].as_chunks::<SAMPLE_LEN>().0;
            self.samples.clear();
            self.samples.extend(samples.iter().map(|bytes| bounded(f32::from_le_bytes(*bytes))));
            self.pending.drain(..whole);
            self.frames += (whole / len) as u64;
            return self.check_length().map(|()| true);
        }
    }

    /// Number of channels, once the header is complete.
    fn read_header(&mut self) -> Result<Option<usize>, Error> {
        if let Some(spec) = &self.spec {
            return Ok(Some(spec.channels().count()));
        }
        match wav_header::read(&self.pending) {
            Header::Incomplete => Ok(None),
            Header::Wrong => Err(self.damaged(NO_WAV)),
            Header::Complete(spec, len) => {
                let channels = spec.channels().count();
                check_parameters(&self.container, spec.rate(), channels)?;
                self.pending.drain(..len);
                self.spec = Some(spec);
                Ok(Some(channels))
            }
        }
    }

    /// Fails if there is more sound than the file can hold.
    fn check_length(&self) -> Result<(), Error> {
        let seconds = self.seconds();
        let is_possible = seconds <= ALWAYS_POSSIBLE || is_possible(&self.file, seconds);
        if is_possible && seconds <= MAX_SECONDS {
            return Ok(());
        }
        Err(self.damaged("more sound than its bytes can hold"))
    }

    fn end(&mut self) -> Result<(), Error> {
        let end = self.process.end().map_err(|failure| error_of(&self.container, failure));
        let (log, reason) = end?;
        self.damaged_packets += log.damaged_packets();
        match reason {
            Some(reason) => Err(self.damaged(&format!("ffmpeg: {reason}"))),
            None if self.spec.is_none() && !self.pending.is_empty() => Err(self.damaged(NO_WAV)),
            None if self.frames == 0 => Err(self.damaged("not a single sample")),
            None => Ok(()),
        }
    }

    fn seconds(&self) -> f64 {
        duration(self.frames, self.spec.as_ref().map_or(1, AudioSpec::rate))
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Damaged { container: self.container.clone(), reason: reason.to_owned() }
    }

    /// The result, complete once there is no more block.
    pub(in crate::audio) fn finish(self) -> Decoded {
        let (seconds, damaged_packets) = (Some(self.seconds()), self.damaged_packets);
        let levels = self.meter.map(|meter| meter.finish(damaged_packets));
        Decoded { seconds, counted: seconds, damaged_packets, levels }
    }
}

fn error_of(container: &str, failure: Failure) -> Error {
    match failure {
        Failure::Stopped => Error::Interrupted,
        Failure::Failed(reason) => {
            let (container, reason) = (container.to_owned(), format!("ffmpeg: {reason}"));
            Error::Damaged { container, reason }
        }
    }
}
