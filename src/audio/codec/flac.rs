//! Checksum of FLAC, which symphonia looks at in native files only.
//!
//! Source: RFC 9639, section 9.3.

use symphonia::core::checksum::Crc16Ansi;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::errors::{Result, decode_error};
use symphonia::core::io::Monitor;
use symphonia::core::packet::Packet;

/// Fails if a packet of FLAC is damaged.
pub(in crate::audio) fn check_packet(decoder: &dyn AudioDecoder, packet: &Packet) -> Result<()> {
    if decoder.codec_params().codec != CODEC_ID_FLAC {
        return Ok(());
    }
    let Some((frame, checksum)) = packet.data.split_last_chunk::<2>() else {
        return decode_error("flac: an empty packet");
    };
    let mut computed = Crc16Ansi::new(0);
    computed.process_buf_bytes(frame);
    if computed.crc().to_be_bytes() == *checksum {
        Ok(())
    } else {
        decode_error("flac: a wrong checksum")
    }
}
