//! What sound is in a file, told by its content.

use std::io;
use std::str;

use infer::MatcherType;
use symphonia::core::audio::Channels;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::{FormatReader, Track};

use super::file::SoundFile;
use super::format::{AudioFormat, GSM};
use super::packets::Packets;
use super::{codecs, container, mend};
use crate::error::Error;

/// Enough for every signature, and for telling text from bytes.
const HEAD: usize = 4096;

/// Containers that can only be named here; the service is left to open them.
const ONLY_NAMED: &[&str] = &["ape", "avi", "dsf", "flv", "mpg", "wmv"];

/// The same, by their first bytes.
const STARTS: &[(&[u8], &str)] = &[
    (b"#!AMR", "amr"),
    (b"RF64", "wav"),
    (b"BW64", "wav"),
    (b"caff", "caf"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
    (b".snd", "au"),
    (b"wvpk", "wv"),
    (b"\x0b\x77", "ac3"),
];

/// Formats that are frames and nothing around them.
const FRAMES: &[&str] = &["mp3", "aac"];

/// A file that is larger than this and tells of no sample was most likely written to a pipe, or
/// by a recorder that was stopped: its header is wrong, and not the sound.
const HEADERS: u64 = 4096;

/// What there is in a container.
enum Inside {
    /// Sound, and how many bytes its packets have where they had to be counted.
    Sound {
        format: AudioFormat,
        counted: Option<u64>,
    },
    NoSample,
    NoTrack,
}

/// Names the sound in the clip, or says what is there in place of sound.
pub(super) fn probe(file: &SoundFile) -> Result<AudioFormat, Error> {
    let mut head = vec![0; HEAD];
    let filled = file.fill_at(&mut head, 0).map_err(Error::Unreadable)?;
    head.truncate(filled);
    if head.is_empty() {
        return Err(Error::Empty);
    }
    let signature = infer::get(&head).map(|kind| (kind.matcher_type(), kind.extension()));
    let start = if is_text(&head) { None } else { by_start(&head) };
    match start {
        Some("caf") => return known(file, "caf"),
        Some("wav") => return known(file, "wav"),
        // What is in it may be known to the service, if not here: AMR for one.
        Some("3gp") => {
            return known(file, "3gp").or_else(|error| match error {
                Error::NotAudio { .. } => Ok(named("3gp")),
                error => Err(error),
            });
        }
        Some(name) => return Ok(named(name)),
        None => {}
    }
    match signature {
        Some((MatcherType::Text, "html")) => Err(not_audio("an HTML page")),
        _ if is_text(&head) => Err(not_audio("text")),
        Some((_, "midi")) => Err(not_audio("MIDI, which is notes without sound")),
        Some((_, name)) if ONLY_NAMED.contains(&name) => Ok(named(name)),
        Some((MatcherType::Audio | MatcherType::Video, name)) => known(file, name),
        Some((_, "zip")) => Err(not_audio("a ZIP archive")),
        Some((_, name)) => Err(not_audio(&format!("{} data", name.to_uppercase()))),
        None => unknown(file),
    }
}

/// A container that its first bytes name.
fn known(file: &SoundFile, name: &str) -> Result<AudioFormat, Error> {
    match look_inside(file) {
        Ok(Inside::Sound { format, .. }) => {
            if let (Some(rate), Some(channels)) = (format.sample_rate, format.channels) {
                container::check(name, rate, channels)?;
            }
            Ok(AudioFormat { container: name.to_owned(), ..format })
        }
        Ok(Inside::NoTrack) => Err(not_audio("a video without a sound track")),
        // Frames tell of themselves: where there is none, there is no sound.
        Ok(Inside::NoSample) if file.len() > HEADERS && !FRAMES.contains(&name) => Ok(named(name)),
        Ok(Inside::NoSample) => Err(not_audio("a recording without a single sample")),
        // What cannot be decoded here may be what the service can: GSM in a WAV for one.
        Err(SymphoniaError::Unsupported(what))
            if !what.contains("missing") && !FRAMES.contains(&name) =>
        {
            Ok(AudioFormat { codec: gsm(file).map(str::to_owned), ..named(name) })
        }
        Err(SymphoniaError::IoError(e)) if e.kind() != io::ErrorKind::UnexpectedEof => {
            Err(Error::Unreadable(e))
        }
        Err(api_error) => {
            Err(Error::Damaged { container: name.to_uppercase(), reason: api_error.to_string() })
        }
    }
}

/// Bytes that nothing names. Frames of MPEG or AAC are short enough to turn up in anything, so
/// they have to make up most of the file.
fn unknown(file: &SoundFile) -> Result<AudioFormat, Error> {
    match look_inside(file) {
        Ok(Inside::Sound { format, counted }) if counted.is_none_or(|n| n >= file.len() / 2) => {
            Ok(format)
        }
        Ok(Inside::NoTrack) => Err(not_audio("a video without a sound track")),
        _ => Err(not_audio("data of an unknown kind")),
    }
}

/// The one codec that cannot be decoded here and that the service names.
fn gsm(file: &SoundFile) -> Option<&'static str> {
    let mut head = [0; 22];
    file.read_exact_at(&mut head, 0).ok()?;
    (head.starts_with(b"RIFF") && head[12..16] == *b"fmt " && head[20..] == [49, 0]).then_some(GSM)
}

fn by_start(head: &[u8]) -> Option<&'static str> {
    if head.get(4..10) == Some(b"ftyp3g") {
        return Some("3gp");
    }
    STARTS.iter().find(|(start, _)| head.starts_with(start)).map(|(_, name)| *name)
}

/// The first track of sound as the container describes it.
fn look_inside(file: &SoundFile) -> Result<Inside, SymphoniaError> {
    let mut reader = container::open(file)?;
    let Some(track) = container::first_sound(reader.as_ref()).cloned() else {
        return Ok(Inside::NoTrack);
    };
    let mut format = describe(file, reader.as_ref(), &track);
    let counted = if format.seconds.is_some() {
        if !matches!(reader.next_packet(), Ok(Some(_))) {
            return Ok(Inside::NoSample);
        }
        None
    } else {
        // Plain MP3 and AAC do not tell their length.
        let Ok(count) = Packets::new(reader, track).count() else { return Ok(Inside::NoSample) };
        if count.packets == 0 {
            return Ok(Inside::NoSample);
        }
        format.seconds = count.seconds;
        Some(count.bytes)
    };
    Ok(Inside::Sound { format, counted })
}

fn describe(file: &SoundFile, reader: &dyn FormatReader, track: &Track) -> AudioFormat {
    let coding = container::coding(track);
    let codec = coding.and_then(|coding| codecs::name_of(coding.codec));
    let is_pcm = codec.is_some_and(codecs::is_pcm);
    AudioFormat {
        container: reader.format_info().short_name.to_owned(),
        codec: codec.map(str::to_owned),
        // MP4 has no room for rates above 65,535 Hz, and says 0.
        sample_rate: coding
            .and_then(|coding| coding.sample_rate)
            .filter(|rate| *rate > 0 || is_pcm),
        channels: coding.and_then(|coding| coding.channels.as_ref()).map(Channels::count),
        seconds: container::told_seconds(file, reader, track),
        tracks: reader.tracks().len(),
        is_mended: mend::reader(file).is_patched(),
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

fn named(name: &str) -> AudioFormat {
    AudioFormat { container: name.to_owned(), ..AudioFormat::default() }
}

fn not_audio(found: &str) -> Error {
    Error::NotAudio { found: found.to_owned() }
}
