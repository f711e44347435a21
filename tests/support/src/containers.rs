//! Containers made byte by byte, with samples of a formula in them.

/// Stored form of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coding {
    /// Signed integer of so many bytes.
    Signed(usize),
    /// Unsigned byte.
    Unsigned,
    /// Float of four or eight bytes.
    Float(usize),
    /// A-law of G.711.
    ALaw,
    /// µ-law of G.711.
    MuLaw,
}

/// Returns samples in a stored form, the same in every channel.
pub fn encode(samples: &[f64], channels: usize, coding: Coding, is_big_endian: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sample in samples {
        let mut one = match coding {
            Coding::Signed(len) => {
                let scaled = sample * (2_f64.powi(8 * len.cast_signed() as i32 - 1) - 1.0);
                (scaled.round() as i64).to_le_bytes()[..len].to_vec()
            }
            Coding::Unsigned => vec![(sample * 127.0 + 128.0).round() as u8],
            Coding::Float(4) => (*sample as f32).to_le_bytes().to_vec(),
            Coding::Float(_) => sample.to_le_bytes().to_vec(),
            Coding::ALaw => vec![a_law(*sample)],
            Coding::MuLaw => vec![mu_law(*sample)],
        };
        if is_big_endian {
            one.reverse();
        }
        bytes.extend(one.repeat(channels));
    }
    bytes
}

/// Encodes a sample by ITU-T G.711, table 2.
fn mu_law(sample: f64) -> u8 {
    let magnitude = ((sample.abs() * 32_767.0) as i32).min(32_635) + 132;
    let exponent = (magnitude >> 7).ilog2().cast_signed();
    let mantissa = magnitude >> (exponent + 3) & 0x0f;
    let sign = if sample < 0.0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) | mantissa) as u8
}

/// Encodes a sample by ITU-T G.711, table 1.
fn a_law(sample: f64) -> u8 {
    let magnitude = ((sample.abs() * 32_767.0) as i32).min(32_767);
    let exponent = if magnitude < 256 { 0 } else { (magnitude >> 7).ilog2().cast_signed() };
    let mantissa = magnitude >> if exponent == 0 { 4 } else { exponent + 3 } & 0x0f;
    let sign = if sample < 0.0 { 0 } else { 0x80 };
    ((sign | (exponent << 4) | mantissa) ^ 0x55) as u8
}

fn chunk(name: &[u8], content: &[u8], length: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [name, &length(content.len() as u32), content, &padding].concat()
}

/// Fields of a WAV format chunk: tag, channels, rate, bytes of a block, bits.
pub fn wave_format(tag: u16, channels: u16, rate: u32, block: u16, bits: u16) -> Vec<u8> {
    let per_second = rate * u32::from(block);
    [
        &tag.to_le_bytes()[..],
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &per_second.to_le_bytes(),
        &block.to_le_bytes(),
        &bits.to_le_bytes(),
    ]
    .concat()
}

/// WAV file with a format chunk, other bytes behind it, and samples.
pub fn wav_of(format: &[u8], between: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::to_le_bytes;
    let (format, data) = (chunk(b"fmt ", format, length), chunk(b"data", data, length));
    chunk(b"RIFF", &[b"WAVE", format.as_slice(), between, &data].concat(), length)
}

/// WAV file with big-endian numbers: 16 bits.
pub fn rifx(channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::to_be_bytes;
    let block = 2 * channels;
    let format = [
        &1_u16.to_be_bytes()[..],
        &channels.to_be_bytes(),
        &rate.to_be_bytes(),
        &(rate * u32::from(block)).to_be_bytes(),
        &block.to_be_bytes(),
        &16_u16.to_be_bytes(),
    ]
    .concat();
    let (format, data) = (chunk(b"fmt ", &format, length), chunk(b"data", data, length));
    chunk(b"RIFX", &[b"WAVE", format.as_slice(), &data].concat(), length)
}

/// W64 file.
pub fn w64(format: &[u8], data: &[u8]) -> Vec<u8> {
    let guid = |name: &[u8], rest: &[u8]| [name, rest].concat();
    let of_chunk = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a";
    let chunk = |name: &[u8], content: &[u8]| {
        let len = (content.len() as u64 + 24).to_le_bytes();
        let padding = vec![0; content.len().next_multiple_of(8) - content.len()];
        [guid(name, of_chunk).as_slice(), &len, content, &padding].concat()
    };
    let chunks = [chunk(b"fmt ", format), chunk(b"data", data)].concat();
    let riff = guid(b"riff", b"\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00");
    let len = (chunks.len() as u64 + 40).to_le_bytes();
    [riff.as_slice(), &len, &guid(b"wave", of_chunk), &chunks].concat()
}

/// AIFF-C file at 16 kHz, with other bytes behind the fields of its common chunk.
pub fn aiff_c(kind: &[u8; 4], channels: u16, bits: u16, behind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::to_be_bytes;
    let frames = data.len() as u32 / (u32::from(channels) * u32::from(bits).div_ceil(8));
    let common = [
        &channels.to_be_bytes()[..],
        &frames.to_be_bytes(),
        &bits.to_be_bytes(),
        b"\x40\x0c\xfa\0\0\0\0\0\0\0",
        kind,
        b"\0\0",
        behind,
    ]
    .concat();
    let sound = [&[0; 8], data].concat();
    let chunks = [chunk(b"COMM", &common, length), chunk(b"SSND", &sound, length)].concat();
    chunk(b"FORM", &[b"AIFC", chunks.as_slice()].concat(), length)
}

/// AU file.
pub fn au(encoding: u32, channels: u32, rate: u32, data: &[u8]) -> Vec<u8> {
    let fields = [32, data.len() as u32, encoding, rate, channels, 0, 0].map(u32::to_be_bytes);
    [b".snd", fields.concat().as_slice(), data].concat()
}

/// CAF file of uncompressed audio at 16 kHz.
pub fn caf(codec: &[u8; 4], flags: u32, channels: u32, bytes: u32, data: &[u8]) -> Vec<u8> {
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u64).to_be_bytes(), content].concat()
    };
    let fields = [flags, bytes * channels, 1, channels, 8 * bytes].map(u32::to_be_bytes);
    let description = [&16_000_f64.to_be_bytes()[..], codec, &fields.concat()].concat();
    let data = chunk(b"data", &[&[0; 4], data].concat());
    [b"caff\0\x01\0\0".to_vec(), chunk(b"desc", &description), data].concat()
}

/// Box of an MP4 file.
pub fn mp4_box(name: &[u8], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
}

/// Sample entry of sound, in the first version of `QuickTime`.
pub fn sound_entry(name: &[u8; 4], channels: u16, bits: u16, rate: u32, boxes: &[u8]) -> Vec<u8> {
    let fields = [
        &[0, 0, 0, 0, 0, 0, 0, 1][..],
        &[0; 8],
        &channels.to_be_bytes(),
        &bits.to_be_bytes(),
        &[0; 4],
        &((rate & 0xffff) << 16).to_be_bytes(),
        boxes,
    ]
    .concat();
    mp4_box(name, &fields)
}

/// Track of a movie: its number and handler, a sample entry, the size of a sample, their number and
/// the offset of the first one.
pub struct Track<'a> {
    /// Number of the track.
    pub id: u32,
    /// Handler, such as `soun`.
    pub handler: &'a [u8; 4],
    /// Sample entry.
    pub entry: Vec<u8>,
    /// Length of a sample in bytes.
    pub sample: u32,
    /// Number of samples.
    pub count: u32,
}

/// Movie of tracks at 16 kHz that share one block of data.
pub fn movie(brand: &[u8; 4], tracks: &[Track<'_>], data: &[u8]) -> Vec<u8> {
    let table = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<_>>();
    let start = mp4_box(b"ftyp", &[&brand[..], &[0; 4]].concat());
    let offset = start.len() as u32 + 8;
    let data = mp4_box(b"mdat", data);
    let tracks = tracks.iter().map(|track| {
        let tables = [
            mp4_box(b"stsd", &[&table(&[0, 1])[..], &track.entry].concat()),
            mp4_box(b"stts", &table(&[0, 1, track.count, 1])),
            mp4_box(b"stsc", &table(&[0, 1, 1, track.count, 1])),
            mp4_box(b"stsz", &table(&[0, track.sample, track.count])),
            mp4_box(b"stco", &table(&[0, 1, offset])),
        ];
        let media = [
            mp4_box(b"mdhd", &table(&[0, 0, 0, 16_000, track.count, 0])),
            mp4_box(b"hdlr", &[&table(&[0, 0])[..], track.handler, &[0; 13]].concat()),
            mp4_box(b"minf", &mp4_box(b"stbl", &tables.concat())),
        ];
        let mut head = table(&[0, 0, 0, track.id, 0, track.count]);
        head.resize(84, 0);
        let parts = [mp4_box(b"tkhd", &head), mp4_box(b"mdia", &media.concat())];
        mp4_box(b"trak", &parts.concat())
    });
    let mut head = table(&[0, 0, 0, 16_000, 16_000]);
    head.resize(100, 0);
    let movie = [mp4_box(b"mvhd", &head), tracks.flatten().collect()].concat();
    [start, data, mp4_box(b"moov", &movie)].concat()
}

/// Element of a Matroska file.
pub fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let len = (1_u64 << 56 | content.len() as u64).to_be_bytes();
    [id, &len, content].concat()
}

/// Matroska file of 16-bit samples at 16 kHz, with other elements in its track and its segment.
pub fn matroska(track: &[u8], segment: &[u8], packets: &[Vec<u8>], milliseconds: u16) -> Vec<u8> {
    let audio = [
        element(b"\xb5", &16_000_f32.to_be_bytes()),
        element(b"\x9f", &[1]),
        element(b"\x62\x64", &[16]),
    ];
    let entry = [
        element(b"\xd7", &[1]),
        element(b"\x73\xc5", &[1]),
        element(b"\x83", &[2]),
        element(b"\x86", b"A_PCM/INT/LIT"),
        element(b"\xe1", &audio.concat()),
        track.to_vec(),
    ];
    let info = [
        element(b"\x2a\xd7\xb1", &1_000_000_u32.to_be_bytes()),
        element(b"\x4d\x80", b"test"),
        element(b"\x57\x41", b"test"),
    ];
    let blocks = packets.iter().enumerate().flat_map(|(number, packet)| {
        let time = number as u16 * milliseconds;
        element(b"\xa3", &[&[0x81][..], &time.to_be_bytes(), &[0x80], packet].concat())
    });
    let content = [
        element(b"\x15\x49\xa9\x66", &info.concat()),
        element(b"\x16\x54\xae\x6b", &element(b"\xae", &entry.concat())),
        segment.to_vec(),
        element(b"\x1f\x43\xb6\x75", &[element(b"\xe7", &[0]), blocks.collect()].concat()),
    ];
    let head = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", b"matroska"));
    [head, element(b"\x18\x53\x80\x67", &content.concat())].concat()
}
