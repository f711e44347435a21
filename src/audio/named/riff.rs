//! AVI: the streams of its head.
//!
//! Source: Microsoft "AVI RIFF File Reference".

use super::Content;
use super::bytes::Bytes;
use crate::audio::container::{SoundTrack, wave_track};

/// Chunks of a head that are looked at.
const MAX_CHUNKS: usize = 2000;

/// Length of the longest format chunk that is read, in bytes.
const MAX_FORMAT: usize = 64;

/// Finds the first stream of sound.
pub(super) fn avi(bytes: &Bytes<'_>) -> Content {
    let (mut at, mut is_audio) = (12, false);
    for _ in 0..MAX_CHUNKS {
        let (Some(name), Some(len)) = (bytes.array::<4>(at), bytes.long_le(at + 4)) else {
            // A head that cannot be read does not tell that there is no sound.
            return Content::Sound(SoundTrack::default());
        };
        let (content, len) = (at + 8, u64::from(len));
        match &name {
            // The head and each stream are lists, which are entered.
            b"LIST" if bytes.has(content, b"hdrl") || bytes.has(content, b"strl") => {
                at = content + 4;
                continue;
            }
            b"LIST" if bytes.has(content, b"movi") => break,
            b"strh" => is_audio = bytes.has(content, b"auds"),
            b"strf" if is_audio => {
                let format = bytes.block(content, MAX_FORMAT);
                return Content::Sound(wave_track(&format));
            }
            _ => {}
        }
        at = content + len + len % 2;
    }
    Content::NoSound("a video without a sound track")
}
