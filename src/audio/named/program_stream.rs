//! MPEG program stream: packets, each with the number of its stream.
//!
//! Source: ISO/IEC 13818-1, sections 2.4.3.6 and 2.5.3; for DVD `libavformat/mpeg.c`.

use super::Content;
use super::bytes::Bytes;
use super::frame;
use crate::audio::container::SoundTrack;

/// Packets that are looked at.
const MAX_PACKETS: usize = 20_000;

/// Codecs by the number of a stream in a private one.
const PRIVATE: [(std::ops::RangeInclusive<u8>, &str); 5] = [
    (0x80..=0x87, "ac3"),
    (0x88..=0x8f, "dts"),
    (0xa0..=0xaf, "pcm_dvd"),
    (0xb0..=0xbf, "truehd"),
    (0xc0..=0xcf, "ac3"),
];

/// Finds the first stream of sound.
pub(super) fn describe(bytes: &Bytes<'_>) -> Content {
    let mut at = 0;
    for _ in 0..MAX_PACKETS {
        let Some([0, 0, 1, stream]) = bytes.array::<4>(at) else { break };
        let Some(len) = bytes.short(at + 4) else { break };
        at += match stream {
            0xc0..=0xdf => {
                let start = payload(bytes, at).unwrap_or_default();
                return Content::Sound(frame::describe(&bytes.block(start, frame::DEPTH), None));
            }
            0xbd => match private(bytes, at) {
                Some(track) => return Content::Sound(track),
                None => 6 + len,
            },
            // A pack header: of MPEG-1, or of MPEG-2 with stuffing.
            0xba if bytes.byte(at + 4).is_some_and(|byte| byte >> 6 == 1) => {
                14 + u64::from(bytes.byte(at + 13).unwrap_or(0) & 7)
            }
            0xba => 12,
            _ => 6 + len,
        };
    }
    Content::NoSound("a video without a sound track")
}

/// Offset of the payload of a packet.
fn payload(bytes: &Bytes<'_>, at: u64) -> Option<u64> {
    let first = bytes.byte(at + 6)?;
    if first >> 6 == 2 {
        return Some(at + 9 + u64::from(bytes.byte(at + 8)?));
    }
    // MPEG-1: stuffing, the size of a buffer, then times.
    let stuffing = (0..16).take_while(|n| bytes.byte(at + 6 + n) == Some(0xff)).count() as u64;
    let mut start = at + 6 + stuffing;
    if bytes.byte(start)? >> 6 == 1 {
        start += 2;
    }
    Some(match bytes.byte(start)? >> 4 {
        2 => start + 5,
        3 => start + 10,
        _ => start + 1,
    })
}

/// A private stream of sound. Its head is the number of the stream, the number of frames that begin
/// in the packet, and the offset of the first one.
fn private(bytes: &Bytes<'_>, at: u64) -> Option<SoundTrack> {
    let start = payload(bytes, at)?;
    let stream = bytes.byte(start)?;
    let (_, codec) = PRIVATE.iter().find(|(numbers, _)| numbers.contains(&stream))?;
    let offset = bytes.short(start + 2).unwrap_or(1);
    let frame = bytes.block(start + 3 + offset, frame::DEPTH);
    Some(frame::describe(&frame, Some(codec)))
}
