//! Ogg: pages, of which the last one of a stream says so.
//!
//! Sources: RFC 3533, section 6; "Ogg Vorbis I format specification: comment field and header
//! specification"; RFC 7845, sections 5.1 and 5.2; "The Speex Codec Manual", section 9.

use symphonia::core::checksum::Crc32;
use symphonia::core::errors::{Result, decode_error};
use symphonia::core::io::Monitor;

use super::layout::{Walker, too_large};
use super::ogg_pages::find_lost;
use super::sound_track::SoundTrack;

/// Mark of a page.
pub(super) const PAGE: &[u8; 4] = b"OggS";

/// Flags of a page: its first packet began on the page before, the first page of a logical stream,
/// and the last one.
pub(super) const CONTINUED: u8 = 1;
pub(super) const START_OF_STREAM: u8 = 2;
const END_OF_STREAM: u8 = 4;

/// Length of the header of a page, up to the table of its segments.
const HEADER_LEN: u64 = 27;

/// Length of the longest page: all of its segments are full.
const MAX_PAGE_LEN: u64 = HEADER_LEN + 255 + 255 * 255;

/// Bytes in which the page behind a torn one is looked for.
const SEARCH_LEN: usize = 128 << 10;

/// Mark of a page that is passed over.
const HIDDEN: &[u8; 4] = b"oggs";

/// Torn pages that are passed over before the first whole one.
const MAX_TORN: usize = 64;

/// The first bytes of comments.
const COMMENTS: [&[u8]; 2] = [b"\x03vorbis", b"OpusTags"];

/// Place of the checksum in a page.
const CHECKSUM: std::ops::Range<usize> = 22..26;

/// Logical streams in a file; a film with all of its languages has fewer.
const MAX_STREAMS: u32 = 64;

/// Bytes behind the walked headers that symphonia may read before the first packet.
const MAX_UNWALKED: u64 = 1 << 20;

/// Comments of a stream that are passed on to symphonia, which takes some thirty times their size.
const MAX_COMMENTS: u32 = 4096;

/// Length of the longest name of an encoder, in bytes.
const MAX_VENDOR: u32 = 1024;

/// A page, with its header.
pub(super) struct Page(pub(super) Vec<u8>);

/// Walks the headers, and notes that pages are lost, and that the last page is torn, or not the last
/// one of its stream.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let headers_end = walk_headers(walker)?;
    find_lost(walker, headers_end);
    let start = walker.len().saturating_sub(MAX_PAGE_LEN).max(walker.layout.start);
    let mut end = Vec::new();
    walker.read_from(start, &mut end)?;
    let last = end.windows(PAGE.len()).rposition(|bytes| bytes == PAGE);
    walker.layout.is_cut = last.is_some_and(|last| !is_whole_last_page(&end[last..]));
    Ok(())
}

/// Walks the pages before the audio, and hides comments beyond the limit. Returns the offset of the
/// first page of audio.
fn walk_headers(walker: &mut Walker) -> Result<u64> {
    let (mut at, mut streams, mut is_flac) = (walker.layout.start, 0, false);
    while let Some(page) = Page::read(walker, at) {
        walker.count_part()?;
        if !page.0.starts_with(PAGE) {
            return decode_error("ogg: no page behind a header");
        }
        if !page.is_header() {
            pass_torn_pages(walker, at);
            break;
        }
        repair_checksum(walker, at, &page);
        if page.0[5] & START_OF_STREAM != 0
            && let Some(packet) = page.packets().first()
        {
            walker.layout.track_count += 1;
            walker.layout.tracks.extend(track_of(&page.0[*packet..]));
        }
        is_flac |= page.packets().iter().any(|packet| page.0[*packet..].starts_with(b"\x7fFLAC"));
        streams += u32::from(page.0[5] & START_OF_STREAM != 0);
        if streams > MAX_STREAMS {
            return too_large();
        }
        let len = page.0.len() as u64;
        hide_comments(walker, at, page, is_flac)?;
        at += len;
    }
    walker.layout.max_header = at - walker.layout.start + MAX_UNWALKED;
    Ok(at)
}

/// Corrects the checksum of a header with comments only, so that symphonia reads it.
fn repair_checksum(walker: &mut Walker, at: u64, page: &Page) {
    let is_comment =
        |packet: &usize| COMMENTS.iter().any(|comments| page.0[*packet..].starts_with(comments));
    let checksum = page.checksum();
    if page.0[CHECKSUM] != checksum && page.packets().iter().all(is_comment) {
        walker.ignore("the comments have a wrong checksum");
        walker.repair(at + CHECKSUM.start as u64, &checksum);
    }
}

/// Hides torn pages behind the headers: symphonia passes over torn pages only further on.
fn pass_torn_pages(walker: &mut Walker, mut at: u64) {
    for _ in 0..MAX_TORN {
        match Page::read(walker, at) {
            Some(page) if !page.is_intact() => {}
            _ => return,
        }
        walker.repair(at, HIDDEN);
        walker.layout.is_torn = true;
        let behind = walker.start_of(at + PAGE.len() as u64, SEARCH_LEN);
        let Some(next) = behind.windows(PAGE.len()).position(|bytes| bytes == PAGE) else { return };
        at += (PAGE.len() + next) as u64;
    }
}

/// The track of sound that a first packet begins.
fn track_of(packet: &[u8]) -> Option<SoundTrack> {
    let long = |at: usize| {
        let bytes = packet.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let byte = |at: usize| packet.get(at).map(|byte| u32::from(*byte));
    let (codec, rate, channels) = match packet {
        [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => ("vorbis", long(12), byte(11)),
        [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => ("opus", Some(48_000), byte(9)),
        [0x7f, b'F', b'L', b'A', b'C', ..] => ("flac", None, None),
        [b'S', b'p', b'e', b'e', b'x', b' ', ..] => ("speex", long(36), long(48)),
        [b'C', b'E', b'L', b'T', ..] => ("celt", long(40), long(44)),
        _ => return None,
    };
    Some(SoundTrack {
        rate,
        channels: channels.and_then(|channels| usize::try_from(channels).ok()),
        ..SoundTrack::of_codec(Some(codec))
    })
}

/// Sets the number of comments in a page to zero if it is beyond the limit.
fn hide_comments(walker: &mut Walker, at: u64, mut page: Page, is_flac: bool) -> Result<()> {
    for packet in page.packets() {
        let vendor = packet
            + match page.0[packet..] {
                [3, b'v', b'o', b'r', b'b', b'i', b's', ..] => 7,
                [b'O', b'p', b'u', b's', b'T', b'a', b'g', b's', ..] => 8,
                // Header of a block.
                [4 | 0x84, ..] if is_flac => 4,
                _ => continue,
            };
        let Some(len) = page.number(vendor).filter(|len| *len <= MAX_VENDOR) else {
            return too_large();
        };
        let count = vendor + 4 + usize::try_from(len).unwrap_or(usize::MAX);
        match page.number(count) {
            None => return too_large(),
            Some(number) if number > MAX_COMMENTS => {
                page.0[count..count + 4].fill(0);
                let checksum = page.checksum();
                page.0[CHECKSUM].copy_from_slice(&checksum);
                walker.hide(at + count as u64, &[0; 4]);
                walker.hide(at + CHECKSUM.start as u64, &checksum);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

impl Page {
    /// Reads a page, or as many bytes where there is none; `None` at the end of the file.
    pub(super) fn read(walker: &mut Walker, at: u64) -> Option<Self> {
        let header = walker.array_at::<27>(at)?;
        let segments = walker.bytes_at(at + HEADER_LEN, header[26].into())?;
        let len = segments.iter().map(|len| usize::from(*len)).sum();
        let content = walker.bytes_at(at + HEADER_LEN + segments.len() as u64, len)?;
        Some(Self([&header, segments.as_slice(), &content].concat()))
    }

    /// True if no packet of audio ends here: its position is zero or none.
    fn is_header(&self) -> bool {
        [[0; 8], [0xff; 8]].iter().any(|position| self.0[6..14] == *position)
    }

    /// Offsets of the packets that begin here.
    fn packets(&self) -> Vec<usize> {
        let segments = &self.0[27..27 + usize::from(self.0[26])];
        let (mut offset, mut is_start) = (27 + segments.len(), self.0[5] & CONTINUED == 0);
        let mut packets = Vec::new();
        for len in segments {
            if is_start {
                packets.push(offset);
            }
            offset += usize::from(*len);
            is_start = *len < 255;
        }
        packets
    }

    /// Number at an offset.
    pub(super) fn number(&self, at: usize) -> Option<u32> {
        let bytes = self.0.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    /// Number of packets that end here.
    pub(super) fn ends(&self) -> usize {
        self.0[27..27 + usize::from(self.0[26])].iter().filter(|len| **len < 255).count()
    }

    /// True if the checksum is right.
    pub(super) fn is_intact(&self) -> bool {
        self.0[CHECKSUM] == self.checksum()
    }

    /// Checksum with that of the page itself taken as zero.
    fn checksum(&self) -> [u8; 4] {
        let mut page = self.0.clone();
        page[CHECKSUM].fill(0);
        let mut checksum = Crc32::new(0);
        checksum.process_buf_bytes(&page);
        checksum.crc().to_le_bytes()
    }
}

/// True if the bytes are one whole page, and the last one of a stream.
fn is_whole_last_page(page: &[u8]) -> bool {
    let header_len = usize::try_from(HEADER_LEN).unwrap_or(usize::MAX);
    let Some((header, rest)) = page.split_at_checked(header_len) else { return false };
    let segments = usize::from(header[26]);
    let len: usize = rest.iter().take(segments).map(|len| usize::from(*len)).sum();
    header[5] & END_OF_STREAM != 0 && rest.len() >= segments + len
}
