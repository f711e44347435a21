//! Files that are no audio, damaged, or made to harm their reader.

use std::fs;

use crate::audio::{data_path, samples, sine, wav};

pub use self::depth::{hidden_chapters, nested_chapters, nested_elements};
pub use self::sizes::{commented_files, oversized_files, panicking_file};

mod depth;
mod sizes;

/// Returns twenty kinds of files that cannot be captioned, with their names.
pub fn hostile_files() -> Vec<(&'static str, Vec<u8>)> {
    let data = |name: &str| fs::read(data_path(name)).expect("it is in tests/data");
    let tone = || wav(8_000, 2, 16, &samples(8_000, 0.5, sine(440.0)));
    let with = |at: usize, bytes: &[u8]| {
        let mut content = tone();
        content[at..at + bytes.len()].copy_from_slice(bytes);
        content
    };
    let cut = |content: Vec<u8>, percent: usize| content[..content.len() * percent / 100].to_vec();
    vec![
        ("empty.wav", Vec::new()),
        ("text.wav", b"This is no sound.\n".repeat(50)),
        ("page.mp3", b"<!DOCTYPE html><html><body>Not found</body></html>".to_vec()),
        ("pointer.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n".to_vec()),
        ("picture.ogg", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[1; 200]].concat()),
        ("archive.flac", [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[7; 200]].concat()),
        ("zeros.mp3", vec![0; 65_536]),
        ("half.wav", cut(tone(), 40)),
        ("half.mp3", cut(data("tones/layer3.mp3"), 40)),
        ("cut.opus", cut(data("tone.opus"), 10)),
        ("no-samples.wav", tone()[..44].to_vec()),
        ("no-rate.wav", with(24, &[0; 4])),
        ("high-rate.wav", with(24, &[0xff; 4])),
        ("frames.caf", caf(b"ima4", 34, 50_000_000)),
        ("channels.aiff", channels()),
        ("endless.flac", endless_flac(data("tones/native.flac"))),
        ("video.m4a", data("silent.mp4")),
        ("nested.m4a", nested_boxes(5_000)),
        ("no-packets.caf", caf(b"lpcm", 0, 1)),
        ("sizes.opus", [b"\x1a\x45\xdf\xa3".as_slice(), &[0xff; 400]].concat()),
    ]
}

/// MP4 box with its content.
fn mp4_box(name: &[u8], content: &[u8]) -> Vec<u8> {
    let len = (content.len() as u32 + 8).to_be_bytes();
    [&len, name, content].concat()
}

/// MP4 file with tracks within tracks.
fn nested_boxes(depth: usize) -> Vec<u8> {
    let tracks = (0..depth).fold(Vec::new(), |inner, _| mp4_box(b"trak", &inner));
    let start = mp4_box(b"ftyp", b"M4A \0\0\0\0");
    [start, mp4_box(b"moov", &tracks), mp4_box(b"mdat", &[0; 100])].concat()
}

/// CAF file with these bytes and frames per packet.
pub fn caf(codec: &[u8], bytes: u32, frames: u32) -> Vec<u8> {
    caf_of(codec, bytes, frames, &[], &[0; 344])
}

/// The same with chunks before these data.
fn caf_of(codec: &[u8], bytes: u32, frames: u32, before: &[u8], data: &[u8]) -> Vec<u8> {
    let channels = if codec == b"ima4" { [1, 0] } else { [2, 16] };
    let numbers = [0, bytes, frames, channels[0], channels[1]].map(u32::to_be_bytes).concat();
    let description = chunk64(b"desc", &[&44_100_f64.to_be_bytes(), codec, &numbers].concat());
    [b"caff\0\x01\0\0", description.as_slice(), before, &chunk64(b"data", data)].concat()
}

/// Chunk of a CAF file.
fn chunk64(name: &[u8], content: &[u8]) -> Vec<u8> {
    [name, &(content.len() as u64).to_be_bytes(), content].concat()
}

/// AIFF file with as many channels as its header can hold.
pub fn channels() -> Vec<u8> {
    aiff(u16::MAX, &[], &[])
}

/// AIFF file with chunks before and behind its audio.
fn aiff(channels: u16, before: &[u8], behind: &[u8]) -> Vec<u8> {
    let rate = b"\x40\x0e\xac\x44\0\0\0\0\0\0";
    let format = [&channels.to_be_bytes(), b"\0\0\x27\x10\0\x10".as_slice(), rate].concat();
    let (format, audio) = (chunk(b"COMM", &format), chunk(b"SSND", &vec![0; 40_008]));
    chunk(b"FORM", &[b"AIFF", format.as_slice(), before, &audio, behind].concat())
}

/// Chunk of an AIFF file, padded to an even length.
fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [name, &(content.len() as u32).to_be_bytes(), content, &padding].concat()
}

/// FLAC file that declares 2^36 - 1 samples.
fn endless_flac(mut content: Vec<u8>) -> Vec<u8> {
    content[21] |= 0x0f;
    content[22..26].fill(0xff);
    content
}
