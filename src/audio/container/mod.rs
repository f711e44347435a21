//! Containers: walked here (one file for each family), then read by symphonia.
//!
//! A walk finds the audio, repairs headers that a cut or unfinished file has, and hides what would
//! fill the memory. Its result is a [`Layout`], made once for each file.

use std::io;
use std::ops::RangeInclusive;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::Track;

use self::family::{DEPTH, Family};
use self::layout::Walker;
use super::source_file::SourceFile;
use crate::error::Error;

pub(super) use self::isobmff::is_unknown_duration;
pub(super) use self::layout::{Layout, PatchedReader};
pub(super) use self::mpeg::mpeg_track;
pub(super) use self::packets::{Count, Next, Packets, seconds};
pub(super) use self::raw::Headless;
pub(super) use self::sound_track::SoundTrack;
pub(super) use self::wav::PLACEHOLDER;

mod aiff;
mod blocks;
mod caf;
mod ebml;
mod ebml_element;
mod elementary_stream;
mod encoding;
mod family;
mod flac;
mod isobmff;
mod itunes;
mod layout;
mod losses;
mod matroska_tracks;
mod mpeg;
mod mpeg_frame;
mod ogg;
mod ogg_pages;
mod packets;
mod raw;
mod sample_entry;
mod sample_tables;
mod samples;
mod sound_track;
mod track;
mod wav;
mod wave_format;

/// Sampling rates of recordings, from seismographs to ultrasound, in Hz.
const RATES: RangeInclusive<u32> = 100..=768_000;

/// Highest rate that need not be a multiple of 100 Hz: the resampling filter of an odd rate above
/// would take too much memory.
const MAX_ODD_RATE: u32 = 192_000;

/// Channels of ambisonics of the seventh order.
const MAX_CHANNELS: usize = 64;

/// Offset of what is behind the `ID3v2` tags at the start of a file.
pub(super) fn content_start(file: &SourceFile) -> u64 {
    let mut walker = Walker::new(file);
    mpeg::skip_tags(&mut walker);
    walker.layout.start
}

/// Name of the container that a content begins with, unless it is frames or none at all.
pub(super) fn name_of(content: &[u8]) -> Option<&'static str> {
    Family::of(content).name()
}

/// Walks a file, whatever its container, for the sound track at a position.
pub(super) fn walk(file: &SourceFile, wanted: Option<usize>) -> Result<Layout, SymphoniaError> {
    let mut walker = Walker::new(file);
    walker.layout.wanted = wanted;
    mpeg::skip_tags(&mut walker);
    let mut start = [0; DEPTH];
    let filled = file.fill_at(&mut start, walker.layout.start)?;
    let family = Family::of(&start[..filled]);
    walker.layout.family = family;
    family.walk(&mut walker)?;
    Ok(walker.layout)
}

/// The track that a format of WAV describes, in another container.
pub(super) fn wave_track(format: &[u8]) -> SoundTrack {
    let format = wave_format::WaveFormat::read(format, false);
    format.map(|format| SoundTrack { seconds: None, ..format.track(0) }).unwrap_or_default()
}

/// The codec parameters of a track, if the container has them.
pub(super) fn codec_parameters(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref()?.audio()
}

/// Fails with [`Error::Damaged`] if no recording has such a rate or so many channels.
pub(super) fn check_parameters(container: &str, rate: u32, channels: usize) -> Result<(), Error> {
    let reason = if !RATES.contains(&rate) || (rate > MAX_ODD_RATE && !rate.is_multiple_of(100)) {
        format!("a sampling rate of {rate} Hz")
    } else if !(1..=MAX_CHANNELS).contains(&channels) {
        format!("{channels} channels")
    } else {
        return Ok(());
    };
    Err(Error::Damaged { container: container.to_uppercase(), reason })
}

/// The error of a container that cannot be read.
pub(super) fn error_of(container: &str, error: SymphoniaError) -> Error {
    match error {
        SymphoniaError::IoError(e) if e.kind() == io::ErrorKind::FileTooLarge => Error::Damaged {
            container: container.to_uppercase(),
            reason: "a header without an end".to_owned(),
        },
        SymphoniaError::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => {
            Error::Unreadable(e)
        }
        error => Error::Damaged { container: container.to_uppercase(), reason: reason_of(&error) },
    }
}

/// Reason of an error without the words of symphonia: `isomp4: missing moov atom`.
fn reason_of(error: &SymphoniaError) -> String {
    let text = match error {
        SymphoniaError::DecodeError(text)
        | SymphoniaError::Unsupported(text)
        | SymphoniaError::LimitError(text) => (*text).to_owned(),
        SymphoniaError::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "it ends too early".to_owned()
        }
        error => error.to_string(),
    };
    let is_name = |name: &str| !name.contains(' ');
    let text =
        text.split_once(": ").filter(|(name, _)| is_name(name)).map_or(&*text, |parts| parts.1);
    let text = text.replace("moov atom", "index of its samples (moov)").replace(" atom", " box");
    text.strip_prefix("missing ").map_or_else(|| text.clone(), |part| format!("{part} is missing"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn layout_of(content: &[u8]) -> Result<Layout, SymphoniaError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        walk(&SourceFile::new(file).unwrap(), None)
    }

    fn boxed(name: &[u8], content: &[u8]) -> Vec<u8> {
        let len = u32::try_from(content.len() + 8).unwrap();
        [&len.to_be_bytes(), name, content].concat()
    }

    fn track(handler: &[u8], edit_start: u32) -> Vec<u8> {
        let edit = [&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9][..], &edit_start.to_be_bytes()].concat();
        let edits = boxed(b"edts", &boxed(b"elst", &edit));
        let media = boxed(b"mdia", &boxed(b"hdlr", &[&[0; 8], handler].concat()));
        boxed(b"trak", &[edits, media].concat())
    }

    #[test]
    fn the_edit_list_is_that_of_the_first_audio_track() {
        let tracks = [track(b"vide", 1), track(b"soun", 1024), track(b"soun", 3)].concat();
        let content = [boxed(b"ftyp", b"M4A "), boxed(b"moov", &tracks)].concat();
        assert_eq!(layout_of(&content).unwrap().audio_start, Some(1024));
    }

    #[test]
    fn the_delay_in_a_tag_counts_without_an_edit_list() {
        let value =
            boxed(b"data", b"\0\0\0\x01\0\0\0\0 00000000 00000800 000005B0 0000000000004650");
        let tag = boxed(b"----", &[boxed(b"name", b"\0\0\0\0iTunSMPB"), value].concat());
        let meta = boxed(b"meta", &[vec![0; 4], boxed(b"ilst", &tag)].concat());
        let layout = |edit_start| {
            let movie = [track(b"soun", edit_start), boxed(b"udta", &meta)].concat();
            layout_of(&[boxed(b"ftyp", b"M4A "), boxed(b"moov", &movie)].concat()).unwrap()
        };
        assert_eq!(layout(0).audio_start, Some(2048));
        assert_eq!(layout(1024).audio_start, Some(1024));
    }

    #[test]
    fn boxes_nested_without_end_are_not_entered() {
        let mut content = Vec::new();
        for depth in 0..100_000_u32 {
            // Every box extends to the end.
            let name = [b"moov", b"trak"][usize::from(depth > 0)];
            content.extend([&[0; 4], &name[..]].concat());
        }
        let content = [boxed(b"ftyp", b"M4A "), content].concat();
        assert!(layout_of(&content).is_ok());
    }

    #[test]
    fn more_boxes_than_any_file_has_are_an_error() {
        let content = [boxed(b"ftyp", b"M4A "), boxed(b"free", b"").repeat(20_000)].concat();
        assert!(matches!(layout_of(&content), Err(SymphoniaError::LimitError(_))));
    }

    #[test]
    fn a_cut_file_has_a_layout_with_both_lengths() {
        let caf = [&b"caff\0\x01\0\0data"[..], &1000_u64.to_be_bytes(), &[7; 400]].concat();
        let common = b"COMM\0\0\0\x12\0\x01\0\0\x01\xf4\0\x10\x40\x0c\xfa\0\0\0\0\0\0\0";
        let (aiff, sound) = (&b"FORM\0\0\0\0AIFF"[..], &b"SSND\0\0\x03\xe8"[..]);
        let aiff = [aiff, common, sound, &[7; 400]].concat();
        let mkv =
            [&[0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0x43, 0xe8][..], &[0; 400]];
        for content in [caf, aiff, mkv.concat()] {
            let layout = layout_of(&content).unwrap();
            assert_eq!((layout.truncated, layout.is_repaired), (Some((400, 1000)), true));
        }
    }
}
