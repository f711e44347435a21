//! Examination of a file: its first frame, and what the container says.

use std::fs::File;

use super::command::Extent;
use super::process::{BLOCK_LEN, Failure, Process};
use super::wav_header::{self, Header};
use super::{Ffmpeg, log};
use crate::audio::audio_format::AudioFormat;

/// Output for the longest frame, in bytes: a minute of stereo at 48 kHz, and far more than any codec
/// has.
const MAX_FRAME: usize = 24 << 20;

/// A file that ffmpeg decodes.
#[derive(Debug)]
pub(in crate::audio) struct Examined {
    pub(in crate::audio) ffmpeg: Ffmpeg,
    /// Name of the program with its version.
    pub(in crate::audio) name: String,
    /// Format of the sound, in the words of ffmpeg.
    pub(in crate::audio) format: AudioFormat,
    /// Seconds that the header declares for the sound, unless they may be those of a picture.
    pub(in crate::audio) declared: Option<f64>,
    /// True if the content was guessed by a few bytes of it.
    pub(in crate::audio) is_unsure: bool,
    /// Position of the sound track that is decoded, and the languages of all.
    pub(in crate::audio) track: usize,
    pub(in crate::audio) languages: Vec<Option<String>>,
    /// Position of the sound track that is played by default.
    pub(in crate::audio) default_track: usize,
}

/// Reason why ffmpeg does not decode a file.
#[derive(Debug)]
pub(in crate::audio) enum Refusal {
    /// The run ended.
    Stopped,
    /// The file has tracks, none of them with sound.
    NoAudioTrack,
    /// The file has fewer sound tracks than the wanted one.
    NoTrack {
        /// Number of sound tracks.
        count: usize,
    },
    /// Anything else, on one line.
    Failed(String),
}

impl Ffmpeg {
    /// Decodes the first frame of the sound track at a position, or of the default one. Blocks.
    pub(in crate::audio) fn examine(
        &self,
        file: &File,
        wanted: Option<usize>,
    ) -> Result<Examined, Refusal> {
        let examined = self.examine_track(file, wanted.unwrap_or(0))?;
        if wanted.is_some() || examined.default_track == examined.track {
            return Ok(examined);
        }
        self.examine_track(file, examined.default_track)
    }

    fn examine_track(&self, file: &File, track: usize) -> Result<Examined, Refusal> {
        let process = Process::start(self, file, Extent::OneFrame, track)?;
        let (mut start, mut len) = (Vec::new(), 0);
        while let Some(bytes) = process.next()? {
            len += bytes.len();
            // A program that ignores the limit of one frame is not read to its end.
            if len > MAX_FRAME {
                return Err(Refusal::Failed("more than a frame of output".to_owned()));
            }
            if start.len() < BLOCK_LEN {
                start.extend(bytes);
            }
        }
        let (log, reason) = process.end()?;
        if log.tracks > 0 && log.languages.is_empty() {
            return Err(Refusal::NoAudioTrack);
        }
        let count = log.languages.len();
        if (1..=track).contains(&count) {
            return Err(Refusal::NoTrack { count });
        }
        if let Some(reason) = reason {
            return Err(Refusal::Failed(reason));
        }
        let Header::Complete(spec, header_len) = wav_header::read(&start) else {
            return Err(Refusal::Failed("no WAV in its output".to_owned()));
        };
        if len <= header_len {
            let reason = log.reason().unwrap_or_else(|| "not a single sample".to_owned());
            return Err(Refusal::Failed(reason));
        }
        let is_alone = log.tracks == log.languages.len();
        // A guess by the size may be many times too long.
        let seconds = log.seconds.filter(|_| !log.is_guessed);
        Ok(Examined {
            ffmpeg: self.clone(),
            name: name(log.version.as_deref()),
            declared: seconds.filter(|_| is_alone),
            is_unsure: log.is_unsure,
            track,
            default_track: log.default_track.unwrap_or(0),
            languages: log.languages,
            format: AudioFormat {
                container: log.container.unwrap_or_default(),
                codec: log.codec.or_else(|| Some("unknown".to_owned())),
                sample_rate: Some(spec.rate()),
                channels: Some(spec.channels().count()),
                seconds,
                tracks: log.tracks,
                is_repaired: false,
            },
        })
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Stopped => Self::Stopped,
            Failure::Failed(reason) => Self::Failed(reason),
        }
    }
}

/// Name of the program with the number of its version: `5.1.9-0+deb12u1` is 5.1.9.
fn name(version: Option<&str>) -> String {
    let version = version.unwrap_or_default();
    let is_number = version.starts_with(|first: char| first.is_ascii_digit());
    let end = version.find('-').filter(|_| is_number).unwrap_or(version.len());
    log::one_line(format!("ffmpeg {}", &version[..end]))
}
