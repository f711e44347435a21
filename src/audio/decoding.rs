//! Choice of what decodes a clip.

use std::sync::Arc;

use super::clip::Clip;
use super::container::{self, Headless, Layout};
use super::decode::has_decoder;
use super::ffmpeg::{Examined, Ffmpeg, FfmpegDecoder, Refusal};
use super::guard::guarded;
use super::probe;
use super::probed::Probed;
use super::source_file::SourceFile;
use crate::error::Error;

/// Starts of the names of codecs that are decoded here, in the words of ffmpeg.
const DECODED_HERE: [&str; 17] = [
    "aac",
    "adpcm_ima_qt",
    "adpcm_ima_wav",
    "adpcm_ms",
    "alac",
    "amr_nb",
    "amr_wb",
    "flac",
    "gsm",
    "mp1",
    "mp2",
    "mp3",
    "opus",
    "pcm_",
    "tta",
    "vorbis",
    "wavpack",
];

/// Bytes by which programs count the length of a RIFF file in another way.
const MAX_PADDING: u64 = 64;

/// Decoder of a clip.
#[derive(Debug, Clone)]
pub(super) enum Decoding {
    /// The decoders of this program, if any.
    Here,
    /// The program ffmpeg.
    Ffmpeg(Arc<Examined>),
    /// None: ffmpeg fails for this reason.
    Failed(Arc<str>),
}

/// Detects the format of an open file. What cannot be decoded here is decoded by ffmpeg, above all the
/// track that players take.
pub(super) fn probe(
    file: SourceFile,
    headless: Option<Headless>,
    ffmpeg: Option<&Ffmpeg>,
) -> Result<Clip, Error> {
    let clip = probe_track(file, headless, ffmpeg, None)?;
    let layout = &clip.probed.layout;
    let default = layout.default_track();
    if ffmpeg.is_none() || layout.chosen().is_none_or(|chosen| chosen == default) {
        return Ok(clip);
    }
    let by_ffmpeg = probe_track(clip.file.clone(), None, ffmpeg, Some(default))?;
    Ok(if by_ffmpeg.is_decodable() { by_ffmpeg } else { clip })
}

/// Detects the format of an open file, for the sound track at a position.
pub(super) fn probe_track(
    file: SourceFile,
    headless: Option<Headless>,
    ffmpeg: Option<&Ffmpeg>,
    wanted: Option<usize>,
) -> Result<Clip, Error> {
    let probed = guarded(|| probe::probe(&file, headless, wanted));
    match (probed, ffmpeg) {
        (Ok(probed), None) => Ok(Clip::new(file, probed, Decoding::Here)),
        (Ok(probed), Some(ffmpeg)) => {
            let clip = Clip::new(file, probed, Decoding::Here);
            if has_decoder(&clip) { Ok(clip) } else { clip.decoded_by(ffmpeg, wanted) }
        }
        (Err(error), Some(ffmpeg)) if probe::may_be_audio(&error) => {
            unknown(file, &error, ffmpeg, wanted).unwrap_or(Err(error))
        }
        (Err(error), _) => Err(error),
    }
}

/// Opens a file that failed to be opened here; `None` unless ffmpeg is sure of it. Noise looks like
/// something too, and ffmpeg does not tell that a file is damaged whose codec is known here.
fn unknown(
    file: SourceFile,
    error: &Error,
    ffmpeg: &Ffmpeg,
    wanted: Option<usize>,
) -> Option<Result<Clip, Error>> {
    let is_damaged = matches!(error, Error::Damaged { .. });
    let examined = match ffmpeg.examine(file.file(), wanted) {
        Ok(examined) => examined,
        Err(Refusal::Stopped) => return Some(Err(Error::Interrupted)),
        Err(Refusal::NoAudioTrack) if !is_damaged => return Some(Err(no_audio_track())),
        Err(Refusal::NoTrack { count }) => return Some(Err(no_such_track(wanted, count))),
        Err(_) => return None,
    };
    let codec = examined.format.codec.as_deref().unwrap_or_default();
    let is_known_here = DECODED_HERE.iter().any(|start| codec.starts_with(start));
    if examined.is_unsure || (is_damaged && is_known_here) {
        return None;
    }
    let mut probed = Probed::whole(&file, examined.format.clone());
    probed.declared = examined.declared;
    mark_cut(&file, &mut probed);
    Some(Ok(Clip::new(file, probed, Decoding::Ffmpeg(Arc::new(examined)))))
}

impl Clip {
    /// Name and version of the program that decodes the audio; `None` if it is decoded here, or not
    /// at all.
    pub fn decoder(&self) -> Option<&str> {
        match &self.decoding {
            Decoding::Ffmpeg(examined) => Some(&examined.name),
            Decoding::Here | Decoding::Failed(_) => None,
        }
    }

    /// True if the audio can be decoded, here or by ffmpeg.
    pub(crate) fn is_decodable(&self) -> bool {
        self.probed.is_decodable || self.is_decoded_by_ffmpeg()
    }

    /// True if another program decodes the audio.
    pub(super) fn is_decoded_by_ffmpeg(&self) -> bool {
        matches!(self.decoding, Decoding::Ffmpeg(_))
    }

    /// Starts ffmpeg if it decodes the audio.
    pub(super) fn ffmpeg_decoder(&self, measures: bool) -> Option<Result<FfmpegDecoder, Error>> {
        let Decoding::Ffmpeg(examined) = &self.decoding else { return None };
        let container = &self.format().container;
        Some(FfmpegDecoder::open(examined, &self.file, container, measures))
    }

    /// The error of audio that cannot be decoded.
    pub(crate) fn undecodable(&self) -> Error {
        let container = self.probed.label.clone();
        match &self.decoding {
            Decoding::Failed(reason) => {
                Error::FfmpegFailed { container, reason: reason.to_string() }
            }
            Decoding::Here | Decoding::Ffmpeg(_) => Error::Undecodable { container },
        }
    }

    /// The clip, decoded by ffmpeg if it can.
    fn decoded_by(mut self, ffmpeg: &Ffmpeg, wanted: Option<usize>) -> Result<Self, Error> {
        let track = self.probed.layout.chosen().or(wanted);
        match ffmpeg.examine(self.file.file(), track) {
            Ok(examined) => {
                let container = std::mem::take(&mut self.probed.format.container);
                let mut format = examined.format.clone();
                (format.container, format.is_repaired) = (container, self.format().is_repaired);
                format.seconds = self.format().seconds.or(format.seconds);
                self.probed.format = format;
                self.probed.declared = self.probed.declared.or(examined.declared);
                mark_cut(&self.file, &mut self.probed);
                self.decoding = Decoding::Ffmpeg(Arc::new(examined));
                Ok(self)
            }
            Err(Refusal::Stopped) => Err(Error::Interrupted),
            Err(Refusal::NoAudioTrack) => Err(no_audio_track()),
            Err(Refusal::NoTrack { count }) => Err(no_such_track(track, count)),
            Err(Refusal::Failed(reason)) => {
                self.decoding = Decoding::Failed(reason.into());
                Ok(self)
            }
        }
    }
}

/// Marks a RIFF file, such as AVI, that is shorter than its header says. ffmpeg does not tell.
fn mark_cut(file: &SourceFile, probed: &mut Probed) {
    let mut start = [0; 8];
    let Ok(8) = file.fill_at(&mut start, 0) else { return };
    let [b'R', b'I', b'F', b'F', len @ ..] = start else { return };
    let len = u32::from_le_bytes(len);
    if len < container::PLACEHOLDER && file.len() + MAX_PADDING < u64::from(len) {
        let mut layout = Layout::whole(file);
        layout.is_cut = true;
        probed.layout = Arc::new(layout);
    }
}

fn no_such_track(position: Option<usize>, count: usize) -> Error {
    Error::NoTrack { number: position.unwrap_or(0) + 1, count }
}

fn no_audio_track() -> Error {
    probe::not_audio(probe::NO_AUDIO_TRACK)
}
