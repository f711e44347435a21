//! Encodings of Matroska's packets on top of their codec.
//!
//! Source: RFC 9559, section 5.1.4.1.31.

use std::io::Read;

use flate2::read::ZlibDecoder;
use symphonia::core::errors::{Result, decode_error};

/// The largest packet that is decompressed, in bytes: FLAC of the longest block.
const MAX_PACKET: u64 = 2 << 20;

/// Encoding of packets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Encoding {
    /// None.
    #[default]
    Plain,
    /// Bytes that all packets begin with are left out.
    Stripped(Vec<u8>),
    /// Each packet is compressed with zlib.
    Zlib,
    /// Another one, or several.
    Unknown,
}

impl Encoding {
    /// Returns a packet as its codec wrote it.
    pub(super) fn decode(&self, packet: Box<[u8]>) -> Result<Box<[u8]>> {
        match self {
            Self::Plain | Self::Unknown => Ok(packet),
            Self::Stripped(start) => Ok([start, &*packet].concat().into()),
            Self::Zlib => {
                let mut content = Vec::new();
                let decoder = ZlibDecoder::new(&*packet);
                match decoder.take(MAX_PACKET + 1).read_to_end(&mut content) {
                    Ok(_) if content.len() as u64 <= MAX_PACKET => Ok(content.into()),
                    _ => decode_error("mkv: a packet that cannot be decompressed"),
                }
            }
        }
    }
}
