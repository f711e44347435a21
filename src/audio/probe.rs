//! Detection of the audio in a file by its content.

use std::str;
use std::sync::{Arc, Mutex};

use infer::MatcherType;
use symphonia::core::audio::Channels;
use symphonia::core::errors::{Error as SymphoniaError, decode_error, limit_error};

use super::audio_format::{AudioFormat, GSM};
use super::codec;
use super::container::{self, Count, Layout, Packets};
use super::length::{is_credible, is_possible, lengths, pcm_rate};
use super::lfs;
use super::source_file::SourceFile;
use crate::error::Error;

/// Bytes that are enough for every signature, and to tell text from data.
const SIGNATURE_LEN: usize = 4096;

/// Containers that cannot be opened here; the service may be able to.
const NAMED_ONLY: &[&str] = &["ape", "avi", "dsf", "flv", "mpg", "wmv"];

/// Signatures that the crate `infer` does not have, or has under another name.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"#!AMR", "amr"),
    (b"RF64", "wav"),
    (b"BW64", "wav"),
    (b"caff", "caf"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
    (b".snd", "au"),
    (b"wvpk", "wv"),
    (b"\x0b\x77", "ac3"),
];

/// Formats that are frames without a container.
const FRAMES: &[&str] = &["mp3", "aac"];

/// The largest file that is nothing but headers, in bytes. A larger one without a packet was most
/// likely written to a pipe or by a recorder that was stopped: its header is wrong, not its audio.
const MAX_HEADERS_ONLY: u64 = 4096;

/// Size of a header in bytes up to which the opened container is kept for the decoder: larger ones
/// take too much memory while other files are decoded.
const MAX_KEPT_HEADER: u64 = 1 << 20;

/// Name of content that no signature tells.
const UNKNOWN: &str = "data of an unknown kind";

/// Name of a container whose tracks are no audio, or of an unknown codec.
pub(super) const NO_AUDIO_TRACK: &str = "a video without a sound track";

/// Result of a probe.
#[derive(Clone)]
pub(super) struct Probed {
    pub(super) format: AudioFormat,
    pub(super) layout: Arc<Layout>,
    /// Seconds that the track's header declares.
    pub(super) declared: Option<f64>,
    /// Seconds that are present, unless packets have to be counted to know it.
    pub(super) present: Option<f64>,
    /// Bytes a second of uncompressed audio.
    pub(super) pcm_rate: Option<f64>,
    /// The opened container for its first user, unless the packets had to be counted or the
    /// header takes much memory.
    pub(super) packets: Arc<Mutex<Option<Packets>>>,
}

impl Probed {
    /// A file that has not been opened.
    fn unopened(format: AudioFormat, layout: Arc<Layout>) -> Self {
        Self {
            format,
            layout,
            declared: None,
            present: None,
            pcm_rate: None,
            packets: Arc::default(),
        }
    }

    /// A file of a known format that is neither opened nor walked.
    pub(super) fn whole(file: &SourceFile, format: AudioFormat) -> Self {
        Self::unopened(format, Arc::new(Layout::whole(file)))
    }

    /// Fails with [`Error::Damaged`] if less than half of the declared audio is present.
    pub(super) fn check_length(&self, present: Option<f64>) -> Result<(), Error> {
        let reason = match (self.declared, present.or(self.present), self.layout.truncated) {
            (Some(declared), Some(present), _) if present < declared / 2.0 => {
                format!("{present:.1} s of {declared:.1} s are there")
            }
            (.., Some((present, declared))) if present < declared / 2 => {
                format!("{present} of {declared} bytes are there")
            }
            _ => return Ok(()),
        };
        Err(Error::Damaged { container: self.format.container.to_uppercase(), reason })
    }
}

/// Content of a container.
enum Content {
    /// Audio, and the number of bytes in its packets if they had to be counted.
    Audio(Probed, Option<u64>),
    NoPacket,
    NoAudioTrack,
}

/// Detects the format of the audio in a file, or names the content that is not audio.
pub(super) fn probe(file: &SourceFile) -> Result<Probed, Error> {
    let mut start = [0; SIGNATURE_LEN];
    let filled = file.fill_at(&mut start, 0).map_err(Error::Unreadable)?;
    let start = &start[..filled];
    if start.is_empty() {
        return Err(Error::Empty);
    }
    if file.len() <= lfs::MAX_LEN as u64
        && let Some(sha256) = lfs::pointer_sha256(start)
    {
        return Err(Error::LfsPointer { sha256 });
    }
    let is_text = is_text(start);
    match by_signature(start).filter(|_| !is_text) {
        Some(name @ ("caf" | "wav")) => return known(file, name),
        // The service may be able to decode what cannot be decoded here, such as AMR.
        Some("3gp") => {
            return known(file, "3gp").or_else(|error| match error {
                Error::NotAudio { .. } => Ok(Probed::whole(file, AudioFormat::of_container("3gp"))),
                error => Err(error),
            });
        }
        Some(name) => return Ok(Probed::whole(file, AudioFormat::of_container(name))),
        None => {}
    }
    match infer::get(start).map(|kind| (kind.matcher_type(), kind.extension())) {
        Some((MatcherType::Text, "html")) => Err(not_audio("an HTML page")),
        _ if is_text => Err(not_audio("text")),
        Some((_, "midi")) => Err(not_audio("MIDI, which is notes without sound")),
        Some((_, name)) if NAMED_ONLY.contains(&name) => {
            Ok(Probed::whole(file, AudioFormat::of_container(name)))
        }
        Some((MatcherType::Audio | MatcherType::Video, name)) => known(file, name),
        Some((_, "zip")) => Err(not_audio("a ZIP archive")),
        Some((_, name)) => Err(not_audio(&format!("{} data", name.to_uppercase()))),
        None => unknown(file),
    }
}

/// True if the error of a probe leaves open that another program finds audio in the file.
pub(super) fn may_be_audio(error: &Error) -> bool {
    match error {
        Error::NotAudio { found } => [UNKNOWN, NO_AUDIO_TRACK].contains(&found.as_str()),
        Error::Damaged { .. } | Error::Undecodable { .. } => true,
        _ => false,
    }
}

/// Probes a container that its first bytes name.
fn known(file: &SourceFile, name: &str) -> Result<Probed, Error> {
    let walked = container::walk(file).map_err(|error| container::error_of(name, error))?;
    let layout = Arc::new(walked);
    match open(file, &layout) {
        Ok(Content::Audio(mut probed, _)) => {
            name.clone_into(&mut probed.format.container);
            let AudioFormat { sample_rate, channels, .. } = probed.format;
            if let (Some(rate), Some(channels)) = (sample_rate, channels) {
                container::check_parameters(name, rate, channels)?;
            }
            Ok(probed)
        }
        Ok(Content::NoAudioTrack) => Err(not_audio(NO_AUDIO_TRACK)),
        // Frames need no header, so that a file without a packet has no audio.
        Ok(Content::NoPacket) if file.len() <= MAX_HEADERS_ONLY || FRAMES.contains(&name) => {
            Err(not_audio("a recording without a single sample"))
        }
        Ok(Content::NoPacket) => Ok(Probed::unopened(AudioFormat::of_container(name), layout)),
        // The service may be able to decode what cannot be decoded here, such as GSM in WAV.
        Err(SymphoniaError::Unsupported(feature))
            if !feature.contains("missing") && !FRAMES.contains(&name) =>
        {
            let codec = is_gsm(file).then(|| GSM.to_owned());
            let format = AudioFormat { codec, ..AudioFormat::of_container(name) };
            Ok(Probed::unopened(format, layout))
        }
        Err(error) => Err(container::error_of(name, error)),
    }
}

/// Probes bytes without a signature. Frames of MPEG or AAC are short enough to occur in any data,
/// so that they have to make up most of the file.
fn unknown(file: &SourceFile) -> Result<Probed, Error> {
    let opened = container::walk(file).and_then(|layout| open(file, &Arc::new(layout)));
    match opened {
        Ok(Content::Audio(probed, packet_bytes))
            if packet_bytes.is_none_or(|bytes| bytes >= file.len() / 2) =>
        {
            Ok(probed)
        }
        Ok(Content::NoAudioTrack) => Err(not_audio(NO_AUDIO_TRACK)),
        _ => Err(not_audio(UNKNOWN)),
    }
}

/// Opens a container and describes its first audio track.
fn open(file: &SourceFile, layout: &Arc<Layout>) -> Result<Content, SymphoniaError> {
    let Some(mut packets) = Packets::open(file, layout)? else {
        return Ok(Content::NoAudioTrack);
    };
    let (declared, present) = lengths(file, &packets.track);
    let mut probed = Probed::unopened(describe(&packets, layout, declared), Arc::clone(layout));
    (probed.declared, probed.present) = (declared, present);
    probed.pcm_rate = pcm_rate(&packets.track);
    if probed.format.seconds.is_some_and(|seconds| is_credible(file, seconds)) {
        if !packets.has_packet()? {
            return Ok(Content::NoPacket);
        }
        let kept = Some(packets).filter(|packets| packets.header_len <= MAX_KEPT_HEADER);
        probed.packets = Arc::new(Mutex::new(kept));
        return Ok(Content::Audio(probed, None));
    }
    // MP3 and AAC without a header do not declare their length, and other headers declare anything.
    match packets.count_all() {
        Ok(Count { seconds: Some(seconds), .. }) if !is_possible(file, seconds) => {
            decode_error("more sound than its bytes can hold")
        }
        Err(Error::Damaged { .. }) => limit_error("a packet of that size"),
        Ok(count) if count.bytes > 0 => {
            probed.format.seconds = count.seconds;
            probed.present = present.or(count.seconds);
            Ok(Content::Audio(probed, Some(count.bytes)))
        }
        _ => Ok(Content::NoPacket),
    }
}

fn describe(packets: &Packets, layout: &Layout, declared: Option<f64>) -> AudioFormat {
    let (reader, parameters) = (&packets.reader, container::codec_parameters(&packets.track));
    let codec = parameters.and_then(|parameters| codec::name_of(parameters.codec));
    let is_pcm = codec.is_some_and(codec::is_pcm);
    let media = reader.media_info();
    AudioFormat {
        container: reader.format_info().short_name.to_owned(),
        codec: codec.map(str::to_owned),
        // MP4 has no room for rates above 65,535 Hz, and declares 0.
        sample_rate: parameters.and_then(|p| p.sample_rate).filter(|rate| *rate > 0 || is_pcm),
        channels: parameters.and_then(|p| p.channels.as_ref()).map(Channels::count),
        seconds: declared.or_else(|| container::seconds(media.time_base, media.duration)),
        tracks: reader.tracks().len(),
        is_repaired: layout.is_repaired,
    }
}

fn by_signature(start: &[u8]) -> Option<&'static str> {
    if start.get(4..10) == Some(b"ftyp3g") {
        return Some("3gp");
    }
    let mut signatures = SIGNATURES.iter();
    signatures.find(|(signature, _)| start.starts_with(signature)).map(|(_, name)| *name)
}

/// True for a WAV file whose first chunk says GSM 6.10, the one codec that the service names and
/// that cannot be decoded here.
fn is_gsm(file: &SourceFile) -> bool {
    let mut start = [0; 22];
    file.fill_at(&mut start, 0).is_ok()
        && start.starts_with(b"RIFF")
        && start[12..16] == *b"fmt "
        && start[20..] == [49, 0]
}

/// True if the bytes are UTF-8 (cut anywhere) without the control characters that data has.
fn is_text(start: &[u8]) -> bool {
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            str::from_utf8(&start[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1b}')
}

pub(super) fn not_audio(found: &str) -> Error {
    Error::NotAudio { found: found.to_owned() }
}
