//! Detection of the audio in a file by its content.

use std::str;
use std::sync::{Arc, Mutex};

use infer::MatcherType;
use symphonia::core::audio::Channels;
use symphonia::core::errors::{Error as SymphoniaError, decode_error, limit_error};

use super::audio_format::{AudioFormat, HEADLESS};
use super::codec;
use super::container::{self, Count, Headless, Layout, Packets};
use super::delay::declared_start;
use super::length::{is_credible, is_possible, lengths, pcm_rate};
use super::lfs;
use super::named;
use super::probed::Probed;
use super::source_file::SourceFile;
use crate::error::Error;

/// Bytes that are enough for every signature, and to tell text from data.
const SIGNATURE_LEN: usize = 4096;

/// Name of a container without an audio track.
pub(super) const NO_AUDIO_TRACK: &str = "a video without a sound track";
/// Name of a track without a packet.
const NO_SAMPLE: &str = "a recording without a single sample";
/// Name of content that no signature tells.
const UNKNOWN: &str = "data of an unknown kind";

/// The largest file that is nothing but headers, in bytes. A larger one without a packet was most
/// likely written to a pipe or by a recorder that was stopped: its header is wrong, not its audio.
const MAX_HEADERS_ONLY: u64 = 4096;

/// Size of a header in bytes up to which the opened container is kept for the decoder: larger ones
/// take too much memory while other files are decoded.
const MAX_KEPT_HEADER: u64 = 1 << 20;

/// Content of a container.
enum Content {
    /// Audio, and the number of bytes in its packets if they had to be counted.
    Audio(Box<Probed>, Option<u64>),
    NoPacket,
    NoAudioTrack,
}

/// Detects the format of the audio in a file, or names the content that is not audio. Samples
/// without a head are taken for `headless` only if they are nothing else. `wanted` is the position of
/// a sound track in place of the default one.
pub(super) fn probe(
    file: &SourceFile,
    headless: Option<Headless>,
    wanted: Option<usize>,
) -> Result<Probed, Error> {
    match (detect(file, wanted), headless) {
        (Err(Error::NotAudio { found }), Some(headless)) if found == UNKNOWN => {
            let layout = Arc::new(headless.layout(file));
            match open(file, &layout) {
                Ok(Content::Audio(probed, _)) => Ok(probed.of_container(HEADLESS)),
                _ => Err(not_audio(UNKNOWN)),
            }
        }
        (detected, _) => detected,
    }
}

/// Detects the format by the content alone.
fn detect(file: &SourceFile, wanted: Option<usize>) -> Result<Probed, Error> {
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
    if is_text(start) {
        let is_html = infer::get(start).is_some_and(|kind| kind.extension() == "html");
        return Err(not_audio(if is_html { "an HTML page" } else { "text" }));
    }
    let content = container::content_start(file);
    if let Some(container) = named::identify(file, content) {
        return match named::describe(file, content, container) {
            named::Content::NoSound(found) => Err(not_audio(found)),
            named::Content::Sound(track) => {
                let layout = Arc::new(Layout::whole(file));
                Ok(Probed::named(container, Some(&track), layout))
            }
        };
    }
    let mut head = [0; SIGNATURE_LEN];
    let filled = file.fill_at(&mut head, content).map_err(Error::Unreadable)?;
    let head = &head[..filled];
    let kind = infer::get(head).map(|kind| (kind.matcher_type(), kind.extension()));
    match (container::name_of(head), kind) {
        (Some(name), kind) => contained(file, container_name(head, name, kind), wanted),
        (None, Some((MatcherType::Audio, "mp3" | "aac"))) => frames(file, true),
        (None, Some((MatcherType::Audio | MatcherType::Video, name))) => {
            Ok(Probed::named(name, None, Arc::new(Layout::whole(file))))
        }
        (None, Some((_, "zip"))) => Err(not_audio("a ZIP archive")),
        (None, Some((_, name))) => Err(not_audio(&format!("{} data", name.to_uppercase()))),
        // Tags are a reason to expect frames.
        (None, None) => frames(file, content > 0),
    }
}

/// Name of a container: the more exact one of two.
fn container_name<'a>(head: &[u8], name: &'a str, kind: Option<(MatcherType, &'a str)>) -> &'a str {
    match (name, kind) {
        ("mp4", _) if head[4..].starts_with(b"ftyp3g") => "3gp",
        ("mp4", _) if !head[4..].starts_with(b"ftyp") => "mov",
        ("mp4" | "mkv" | "ogg", Some((MatcherType::Audio | MatcherType::Video, exact))) => exact,
        _ => name,
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
fn contained(file: &SourceFile, name: &str, wanted: Option<usize>) -> Result<Probed, Error> {
    let walked = container::walk(file, wanted).map_err(|error| container::error_of(name, error))?;
    let layout = Arc::new(walked);
    if layout.is_without_samples {
        return Err(not_audio(NO_SAMPLE));
    }
    if let Some(track) = layout.track().filter(|track| !track.is_decodable()) {
        return Ok(Probed::named(name, Some(track), Arc::clone(&layout)));
    }
    match open(file, &layout) {
        Ok(Content::Audio(probed, _)) => {
            let probed = probed.of_container(name);
            check_parameters(&probed.format)?;
            Ok(probed)
        }
        Ok(Content::NoAudioTrack) if layout.tracks.is_empty() => Err(not_audio(NO_AUDIO_TRACK)),
        Ok(Content::NoPacket) if file.len() <= MAX_HEADERS_ONLY => Err(not_audio(NO_SAMPLE)),
        // Also a codec that is decoded only from another container.
        Ok(Content::NoAudioTrack | Content::NoPacket) => {
            Ok(Probed::named(name, layout.track(), Arc::clone(&layout)))
        }
        Err(SymphoniaError::Unsupported(feature)) if !feature.contains("missing") => {
            Ok(Probed::named(name, layout.track(), Arc::clone(&layout)))
        }
        Err(error) => Err(container::error_of(name, error)),
    }
}

fn check_parameters(format: &AudioFormat) -> Result<(), Error> {
    match (format.sample_rate, format.channels) {
        (Some(rate), Some(channels)) => {
            container::check_parameters(&format.container, rate, channels)
        }
        _ => Ok(()),
    }
}

/// Probes frames of MPEG or AAC, which are short enough to occur in any data: behind other bytes,
/// they have to make up most of the file.
fn frames(file: &SourceFile, is_expected: bool) -> Result<Probed, Error> {
    let Ok(layout) = container::walk(file, None) else {
        return Err(if is_expected && file.len() > MAX_HEADERS_ONLY {
            let reason = "no frames one behind the other".to_owned();
            Error::Damaged { container: "MP3".to_owned(), reason }
        } else if is_expected {
            not_audio(NO_SAMPLE)
        } else {
            not_audio(UNKNOWN)
        });
    };
    let layout = Arc::new(layout);
    if let Some(obstacle) = layout.obstacle {
        let name = layout.track().and_then(|track| track.codec.as_deref()).unwrap_or("mp3");
        let mut probed = Probed::named(name, layout.track(), Arc::clone(&layout));
        probed.label = format!("{} {obstacle}", probed.label);
        return Ok(probed);
    }
    match open(file, &layout) {
        Ok(Content::Audio(probed, counted)) => {
            let is_most = counted.is_none_or(|bytes| bytes >= file.len() / 2);
            if layout.skipped > 0 && !is_expected && !is_most {
                return Err(not_audio(UNKNOWN));
            }
            check_parameters(&probed.format)?;
            Ok(*probed)
        }
        Ok(Content::NoAudioTrack | Content::NoPacket) if is_expected => Err(not_audio(NO_SAMPLE)),
        Err(error) if is_expected => Err(container::error_of("mp3", error)),
        _ => Err(not_audio(UNKNOWN)),
    }
}

/// Opens a container and describes its first audio track.
fn open(file: &SourceFile, layout: &Arc<Layout>) -> Result<Content, SymphoniaError> {
    let Some(mut packets) = Packets::open(file, layout)? else {
        return Ok(Content::NoAudioTrack);
    };
    let (declared, present) = lengths(file, &packets.track);
    let declared = declared.filter(|_| !layout.is_torn);
    let mut probed = Probed::unopened(describe(&packets, layout, declared), Arc::clone(layout));
    (probed.declared, probed.present) = (declared, present);
    let parameters = container::codec_parameters(&packets.track);
    probed.is_decodable = parameters.is_some_and(|p| codec::name_of(p.codec).is_some());
    probed.pcm_rate = pcm_rate(&packets.track);
    // Behind other bytes, the packets have to make up most of the file.
    let is_counted = layout.skipped > 0;
    if probed.format.seconds.is_some_and(|seconds| !is_counted && is_credible(file, seconds)) {
        if !packets.has_packet()? {
            return Ok(Content::NoPacket);
        }
        let kept = Some(packets).filter(|packets| packets.header_len <= MAX_KEPT_HEADER);
        probed.packets = Arc::new(Mutex::new(kept));
        return Ok(Content::Audio(Box::new(probed), None));
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
            Ok(Content::Audio(Box::new(probed), Some(count.bytes)))
        }
        _ => Ok(Content::NoPacket),
    }
}

fn describe(packets: &Packets, layout: &Layout, declared: Option<f64>) -> AudioFormat {
    let (reader, parameters) = (&packets.reader, container::codec_parameters(&packets.track));
    let codec = parameters.and_then(|parameters| codec::name_of(parameters.codec));
    let is_pcm = codec.is_some_and(codec::is_pcm);
    let media = reader.media_info();
    let start = declared_start(layout, &packets.track);
    let known = layout.track();
    let rate = known.and_then(|track| track.rate);
    let tracks = if layout.track_count > 0 { layout.track_count } else { reader.tracks().len() };
    AudioFormat {
        container: reader.format_info().short_name.to_owned(),
        codec: codec.map(str::to_owned).or_else(|| known.and_then(|track| track.codec.clone())),
        sample_rate: rate
            .or(parameters.and_then(|p| p.sample_rate))
            .filter(|rate| *rate > 0 || is_pcm),
        channels: parameters
            .and_then(|p| p.channels.as_ref())
            .map(Channels::count)
            .or(known.and_then(|track| track.channels)),
        // The record of a decoded file has the length without what an encoder puts before it.
        seconds: declared.map(|seconds| (seconds - start).max(0.0)).or_else(|| {
            if layout.is_torn {
                return None;
            }
            let ticks = media.duration.filter(|ticks| !container::is_unknown_duration(ticks.get()));
            container::seconds(media.time_base, ticks)
        }),
        tracks,
        is_repaired: layout.is_repaired,
    }
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
