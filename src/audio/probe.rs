//! What sound is in a file, told by its content.

use std::io;
use std::str;

use infer::MatcherType;
use symphonia::core::audio::Channels;
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::Duration;

use super::{Clip, ClipReader};
use crate::error::Error;

/// Enough for every signature, and for telling text from bytes.
const HEAD: usize = 4096;

/// How far into bytes of an unknown kind the first frame of sound is looked for: past a torn
/// frame or some padding, not so far that noise looks like music.
const DEPTH: u32 = 16 * 1024;

/// Containers that can only be named here; the service is left to open them.
const ONLY_NAMED: &[&str] = &["ape", "avi", "dsf", "flv", "mpg", "wmv"];

/// The same, by their first bytes.
const STARTS: &[(&[u8], &str)] = &[
    (b"#!AMR", "amr"),
    (b"RF64", "wav"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
    (b".snd", "au"),
    (b"wvpk", "wv"),
    (b"\x0b\x77", "ac3"),
];

/// A file that is larger than this and tells of no sample was most likely written to a pipe, or
/// by a recorder that was stopped: its header is wrong, and not the sound.
const HEADERS: u64 = 4096;

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

/// What there is in a container.
enum Inside {
    /// Sound, and how many bytes its packets have where they had to be counted.
    Sound {
        format: Format,
        counted: Option<u64>,
    },
    NoSample,
    NoTrack,
}

/// Names the sound in the clip, or says what is there in place of sound.
pub(super) fn probe(clip: &Clip) -> Result<Format, Error> {
    let mut head = vec![0; HEAD];
    let filled = clip.fill_at(&mut head, 0).map_err(Error::Unreadable)?;
    head.truncate(filled);
    if head.is_empty() {
        return Err(Error::Empty);
    }
    let signature = infer::get(&head).map(|kind| (kind.matcher_type(), kind.extension()));
    let start = if is_text(&head) { None } else { by_start(&head) };
    if let Some(name) = start {
        return Ok(named(name));
    }
    match signature {
        Some((MatcherType::Text, "html")) => Err(not_audio("an HTML page")),
        _ if is_text(&head) => Err(not_audio("text")),
        Some((_, "midi")) => Err(not_audio("MIDI, which is notes without sound")),
        Some((_, name)) if ONLY_NAMED.contains(&name) => Ok(named(name)),
        Some((MatcherType::Audio | MatcherType::Video, name)) => known(clip, name),
        Some((_, "zip")) => Err(not_audio("a ZIP archive")),
        Some((_, name)) => Err(not_audio(&format!("{} data", name.to_uppercase()))),
        None => unknown(clip),
    }
}

/// A container that its first bytes name.
fn known(clip: &Clip, name: &str) -> Result<Format, Error> {
    match look_inside(clip) {
        Ok(Inside::Sound { format, .. }) => Ok(Format { container: name.to_owned(), ..format }),
        Ok(Inside::NoTrack) => Err(not_audio("a video without a sound track")),
        Ok(Inside::NoSample) if clip.len > HEADERS => Ok(named(name)),
        Ok(Inside::NoSample) => Err(not_audio("a recording without a single sample")),
        // What cannot be decoded here may be what the service can: GSM in a WAV for one.
        Err(Fault::Unsupported(what)) if !what.contains("missing") => Ok(named(name)),
        Err(Fault::IoError(e)) if e.kind() != io::ErrorKind::UnexpectedEof => {
            Err(Error::Unreadable(e))
        }
        Err(fault) => {
            Err(Error::Damaged { container: name.to_uppercase(), reason: fault.to_string() })
        }
    }
}

/// Bytes that nothing names. Frames of MPEG or AAC are short enough to turn up in anything, so
/// they have to make up most of the file.
fn unknown(clip: &Clip) -> Result<Format, Error> {
    match look_inside(clip) {
        Ok(Inside::Sound { format, counted }) if counted.is_none_or(|n| n >= clip.len / 2) => {
            Ok(format)
        }
        Ok(Inside::NoTrack) => Err(not_audio("a video without a sound track")),
        _ => Err(not_audio("data of an unknown kind")),
    }
}

fn by_start(head: &[u8]) -> Option<&'static str> {
    if head.get(4..10) == Some(b"ftyp3g") {
        return Some("3gp");
    }
    // Left by a recorder that was stopped: no sizes, but sound.
    if head.starts_with(b"RIFF\0\0\0\0") && head.len() == HEAD {
        return Some("wav");
    }
    STARTS.iter().find(|(start, _)| head.starts_with(start)).map(|(_, name)| *name)
}

/// The first track of sound as the container describes it.
fn look_inside(clip: &Clip) -> Result<Inside, Fault> {
    let options = ProbeOptions { max_probe_depth: DEPTH, ..ProbeOptions::default() };
    let mut probe = Probe::new_with_options(&options);
    symphonia::default::register_enabled_formats(&mut probe);
    let stream =
        MediaSourceStream::new(Box::new(clip.reader()), MediaSourceStreamOptions::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    Ok(describe(probe.probe(&Hint::new(), stream, format, metadata)?.as_mut()))
}

fn describe(reader: &mut dyn FormatReader) -> Inside {
    let Some(track) = reader.first_track(TrackType::Audio).cloned() else {
        return Inside::NoTrack;
    };
    let told = track.duration.filter(|duration| *duration > Duration::ZERO);
    let (duration, counted) = match told {
        Some(duration) if matches!(reader.next_packet(), Ok(Some(_))) => (duration, None),
        Some(_) => return Inside::NoSample,
        None => match count(reader, track.id) {
            (Duration::ZERO, _) => return Inside::NoSample,
            (duration, bytes) => (duration, Some(bytes)),
        },
    };
    let length = track.time_base.and_then(|base| base.calc_duration(duration));
    let sound = track.codec_params.as_ref().and_then(|params| params.audio());
    let format = Format {
        container: reader.format_info().short_name.to_owned(),
        sample_rate: sound.and_then(|sound| sound.sample_rate),
        channels: sound.and_then(|sound| sound.channels.as_ref()).map(Channels::count),
        seconds: length.map(|length| length.as_secs_f64()),
    };
    Inside::Sound { format, counted }
}

/// The sum of all packets and their bytes, for a container that does not tell its length: plain
/// MP3 and AAC.
fn count(reader: &mut dyn FormatReader, track: u32) -> (Duration, u64) {
    let (mut sum, mut bytes) = (Duration::ZERO, 0);
    while let Ok(Some(packet)) = reader.next_packet() {
        if packet.track_id == track {
            sum = sum.checked_add(packet.dur).unwrap_or(sum);
            bytes += packet.data.len() as u64;
        }
    }
    (sum, bytes)
}

impl MediaSource for ClipReader {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.clip.len)
    }
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
