//! Header of the WAV that ffmpeg writes to a pipe, where the length of the sound is unknown.

use symphonia::core::audio::{AudioSpec, Channels, Position};

/// Bytes of a sample: a float.
pub(super) const SAMPLE_LEN: usize = 4;

/// Bytes of chunks before the sound, at most.
const MAX_LEN: usize = 4096;

/// Result of reading a header.
pub(super) enum Header {
    /// More bytes are needed.
    Incomplete,
    /// The bytes are something else.
    Wrong,
    /// Rate and channels, and the length of the header in bytes.
    Complete(AudioSpec, usize),
}

/// Reads a header from the start of the output.
pub(super) fn read(bytes: &[u8]) -> Header {
    if bytes.len() < 12 {
        return Header::Incomplete;
    }
    if !bytes.starts_with(b"RIFF") || bytes[8..12] != *b"WAVE" {
        return Header::Wrong;
    }
    let (mut at, mut spec) = (12, None);
    loop {
        let Some((head, body)) = bytes.get(at..at + 8).zip(bytes.get(at + 8..)) else {
            return if at > MAX_LEN { Header::Wrong } else { Header::Incomplete };
        };
        let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        match &head[..4] {
            b"data" => return spec.map_or(Header::Wrong, |spec| Header::Complete(spec, at + 8)),
            b"fmt " if body.len() >= len => match read_format(&body[..len]) {
                Some(format) => spec = Some(format),
                None => return Header::Wrong,
            },
            _ => {}
        }
        at = at.saturating_add(8).saturating_add(len + len % 2);
        if at > MAX_LEN {
            return Header::Wrong;
        }
    }
}

/// Rate and channels of the chunk `fmt `, if its samples are floats of 32 bits.
fn read_format(chunk: &[u8]) -> Option<AudioSpec> {
    let short = |at: usize| Some(u16::from_le_bytes(chunk.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(chunk.get(at..at + 4)?.try_into().ok()?));
    let is_extensible = short(0)? == 0xfffe;
    let tag = if is_extensible { short(24)? } else { short(0)? };
    let (channels, rate) = (usize::from(short(2)?), long(4)?);
    if tag != 3 || usize::from(short(14)?) != 8 * SAMPLE_LEN || channels == 0 || rate == 0 {
        return None;
    }
    let mask = if is_extensible { long(20)? } else { 0 };
    // The bits of symphonia are those of WAV.
    let positions = Position::from_bits(mask.into());
    let positions = positions.map(Channels::Positioned).filter(|all| all.count() == channels);
    let discrete = || u16::try_from(channels).map(Channels::Discrete);
    Some(AudioSpec::new(rate, positions.or_else(|| discrete().ok())?))
}
