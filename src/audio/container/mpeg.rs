//! Frames of MPEG audio or AAC (ADTS), and the tags around them.
//!
//! Sources: "ID3 tag version 2.4.0 - Main Structure", "`APEv2` specification", ISO/IEC 11172-3,
//! ISO/IEC 13818-7.

use symphonia::core::errors::{Result, decode_error};

use super::encoding::Encoding;
use super::layout::{Layout, Walker};
use super::mpeg_frame::{MpegFormat, MpegHeader};
use super::raw::AdtsHeader;
use super::sound_track::SoundTrack;

/// Zeros behind a tag that are skipped as padding, in bytes.
const MAX_PADDING: u64 = 1 << 20;

/// `ID3v2` tags that are skipped, one behind the other; programs that tag a file twice leave two.
const MAX_TAGS: usize = 16;

/// Starts behind the `ID3v2` tags and their padding: symphonia would look for frames in their
/// pictures.
pub(super) fn skip_tags(walker: &mut Walker) {
    for _ in 0..MAX_TAGS {
        if skip_tag(walker).is_none() {
            return;
        }
    }
}

/// Starts behind a tag at the start, if there is one.
fn skip_tag(walker: &mut Walker) -> Option<()> {
    let base = walker.layout.start;
    let header = walker.array_at::<10>(base).filter(|header| header.starts_with(b"ID3"))?;
    let len = header[6..].iter().fold(0, |len, byte| len << 7 | u64::from(byte & 0x7f));
    let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
    let start = skip_zeros(walker, base + 10 + len + footer);
    if start + 2 > walker.len() {
        walker.ignore("the ID3 tag has a wrong length");
        return None;
    }
    walker.layout.start = start;
    Some(())
}

fn skip_zeros(walker: &mut Walker, start: u64) -> u64 {
    let mut padding = start..start + MAX_PADDING;
    let end = padding.find(|at| walker.array_at(*at) != Some([0]));
    end.filter(|end| *end < walker.len()).unwrap_or(start)
}

/// Finds the first frame, and hides the length from symphonia, which would guess the duration from
/// a few frames, and the tags at the end, which it would take for damage. Fails without frames.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let start = walker.layout.start;
    let Some((first, frames)) = find_frames(walker) else {
        let Some(header) = free_format(walker) else {
            return decode_error("no frames one behind the other");
        };
        walker.layout.name_only(header, "of a free bit rate");
        return Ok(());
    };
    let header = walker.array_at::<{ MpegHeader::LEN }>(first);
    let header = header.and_then(|header| MpegHeader::read(&header));
    if let Some(header) = header.filter(MpegHeader::is_too_large) {
        walker.layout.name_only(header, "with 384 kbit/s for one channel of 32 kHz");
        return Ok(());
    }
    let layout = &mut walker.layout;
    (layout.start, layout.frames, layout.is_stream) = (first, frames, true);
    layout.skipped = first - start;
    if layout.end == walker.len() {
        let end = end_of_frames(walker).unwrap_or(walker.len());
        walker.layout.end = end.max(first);
    }
    Ok(())
}

/// Offset of the tags at the end: `ID3v1` of 128 bytes, and before it APE of any length.
fn end_of_frames(walker: &mut Walker) -> Option<u64> {
    let mut end = walker.len();
    if walker.array_at::<3>(end.checked_sub(128)?)? == *b"TAG" {
        end -= 128;
    }
    let footer = walker.array_at::<32>(end.checked_sub(32)?)?;
    if footer.starts_with(b"APETAGEX") {
        let len = u64::from(u32::from_le_bytes(footer[12..16].try_into().ok()?));
        let header = if footer[23] & 0x80 == 0 { 0 } else { 32 };
        end = end.checked_sub(len + header)?;
    }
    Some(end)
}

impl Layout {
    /// Describes frames that nobody here decodes.
    fn name_only(&mut self, header: MpegHeader, obstacle: &'static str) {
        self.obstacle = Some(obstacle);
        self.tracks = vec![SoundTrack { encoding: Encoding::Unknown, ..track_of(header) }];
    }
}

fn track_of(header: MpegHeader) -> SoundTrack {
    let MpegFormat { layer, rate, is_mono, .. } = header.format;
    SoundTrack {
        rate: Some(rate),
        channels: Some(if is_mono { 1 } else { 2 }),
        ..SoundTrack::of_codec(Some(&format!("mp{layer}")))
    }
}

/// The track that a frame of MPEG audio describes, in another container.
pub(in crate::audio) fn mpeg_track(frame: &[u8]) -> Option<SoundTrack> {
    MpegHeader::read(frame).map(track_of)
}

/// Header of the first of several frames at the start whose bit rate no table has, and which have
/// one length therefore.
fn free_format(walker: &mut Walker) -> Option<MpegHeader> {
    let start = walker.start_of(walker.layout.start, SEARCH_DEPTH);
    let header_at = |at: usize| {
        let header = MpegHeader::read(start.get(at..)?)?;
        (header.bit_rate == 0).then_some(header)
    };
    let first = header_at(0)?;
    let slot = usize::try_from(first.format.slot()).ok()?;
    let is_next = |at: usize| header_at(at).is_some_and(|next| next.format == first.format);
    let is_len = |len: &usize| {
        is_next(*len)
            && (2..MIN_FRAMES).all(|n| (0..=n).any(|padding| is_next(n * len + padding * slot)))
    };
    (MpegHeader::LEN..SEARCH_DEPTH / MIN_FRAMES).find(is_len).map(|_| first)
}

/// Bytes in which the first frame is searched: enough to skip a torn frame or padding.
const SEARCH_DEPTH: usize = 16 * 1024;

/// Bytes that tell a header.
const HEADER_LEN: usize = 7;

/// Consecutive frames of one kind that are no accident.
const MIN_FRAMES: usize = 4;

/// Kind of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::audio) enum Frames {
    /// MPEG audio, with its layer.
    #[default]
    Mpeg,
    /// AAC with headers (ADTS).
    Adts,
}

/// Header of a frame.
struct Frame {
    kind: Frames,
    /// What all frames of a stream have in common.
    mark: [u8; 2],
    len: usize,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [_, second, third, ..] = *bytes else { return None };
        if let Some(header) = AdtsHeader::read(bytes) {
            let mark = [second & 0xfe, third & 0xfc];
            return Some(Self { kind: Frames::Adts, mark, len: header.frame_len });
        }
        let header = MpegHeader::read(bytes).filter(|header| header.len > 0)?;
        Some(Self { kind: Frames::Mpeg, mark: [second & 0xfe, third & 0x0c], len: header.len })
    }
}

/// Offset and kind of the first of several consecutive frames of one kind, or of frames up to the
/// end of the file.
pub(in crate::audio) fn find_frames(walker: &mut Walker) -> Option<(u64, Frames)> {
    let base = walker.layout.start;
    let depth = walker.start_of(base, SEARCH_DEPTH);
    (0..depth.len()).filter(|at| depth[*at] == 0xff).find_map(|at| {
        let offset = base + at as u64;
        let first = Frame::read(&depth[at..])?;
        is_chain(walker, offset, &first).then_some((offset, first.kind))
    })
}

/// True if frames like the first one follow it.
fn is_chain(walker: &mut Walker, offset: u64, first: &Frame) -> bool {
    let mut at = offset + first.len as u64;
    for number in 1..MIN_FRAMES {
        // The file may be cut in a frame, or end behind one, tags included.
        if at + HEADER_LEN as u64 > walker.len() {
            return number > 1 || offset == walker.layout.start;
        }
        let header = walker.array_at::<HEADER_LEN>(at).unwrap_or_default();
        let next = Frame::read(&header);
        let Some(next) = next.filter(|next| next.kind == first.kind && next.mark == first.mark)
        else {
            let is_tag = header.starts_with(b"TAG") || header.starts_with(b"APETAG");
            return is_tag && (number > 1 || offset == walker.layout.start);
        };
        at += next.len as u64;
    }
    true
}
