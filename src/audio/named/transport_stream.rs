//! MPEG transport stream: packets of 188 bytes, and the tables that name the codecs.
//!
//! Source: ISO/IEC 13818-1, sections 2.4.3.2, 2.4.4 and 2.4.4.9.

use super::Content;
use super::bytes::Bytes;
use super::frame;
use crate::audio::container::SoundTrack;

/// Byte that each packet begins with.
const SYNC: u8 = 0x47;

/// Lengths of packets, and the bytes before each: plain, with a time (Blu-ray), with parity.
const PACKETS: [(u64, u64); 3] = [(188, 0), (192, 4), (204, 0)];

/// Packets in a row that tell a transport stream, and those in which tables are looked for.
const MIN_PACKETS: u64 = 4;
const MAX_PACKETS: u64 = 20_000;

/// Codecs by the type of a stream.
const CODECS: [(u8, &str); 13] = [
    (0x03, "mp3"),
    (0x04, "mp3"),
    (0x0f, "aac"),
    (0x11, "aac_latm"),
    (0x80, "pcm_bluray"),
    (0x81, "ac3"),
    (0x82, "dts"),
    (0x83, "truehd"),
    (0x84, "eac3"),
    (0x85, "dts"),
    (0x86, "dts"),
    (0x87, "eac3"),
    (0xc1, "ac3"),
];

/// Codecs by the descriptor of a private stream. Source: ETSI EN 300 468, annex D.
const DESCRIPTORS: [(u8, &str); 4] = [(0x6a, "ac3"), (0x7a, "eac3"), (0x7b, "dts"), (0x7c, "aac")];

/// Type of a private stream.
const PRIVATE: u8 = 0x06;

/// Identifiers of registered private streams.
const REGISTERED: [(&[u8], &str); 5] =
    [(b"AC-3", "ac3"), (b"EAC3", "eac3"), (b"Opus", "opus"), (b"DTS", "dts"), (b"BSSD", "s302m")];

/// True if packets follow each other from the start.
pub(super) fn is_stream(bytes: &Bytes<'_>) -> bool {
    packets(bytes).is_some()
}

/// Length of the packets, and the bytes before each.
fn packets(bytes: &Bytes<'_>) -> Option<(u64, u64)> {
    PACKETS.into_iter().find(|(len, before)| {
        let present = (bytes.len() / len).min(MIN_PACKETS);
        present >= 2 && (0..present).all(|n| bytes.byte(n * len + before) == Some(SYNC))
    })
}

/// Finds the first stream of sound in the tables.
pub(super) fn describe(bytes: &Bytes<'_>) -> Content {
    let Some((len, before)) = packets(bytes) else {
        return Content::Sound(SoundTrack::default());
    };
    let (mut map, mut found) = (None, None);
    for number in 0..(bytes.len() / len).min(MAX_PACKETS) {
        let Some(packet) = bytes.array::<188>(number * len + before) else { break };
        let id = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        let Some(payload) = payload(&packet) else { continue };
        match (map, found) {
            (_, Some(Stream { id: stream, codec })) if stream == id => {
                return Content::Sound(frame::describe(content(payload), codec));
            }
            (None, _) if id == 0 => map = section(payload).and_then(program_map),
            (Some(map), None) if map == id => match section(payload).and_then(stream_of) {
                Some(stream) => found = Some(stream),
                None => return Content::NoSound("a video without a sound track"),
            },
            _ => {}
        }
    }
    Content::Sound(SoundTrack::of_codec(found.and_then(|stream| stream.codec)))
}

/// Stream of sound in the tables.
#[derive(Clone, Copy)]
struct Stream {
    /// Identifier of its packets.
    id: u16,
    codec: Option<&'static str>,
}

/// Payload of a packet that begins a section or a part of a stream.
fn payload(packet: &[u8; 188]) -> Option<&[u8]> {
    let (is_start, has_field) = (packet[1] & 0x40 != 0, packet[3] & 0x20 != 0);
    let field = if has_field { 1 + usize::from(packet[4]) } else { 0 };
    packet.get(4 + field..).filter(|_| is_start)
}

/// Section in a payload.
fn section(payload: &[u8]) -> Option<&[u8]> {
    payload.get(1 + usize::from(*payload.first()?)..)
}

/// Content of a stream in a payload, behind the head of its part.
fn content(payload: &[u8]) -> &[u8] {
    let start = payload.get(8).map_or(0, |len| 9 + usize::from(*len));
    payload.get(start..).filter(|_| payload.starts_with(&[0, 0, 1])).unwrap_or_default()
}

/// Identifier of the packets with the streams of the first program.
fn program_map(section: &[u8]) -> Option<u16> {
    if section.first() != Some(&0) {
        return None;
    }
    let mut programs = section.get(8..)?.chunks_exact(4);
    // Number 0 is the network.
    let program = programs.find(|program| program[..2] != [0, 0])?;
    Some(u16::from_be_bytes([program[2] & 0x1f, program[3]]))
}

/// The first stream of sound, if there is one.
fn stream_of(section: &[u8]) -> Option<Stream> {
    let number = |at: usize, mask: u8| {
        let bytes = section.get(at..at + 2)?;
        Some(u16::from_be_bytes([bytes[0] & mask, bytes[1]]))
    };
    let length = |at: usize| number(at, 0x0f).map(usize::from);
    let end = (3 + length(1)?).saturating_sub(4).min(section.len());
    let (mut at, mut private) = (12 + length(10)?, None);
    while at + 5 <= end {
        let (kind, id, len) = (section[at], number(at + 1, 0x1f)?, length(at + 3)?);
        let descriptors = section.get(at + 5..(at + 5 + len).min(end)).unwrap_or_default();
        if kind == PRIVATE {
            let stream = Stream { id, codec: private_codec(descriptors) };
            if stream.codec.is_some() {
                return Some(stream);
            }
            // It may be sound as well.
            private = private.or(Some(stream));
        } else if let Some((_, codec)) = CODECS.iter().find(|(known, _)| *known == kind) {
            return Some(Stream { id, codec: Some(codec) });
        }
        at += 5 + len;
    }
    private
}

/// Codec of a private stream, if it is one of sound.
fn private_codec(mut descriptors: &[u8]) -> Option<&'static str> {
    while let [tag, len, rest @ ..] = descriptors {
        let content = rest.get(..usize::from(*len))?;
        if let Some((_, codec)) = DESCRIPTORS.iter().find(|(known, _)| known == tag) {
            return Some(codec);
        }
        if *tag == 5
            && let Some((_, codec)) = REGISTERED.iter().find(|(id, _)| content.starts_with(id))
        {
            return Some(codec);
        }
        descriptors = &rest[content.len()..];
    }
    None
}
