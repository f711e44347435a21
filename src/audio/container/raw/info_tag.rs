//! Frame without sound at the start of an MP3 file, which tells its length.
//!
//! Sources: Gabriel Bouvigne, "Mp3 Info Tag rev 1 specifications" (Xing, Info, LAME);
//! `libavformat/mp3dec.c` (VBRI).

use crate::audio::container::mpeg_frame::MpegHeader;

/// Frames by which a decoder of layer III is late, and the one that a filter adds.
const DECODER_DELAY: u32 = 528 + 1;

/// Encoders that write the delay and the padding of their sound.
const ENCODERS: [&[u8]; 3] = [b"LAME", b"Lavf", b"Lavc"];

/// Offset of the mark of VBRI, and of the number of frames behind it.
const VBRI: usize = MpegHeader::LEN + 32;
const VBRI_FRAMES: usize = 14;

/// Length of a recording, in samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct InfoTag {
    /// Samples that the encoder adds before and behind the sound.
    pub(super) delay: u32,
    padding: u32,
    /// Samples of all frames, those included.
    all: Option<u64>,
}

impl InfoTag {
    /// Reads a frame; `None` if it has sound.
    pub(super) fn read(frame: &[u8], header: &MpegHeader) -> Option<Self> {
        let format = header.format;
        if format.layer != 3 {
            return None;
        }
        let samples = u64::from(format.samples());
        let all = |frames: Option<u32>| frames.map(|frames| u64::from(frames) * samples);
        if frame.get(VBRI..)?.starts_with(b"VBRI") {
            return Some(Self { all: all(number(frame, VBRI + VBRI_FRAMES)), ..Self::default() });
        }
        let side = match (format.is_version_1(), format.is_mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        };
        let (head, tag) = frame.split_at_checked(MpegHeader::LEN + side)?;
        let has_checksum = frame[1] & 1 == 0;
        let side = head.get(MpegHeader::LEN + if has_checksum { 2 } else { 0 }..)?;
        let is_tag = tag.starts_with(b"Xing") || tag.starts_with(b"Info");
        if !is_tag || side.iter().any(|byte| *byte != 0) {
            return None;
        }
        let flags = number(tag, 4)?;
        let mut at = 8;
        let frames = (flags & 1 != 0).then(|| number(tag, at)).flatten();
        at += [4, 4, 100, 4]
            .iter()
            .enumerate()
            .filter(|(n, _)| flags >> n & 1 != 0)
            .map(|(_, len)| len)
            .sum::<usize>();
        let (delay, padding) = tag.get(at..).and_then(delays).unwrap_or_default();
        Some(Self { delay, padding, all: all(frames) })
    }

    /// Samples of the sound alone.
    pub(super) fn samples(&self) -> Option<u64> {
        self.all.map(|all| all.saturating_sub((self.delay + self.padding).into()))
    }
}

/// Delay and padding by the extension of LAME.
fn delays(extension: &[u8]) -> Option<(u32, u32)> {
    let [a, b, c] = *extension.get(21..)?.first_chunk()?;
    if !ENCODERS.iter().any(|encoder| extension.starts_with(encoder)) {
        return None;
    }
    let both = u32::from_be_bytes([0, a, b, c]);
    Some((DECODER_DELAY + (both >> 12), (both & 0xfff).saturating_sub(DECODER_DELAY)))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
