//! Files of which a number in a header is far beyond their bytes.

use std::fs;

use super::{caf_of, chunk64};
use crate::audio::data_path;

/// Bytes of a packet that is too large.
const LARGE: usize = 10_000_000;

/// Returns files that declare too much, each with words of its error.
pub fn oversized_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let too_long = "more sound than its bytes can hold";
    vec![
        ("packet.caf", caf_of(b"lpcm", u32::MAX, 1, &[], &vec![1; LARGE]), "a packet of that size"),
        (
            "table.caf",
            caf_of(b"alac", 0, 4096, &alac_table(), &vec![1; LARGE]),
            "a packet of that size",
        ),
        ("packet.m4a", large_sample(), "a packet of that size"),
        ("packet.webm", large_block(), "a packet of that size"),
        ("length.caf", caf_of(b"alac", 0, 0, &long_packet(), &[1; 344]), too_long),
        ("length.m4a", patched("tones/aac.m4a", b"stts", 8, &[0x7f]), "a damaged M4A file"),
        ("fragment.m4a", large_fragment(), "a head of that size"),
        ("codebooks.ogg", vorbis(31), "codebooks of that size"),
        ("streams.ogg", many_streams(), "a head of that size"),
    ]
}

/// Returns an Ogg Vorbis file with a header that makes its reader panic.
pub fn panicking_file() -> Vec<u8> {
    vorbis(32)
}

/// Clip with other bytes at an offset behind the name of a box.
fn patched(clip: &str, name: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut content = data(clip);
    let at =
        content.windows(name.len()).position(|found| found == name).expect("a box") + name.len();
    content[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
    content
}

fn data(clip: &str) -> Vec<u8> {
    fs::read(data_path(clip)).expect("it is in tests/data")
}

/// Packet table and codec description of a CAF file with one packet of 200 MB.
fn alac_table() -> Vec<u8> {
    let cookie = [&65_536_u32.to_be_bytes()[..], &[0, 16, 40, 10, 14, 2, 0, 255], &[0; 8]].concat();
    let cookie = [cookie, 44_100_u32.to_be_bytes().to_vec()].concat();
    let numbers = [1_u64, 4096, 0].map(u64::to_be_bytes).concat();
    let table = [numbers, vec![0xdf, 0xff, 0xff, 0x7f]].concat();
    [chunk64(b"kuki", &cookie), chunk64(b"pakt", &table)].concat()
}

/// Packet table of a CAF file with one packet of 2^41 frames.
fn long_packet() -> Vec<u8> {
    let numbers = [1_u64, 1 << 40, 0].map(u64::to_be_bytes).concat();
    let sizes = [0x82, 0x54, 0xc0, 0x80, 0x80, 0x80, 0x80, 0];
    chunk64(b"pakt", &[numbers, sizes.to_vec()].concat())
}

/// MP4 file whose samples have 2 GB each.
fn large_sample() -> Vec<u8> {
    let mut content = patched("tones/aac.m4a", b"stsz", 4, &[0x7f, 0xff, 0xff, 0xff]);
    content.resize(content.len() + LARGE, 1);
    content
}

/// MP4 file with a fragment of a million samples.
fn large_fragment() -> Vec<u8> {
    let boxed = |name: &[u8], content: &[u8]| {
        [&(content.len() as u32 + 8).to_be_bytes(), name, content].concat()
    };
    let run = [&[0; 8], vec![1; LARGE].as_slice()].concat();
    [data("tones/aac.m4a"), boxed(b"moof", &boxed(b"traf", &boxed(b"trun", &run)))].concat()
}

/// `WebM` file with one block of 10 MB.
fn large_block() -> Vec<u8> {
    let audio = data("tones/opus.webm");
    let find = |name: &[u8]| audio.windows(4).position(|found| found == name).expect("an element");
    let (segment, cluster) = (find(b"\x18\x53\x80\x67"), find(b"\x1f\x43\xb6\x75"));
    let unknown = b"\x01\xff\xff\xff\xff\xff\xff\xff";
    let width = audio[segment + 4].leading_zeros() as usize + 1;
    let len = ((LARGE as u64 + 4) | (1 << 56)).to_be_bytes();
    [
        &audio[..segment + 4],
        unknown,
        &audio[segment + 4 + width..cluster + 4],
        unknown,
        b"\xe7\x81\0\xa3",
        &len,
        b"\x81\0\0\x80",
        &vec![1; LARGE],
    ]
    .concat()
}

/// Opus file with more comments than are passed on, and one with a picture of 3 MB.
pub fn commented_files() -> [Vec<u8>; 2] {
    let comments = b"\x03\0\0\0A=x".repeat(5_000);
    let picture = [&3_000_000_u32.to_le_bytes()[..], b"P=", &vec![b'x'; 2_999_998]].concat();
    [(5_000_u32, comments), (1, picture)].map(|(count, comments)| {
        let packet = [b"OpusTags\0\0\0\0", count.to_le_bytes().as_slice(), &comments].concat();
        let audio = data("tone.opus");
        let is_page = |at: &usize| audio[*at..].starts_with(b"OggS");
        let pages: Vec<usize> = (0..audio.len()).filter(is_page).collect();
        let stream = &audio[14..18];
        let packets: Vec<_> = packet.chunks(255 * 255).collect();
        let mut content = audio[..pages[1]].to_vec();
        for (number, part) in packets.iter().enumerate() {
            let is_last = number + 1 == packets.len();
            let segments = if is_last { part.len() / 255 + 1 } else { 255 };
            let mut lengths = vec![255; segments];
            if is_last {
                lengths[segments - 1] = (part.len() % 255) as u8;
            }
            let flags = u8::from(number > 0);
            content.extend(page_of(&lengths, part, flags, 0, number as u32 + 1, stream));
        }
        let mut rest = audio[pages[2]..].to_vec();
        let starts: Vec<_> =
            pages[2..].iter().map(|at| at - pages[2]).chain([rest.len()]).collect();
        for (start, number) in starts.windows(2).zip(packets.len() as u32 + 1..) {
            let page = &mut rest[start[0]..start[1]];
            page[18..22].copy_from_slice(&number.to_le_bytes());
            page[22..26].fill(0);
            let sum = checksum(page).to_le_bytes();
            page[22..26].copy_from_slice(&sum);
        }
        [content, rest].concat()
    })
}

/// Ogg file with a thousand streams.
fn many_streams() -> Vec<u8> {
    let audio = data("tones/vorbis.ogg");
    let len = audio[1..].windows(4).position(|mark| mark == b"OggS").expect("a page") + 1;
    let starts = (0..1_000_u32)
        .map(|number| page_of(&[30], &audio[28..len], 2, 0, 0, &number.to_le_bytes()));
    [starts.collect::<Vec<_>>().concat(), audio].concat()
}

/// Bits of a number, the lowest first.
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, number: u32, width: usize) {
        self.0.extend((0..width).map(|bit| bit < 32 && number >> bit & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte =
            |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        self.0.chunks(8).map(byte).collect()
    }
}

/// Ogg Vorbis file of 6 kB whose 256 codebooks have 131,072 entries each.
fn vorbis(dimensions: u32) -> Vec<u8> {
    let mut bits = Bits(Vec::new());
    bits.push(255, 8);
    for _ in 0..256 {
        bits.push(0x56_4342, 24);
        bits.push(dimensions, 16);
        bits.push(131_072, 24);
        // All entries have words of 17 bits.
        bits.push(1, 1);
        bits.push(16, 5);
        bits.push(131_072, 18);
        // One number for all of them.
        bits.push(1, 4);
        bits.push(0, 32 + 32 + 4 + 1 + 1);
    }
    bits.push(0, 22);
    let setup = [b"\x05vorbis".as_slice(), &bits.bytes(), &[0; 100]].concat();
    let rate = 44_100_u32.to_le_bytes();
    let start = [b"\x01vorbis\0\0\0\0\x01", rate.as_slice(), &[0; 12], &[0xb8, 1]].concat();
    let comment = b"\x03vorbis\0\0\0\0\0\0\0\0\x01".to_vec();
    let pages: [(Vec<Vec<u8>>, u8, u64); 4] = [
        (vec![start], 2, 0),
        (vec![comment, setup], 0, 0),
        (vec![vec![0; 40]], 0, 1_000),
        (vec![vec![0; 40]], 4, 44_100),
    ];
    let pages = pages
        .iter()
        .zip(0..)
        .map(|((packets, flags, end), number)| page(packets, *flags, *end, number));
    pages.collect::<Vec<_>>().concat()
}

/// Page of an Ogg file with whole packets.
fn page(packets: &[Vec<u8>], flags: u8, end: u64, number: u32) -> Vec<u8> {
    let mut segments = Vec::new();
    for packet in packets {
        segments.extend(vec![255; packet.len() / 255]);
        segments.push((packet.len() % 255) as u8);
    }
    page_of(&segments, &packets.concat(), flags, end, number, &[7, 0, 0, 0])
}

/// Page of an Ogg file.
fn page_of(
    segments: &[u8],
    content: &[u8],
    flags: u8,
    end: u64,
    number: u32,
    stream: &[u8],
) -> Vec<u8> {
    let mut page = [b"OggS\0".as_slice(), &[flags], &end.to_le_bytes(), stream].concat();
    page.extend([&number.to_le_bytes()[..], &[0; 4], &[segments.len() as u8], segments].concat());
    page.extend(content);
    let sum = checksum(&page).to_le_bytes();
    page[22..26].copy_from_slice(&sum);
    page
}

/// Checksum of an Ogg page.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}
