//! What sound is in a file, told by its content.

use std::io;
use std::str;

use infer::{Infer, MatcherType};
use symphonia::core::audio::Channels;
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use super::{Clip, ClipReader};
use crate::error::Error;

/// Enough for every signature, and for telling text from bytes.
const HEAD: usize = 4096;

/// How far into bytes of an unknown kind the first frame of sound is looked for: past a torn
/// frame or some padding, not so far that noise looks like music.
const DEPTH: u32 = 16 * 1024;

/// Containers that can only be named here; the service is left to open them.
const ONLY_NAMED: &[&str] = &["3gp", "amr", "ape", "avi", "dsf", "flv", "mpg", "wmv"];

/// The format tag of GSM 6.10 in a WAV file, which the service reads and no decoder here does.
const WAV_GSM: [u8; 2] = [0x31, 0x00];

/// The kind of sound in a [`Clip`]. What the file does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Format {
    /// The container by its usual file extension: `wav`, `mp3`, `ogg`, `mp4`.
    pub container: String,
    /// Samples a second, in Hz.
    pub sample_rate: Option<u32>,
    /// Number of channels.
    pub channels: Option<usize>,
    /// Length in seconds, by the file's own account.
    pub seconds: Option<f64>,
}

/// Names the sound in the clip, or says what is there in place of sound.
pub(super) fn probe(clip: &Clip) -> Result<Format, Error> {
    let head = read_head(clip).map_err(Error::Unreadable)?;
    if head.is_empty() {
        return Err(Error::Empty);
    }
    let mut signatures = Infer::new();
    signatures.add("audio/3gpp", "3gp", |head| head.get(4..10) == Some(b"ftyp3g"));
    let signature = signatures.get(&head).map(|kind| (kind.matcher_type(), kind.extension()));
    match signature {
        Some((_, "midi")) => Err(not_audio("MIDI, which is notes without sound")),
        Some((_, name)) if ONLY_NAMED.contains(&name) => Ok(named(name)),
        Some((_, "wav")) if head.get(20..22) == Some(&WAV_GSM) => Ok(named("wav")),
        Some((MatcherType::Audio | MatcherType::Video, name)) => match look_inside(clip) {
            Ok(Some(format)) => Ok(Format { container: name.to_owned(), ..format }),
            Ok(None) => Err(not_audio("a video without a sound track")),
            Err(fault) => Err(damaged(name, &fault)),
        },
        Some((_, "html")) => Err(not_audio("an HTML page")),
        Some((_, "zip")) => Err(not_audio("a ZIP archive")),
        Some((_, name)) => Err(not_audio(&format!("{} data", name.to_uppercase()))),
        None if is_text(&head) => Err(not_audio("text")),
        None => match look_inside(clip) {
            Ok(Some(format)) => Ok(format),
            Ok(None) => Err(not_audio("a video without a sound track")),
            Err(_) => Err(not_audio("data of an unknown kind")),
        },
    }
}

/// The first track of sound as the container describes it; `None` where there is no such track.
fn look_inside(clip: &Clip) -> Result<Option<Format>, Fault> {
    let options = ProbeOptions { max_probe_depth: DEPTH, ..ProbeOptions::default() };
    let mut probe = Probe::new_with_options(&options);
    symphonia::default::register_enabled_formats(&mut probe);
    let stream = MediaSourceStream::new(
        Box::new(clip.reader()),
        symphonia::core::io::MediaSourceStreamOptions::default(),
    );
    let reader =
        probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())?;
    Ok(describe(reader.as_ref()))
}

fn describe(reader: &dyn FormatReader) -> Option<Format> {
    let track = reader.first_track(TrackType::Audio)?;
    let sound = track.codec_params.as_ref().and_then(|params| params.audio());
    let length = track.time_base.zip(track.duration).and_then(|(base, d)| base.calc_duration(d));
    Some(Format {
        container: reader.format_info().short_name.to_owned(),
        sample_rate: sound.and_then(|sound| sound.sample_rate),
        channels: sound.and_then(|sound| sound.channels.as_ref()).map(Channels::count),
        seconds: length.map(|length| length.as_secs_f64()),
    })
}

impl MediaSource for ClipReader {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.clip.len)
    }
}

fn read_head(clip: &Clip) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let mut filled = 0;
    while filled < HEAD {
        match clip.read_at(&mut head[filled..], filled as u64)? {
            0 => break,
            n => filled += n,
        }
    }
    head.truncate(filled);
    Ok(head)
}

/// Whether the bytes are UTF-8 (cut anywhere) without the control characters that data has.
fn is_text(head: &[u8]) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => str::from_utf8(&head[..e.valid_up_to()]).unwrap_or(""),
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1b}')
}

fn named(name: &str) -> Format {
    Format { container: name.to_owned(), ..Format::default() }
}

fn not_audio(found: &str) -> Error {
    Error::NotAudio { found: found.to_owned() }
}

fn damaged(name: &str, fault: &Fault) -> Error {
    Error::Damaged { container: name.to_uppercase(), reason: fault.to_string() }
}
