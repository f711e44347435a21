//! The track of a container that is decoded.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::formats::{FormatReader, Track};

use super::{Layout, SoundTrack, codec_parameters};
use crate::audio::codec;

/// Highest sampling rate that a sample description of MP4 has room for, in Hz.
const MAX_MP4_RATE: u32 = 65_535;

/// The track that the walk chose, else the first track of audio that can be decoded, else the first
/// one, with the parameters that the walk read.
pub(super) fn choose_track(reader: &dyn FormatReader, layout: &Layout) -> Option<Track> {
    let tracks: Vec<_> = reader.tracks().iter().map(|track| described(track, layout)).collect();
    let is_decodable = |track: &&Track| {
        codec_parameters(track).is_some_and(|parameters| codec::name_of(parameters.codec).is_some())
    };
    if let Some(chosen) = chosen_by_walk(&tracks, layout)
        .filter(|track| layout.wanted.is_some() || is_decodable(track))
    {
        return Some(chosen.clone());
    }
    let is_wanted = |track: &&Track| {
        let mut known = layout.tracks.iter();
        let known = known.find(|known| known.id == track.id && known.id != 0);
        known.is_none_or(SoundTrack::is_decodable)
    };
    let chosen = tracks.iter().filter(is_decodable).find(is_wanted);
    chosen.or_else(|| tracks.iter().find(|track| codec_parameters(track).is_some())).cloned()
}

/// The track that the walk chose of several, by its number or else by its position.
fn chosen_by_walk<'a>(tracks: &'a [Track], layout: &Layout) -> Option<&'a Track> {
    let position = layout.chosen().filter(|_| layout.tracks.len() > 1)?;
    let mut audio = tracks.iter().filter(|track| codec_parameters(track).is_some());
    match layout.tracks[position].id {
        0 => audio.nth(position),
        id => audio.find(|track| track.id == id),
    }
}

/// A track with the parameters that the walk read, or else with those that a player would show.
fn described(track: &Track, layout: &Layout) -> Track {
    let mut track = track.clone();
    if let Some(whole) = codec_parameters(&track).and_then(codec::with_extension) {
        track.with_codec_params(CodecParameters::Audio(whole));
    }
    let known = layout.tracks.iter().find(|known| known.id == track.id && known.id != 0);
    let Some(known) = known else { return track };
    if let Some(parameters) = &known.parameters {
        track.with_codec_params(CodecParameters::Audio((**parameters).clone()));
    } else if let Some(CodecParameters::Audio(parameters)) = &mut track.codec_params
        && let Some(rate) = known.rate.filter(|rate| *rate > MAX_MP4_RATE)
    {
        parameters.with_sample_rate(rate);
    }
    track
}
