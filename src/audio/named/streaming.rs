//! FLV and ASF (WMA, WMV).
//!
//! Sources: "Adobe Flash Video File Format Specification 10.1", annex E; "Advanced Systems Format
//! Specification" 01.20.06, sections 3.2 and 3.3.

use super::Content;
use super::bytes::Bytes;
use super::frame;
use crate::audio::container::{SoundTrack, wave_track};

/// Tags of an FLV file that are looked at.
const MAX_TAGS: usize = 2000;

/// Objects of an ASF head that are looked at.
const MAX_OBJECTS: usize = 500;

const STREAM_PROPERTIES: &[u8] = b"\x91\x07\xdc\xb7\xb7\xa9\xcf\x11";
const AUDIO_MEDIA: &[u8] = b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11";

/// Offset of the type in the properties of a stream, and of the format of its sound.
const STREAM_TYPE: u64 = 24;
const STREAM_FORMAT: u64 = 78;

/// Length of the longest format that is read, in bytes.
const MAX_FORMAT: usize = 64;

/// Codecs of FLV by their numbers.
const CODECS: [(u8, &str); 12] = [
    (0, "pcm_s16le"),
    (1, "adpcm_swf"),
    (2, "mp3"),
    (3, "pcm_s16le"),
    (4, "nellymoser"),
    (5, "nellymoser"),
    (6, "nellymoser"),
    (7, "pcm_alaw"),
    (8, "pcm_mulaw"),
    (10, "aac"),
    (11, "speex"),
    (14, "mp3"),
];

/// Finds the first tag of sound in an FLV file.
pub(super) fn flv(bytes: &Bytes<'_>) -> Content {
    let mut at = u64::from(bytes.long(5).unwrap_or(9)) + 4;
    for _ in 0..MAX_TAGS {
        let (Some(kind), Some(len)) = (bytes.byte(at), bytes.long(at)) else { break };
        if kind == 8
            && let Some(flags) = bytes.byte(at + 11)
        {
            let codec = CODECS.iter().find(|(code, _)| *code == flags >> 4);
            let mut track = SoundTrack::of_codec(codec.map(|(_, codec)| *codec));
            // Its own frames are more exact: FLV has no number for 48 kHz.
            if codec.is_some_and(|(_, codec)| *codec == "mp3") {
                let start = bytes.block(at + 12, frame::DEPTH);
                return Content::Sound(frame::describe(&start, Some("mp3")));
            }
            // AAC tells its own rate and channels.
            if codec.is_none_or(|(_, codec)| *codec != "aac") {
                track.rate = Some(44_100 >> (3 - u32::from(flags >> 2 & 3)));
                track.channels = Some(usize::from(flags & 1) + 1);
            }
            return Content::Sound(track);
        }
        at += 11 + u64::from(len & 0x00ff_ffff) + 4;
    }
    Content::NoSound("a video without a sound track")
}

/// Finds the first stream of sound in an ASF file.
pub(super) fn asf(bytes: &Bytes<'_>) -> Content {
    let end = u64::from(bytes.long_le(16).unwrap_or_default());
    let mut at = 30;
    for _ in 0..MAX_OBJECTS {
        // A head that cannot be read does not tell that there is no sound.
        let Some(len) = bytes.array(at + 16).map(u64::from_le_bytes) else {
            return Content::Sound(SoundTrack::default());
        };
        if bytes.has(at, STREAM_PROPERTIES) && bytes.has(at + STREAM_TYPE, AUDIO_MEDIA) {
            return Content::Sound(wave_track(&bytes.block(at + STREAM_FORMAT, MAX_FORMAT)));
        }
        at = at.saturating_add(len.max(24));
        if at >= end {
            break;
        }
    }
    Content::NoSound("a video without a sound track")
}
