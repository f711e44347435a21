//! RIFF (WAV), its variants with other lengths (RF64, BW64, W64) and with big-endian numbers (RIFX).
//!
//! Sources: "Multimedia Programming Interface and Data Specifications 1.0", EBU Tech 3306 (RF64),
//! ITU-R BS.2088 (BW64), Sony "Wave64 file format".

use symphonia::core::errors::{Result, decode_error};

use super::family::Family;
use super::layout::{Walker, check_table};
use super::sound_track::SoundTrack;
use super::wave_format::WaveFormat;

/// Programs that write to a pipe put at least this many bytes in place of a length.
pub(in crate::audio) const PLACEHOLDER: u32 = 2_147_000_000;

/// Length of an RF64 or BW64 header before the length of its audio: the chunk `ds64` comes first.
const DS64_DATA_LEN: u64 = 28;

/// Length of the longest format chunk that is read, in bytes.
const MAX_FORMAT: u64 = 128;

/// Bytes at the start of the audio in which bursts of compressed audio are looked for.
const BURST_DEPTH: usize = 4096;

/// The first bytes of compressed audio that passes for 16-bit PCM: DTS in its little-endian forms
/// of 14 and 16 bits, and the bursts of IEC 61937.
const BURSTS: [(&[u8], &str); 3] =
    [(b"\xff\x1f\x00\xe8", "dts"), (b"\xfe\x7f\x01\x80", "dts"), (b"\x72\xf8\x1f\x4e", "s/pdif")];

/// Length of the identifier and the length of a W64 chunk.
const W64_HEADER: u64 = 24;

/// Chunks before the audio.
#[derive(Default)]
struct Chunks {
    format: Option<WaveFormat>,
    /// Frames of the whole, of the chunk `fact`.
    frames: Option<u64>,
    /// Offset of the audio and its declared length.
    data: Option<(u64, u64)>,
}

/// Finds the audio of a WAV file, and its length where a stopped recorder left it at zero.
pub(super) fn walk(walker: &mut Walker) -> Result<()> {
    let base = walker.layout.start;
    let is_big_endian = walker.array_at(base) == Some(*b"RIFX");
    let number = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let chunks = read_chunks(walker, base + 12, number, is_big_endian)?;
    let (Some((data, len)), Some(riff)) = (chunks.data, walker.array_at::<8>(base)) else {
        return decode_error("wav: missing data chunk");
    };
    let [.., a, b, c, d] = riff;
    let end = base + u64::from(number([a, b, c, d])) + 8;
    let declared = if riff.starts_with(b"RIF") {
        declared_len(walker, data, len, end)
    } else {
        walker.layout.is_repaired = true;
        (walker.array_at(base + 12) == Some(*b"ds64"))
            .then(|| walker.array_at(base + DS64_DATA_LEN))
            .flatten()
            .map(u64::from_le_bytes)
            .filter(|declared| *declared < u64::MAX)
    };
    if let Some(declared) = declared.filter(|declared| *declared < PLACEHOLDER.into()) {
        walker.check_truncated(walker.len().saturating_sub(data), declared);
    }
    walker.layout.is_repaired |= is_big_endian;
    finish(walker, chunks, declared)
}

/// Length of the audio that a header declares; `None` if it declares none.
fn declared_len(walker: &mut Walker, data: u64, len: u64, end: u64) -> Option<u64> {
    let present = walker.len().saturating_sub(data);
    // A finished recording without a single sample may have metadata behind its data.
    let is_unfinished = len == 0 && present > 0 && !(end..=end + 1).contains(&walker.len());
    walker.layout.is_repaired = is_unfinished || end < data + len;
    (!is_unfinished && len < u32::MAX.into()).then_some(len)
}

/// Turns the chunks into the samples of the layout, frames, or a track that is only named.
fn finish(walker: &mut Walker, chunks: Chunks, declared: Option<u64>) -> Result<()> {
    let (Some(format), Some((data, _))) = (chunks.format, chunks.data) else {
        return decode_error("wav: missing format chunk");
    };
    let present = walker.len().saturating_sub(data);
    let bytes = declared.map_or(present, |declared| declared.min(present));
    if format.is_pcm()
        && let Some(codec) = burst(walker, data)
    {
        walker.layout.tracks = vec![SoundTrack::of_codec(Some(codec))];
        return Ok(());
    }
    if format.is_frames() {
        let layout = &mut walker.layout;
        (layout.family, layout.is_stream) = (Family::Frames, true);
        (layout.start, layout.end) = (data, data + bytes);
        return Ok(());
    }
    match format.samples(data, declared) {
        Some(mut samples) => {
            samples.frames = chunks.frames.filter(|frames| *frames > 0);
            walker.layout.samples = Some(samples);
        }
        None => match format.fault() {
            Some(fault) => return decode_error(fault),
            None => walker.layout.tracks = vec![format.track(bytes)],
        },
    }
    Ok(())
}

/// Codec of compressed audio in the disguise of PCM.
fn burst(walker: &mut Walker, data: u64) -> Option<&'static str> {
    let start = walker.start_of(data, BURST_DEPTH);
    let mut words = start.windows(4).step_by(2);
    words.find_map(|word| BURSTS.iter().find(|(mark, _)| *mark == word)).map(|(_, codec)| *codec)
}

fn read_chunks(
    walker: &mut Walker,
    mut at: u64,
    number: fn([u8; 4]) -> u32,
    is_big_endian: bool,
) -> Result<Chunks> {
    let mut chunks = Chunks::default();
    loop {
        walker.count_part()?;
        let Some([a, b, c, d, len @ ..]) = walker.array_at::<8>(at) else { return Ok(chunks) };
        let len = u64::from(number(len));
        let content = at + 8;
        match &[a, b, c, d] {
            b"data" => {
                chunks.data = Some((content, len));
                return Ok(chunks);
            }
            b"fmt " => {
                check_table(len)?;
                chunks.format = read_format(walker, content, len, is_big_endian);
            }
            b"fact" => chunks.frames = walker.array_at(content).map(|n| number(n).into()),
            _ => {}
        }
        at = next_chunk(walker, content + len, len % 2 == 1);
    }
}

fn read_format(
    walker: &mut Walker,
    content: u64,
    len: u64,
    is_big_endian: bool,
) -> Option<WaveFormat> {
    let len = usize::try_from(len.min(MAX_FORMAT)).unwrap_or_default();
    WaveFormat::read(&walker.bytes_at(content, len)?, is_big_endian)
}

/// Offset of the chunk behind one that ends at an offset. Some programs leave out the byte behind
/// an odd chunk.
fn next_chunk(walker: &mut Walker, end: u64, is_odd: bool) -> u64 {
    let is_name = |name: Option<[u8; 4]>| {
        name.is_some_and(|name| name.iter().all(|byte| (b' '..=b'~').contains(byte)))
    };
    let is_unpadded = is_odd && is_name(walker.array_at(end)) && !is_name(walker.array_at(end + 1));
    if is_unpadded {
        walker.ignore("a chunk of odd length has no padding");
    }
    if is_odd && !is_unpadded { end + 1 } else { end }
}

/// Finds the audio of a W64 file.
pub(super) fn walk_w64(walker: &mut Walker) -> Result<()> {
    let (mut at, mut chunks) = (walker.layout.start + W64_HEADER + 16, Chunks::default());
    loop {
        walker.count_part()?;
        let Some([a, b, c, d]) = walker.array_at(at) else { break };
        let len = walker.array_at(at + 16).map_or(0, u64::from_le_bytes).max(W64_HEADER);
        let (content, len) = (at + W64_HEADER, len - W64_HEADER);
        match &[a, b, c, d] {
            b"data" => {
                chunks.data = Some((content, len));
                break;
            }
            b"fmt " => chunks.format = read_format(walker, content, len, false),
            b"fact" => chunks.frames = walker.array_at(content).map(u64::from_le_bytes),
            _ => {}
        }
        at = content.saturating_add(len).next_multiple_of(8);
    }
    let Some((data, len)) = chunks.data else { return decode_error("w64: missing data chunk") };
    let present = walker.len().saturating_sub(data);
    let declared = Some(len).filter(|len| *len > 0 || present == 0);
    if let Some(declared) = declared {
        walker.check_truncated(present, declared);
    }
    finish(walker, chunks, declared)
}
