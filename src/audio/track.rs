//! Audio track of a clip, among those of its file.

use std::num::NonZeroUsize;

use super::clip::Clip;
use super::decoding::{self, Decoding};
use super::ffmpeg::Ffmpeg;
use crate::error::Error;

/// Audio track that is captioned, of a file with several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioTrack {
    /// Number of the track among those with audio, counted from 1.
    pub number: usize,
    /// Number of tracks with audio.
    pub count: usize,
    /// Number of the track that players take by default.
    pub default: usize,
    /// Language of the track by its code, if the file tells one.
    pub language: Option<String>,
}

impl Clip {
    /// The audio track that is decoded; `None` if the file has no other.
    ///
    /// It is the one that players take: the first with the default flag of Matroska, the first
    /// enabled one of MP4, or the first of all. If that cannot be decoded, it is the next that can.
    pub fn track(&self) -> Option<AudioTrack> {
        let (layout, tracks) = (&self.probed.layout, &self.probed.layout.tracks);
        if let Some(position) = layout.chosen().filter(|_| tracks.len() > 1) {
            return Some(AudioTrack {
                number: position + 1,
                count: tracks.len(),
                default: layout.default_track() + 1,
                language: tracks[position].language.clone(),
            });
        }
        let Decoding::Ffmpeg(examined) = &self.decoding else { return None };
        (examined.languages.len() > 1).then(|| AudioTrack {
            number: examined.track + 1,
            count: examined.languages.len(),
            default: examined.default_track + 1,
            language: examined.languages[examined.track].clone(),
        })
    }

    /// The same file with another audio track, counted from 1. What cannot be decoded here is
    /// decoded by ffmpeg, if there is one. Blocks.
    ///
    /// Fails with [`Error::NoTrack`] if the file has fewer.
    pub fn with_track(self, number: NonZeroUsize, ffmpeg: Option<&Ffmpeg>) -> Result<Self, Error> {
        let number = number.get();
        match self.track() {
            Some(track) if number > track.count => {
                Err(Error::NoTrack { number, count: track.count })
            }
            Some(track) if number == track.number => Ok(self),
            // Nobody knows what is in it.
            None if !self.is_decodable() => Err(self.undecodable()),
            None if number > 1 => Err(Error::NoTrack { number, count: 1 }),
            None => Ok(self),
            Some(_) => decoding::probe_track(self.file, None, ffmpeg, Some(number - 1)),
        }
    }

    /// Number of the audio track in the key of its caption; `None` for the default one.
    pub(crate) fn track_key(&self) -> Option<usize> {
        let track = self.track()?;
        (track.number != track.default).then_some(track.number)
    }
}
