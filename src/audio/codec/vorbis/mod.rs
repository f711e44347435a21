//! Vorbis. The decoder of symphonia is right for two channels only: it undoes the coupling of more
//! in the wrong order, and mixes up their classes of residue.

use lewton::audio::{PreviousWindowRight, read_audio_packet_generic};
use lewton::header::{IdentHeader, SetupHeader, read_header_ident, read_header_setup};
use symphonia::core::audio::{AudioBuffer, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::adapter::{Codec, trim};
use super::channel_order;

mod codebooks;

/// Length of an identification header.
const IDENTIFICATION_LEN: usize = 30;

/// First byte of headers with their lengths, which Matroska has: the number of lengths.
const LACED: u8 = 2;

pub(super) struct Vorbis {
    identification: IdentHeader,
    setup: SetupHeader,
    /// Second half of the last packet.
    previous: PreviousWindowRight,
}

impl Codec for Vorbis {
    const SUPPORTED: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_VORBIS,
        info: CodecInfo { short_name: "vorbis", long_name: "Vorbis", profiles: &[] },
    }];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let headers = parameters.extra_data.as_deref().and_then(split);
        let Some((identification, setup)) = headers else {
            return unsupported_error("vorbis: no headers");
        };
        codebooks::check(setup)?;
        let Ok(identification) = read_header_ident(identification) else {
            return decode_error("vorbis: an impossible identification header");
        };
        let IdentHeader { audio_channels, audio_sample_rate, .. } = identification;
        let sizes = (identification.blocksize_0, identification.blocksize_1);
        let Ok(setup) = read_header_setup(setup, audio_channels, sizes) else {
            return decode_error("vorbis: an impossible setup header");
        };
        let spec = AudioSpec::new(audio_sample_rate, channel_order::channels(audio_channels));
        let previous = PreviousWindowRight::new();
        Ok((Self { identification, setup, previous }, spec, 1 << sizes.1))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let Self { identification, setup, previous } = self;
        let decoded: std::result::Result<Vec<Vec<f32>>, _> =
            read_audio_packet_generic(identification, setup, packet.data, previous);
        let Ok(decoded) = decoded else { return decode_error("vorbis: an impossible packet") };
        let frames = decoded.first().map_or(0, Vec::len);
        channel_order::fill(buffer, frames, |channel| decoded[channel].iter().copied());
        trim(buffer, 0, packet);
        Ok(())
    }

    fn reset(&mut self) {
        self.previous = PreviousWindowRight::new();
    }
}

/// The identification and the setup header.
fn split(headers: &[u8]) -> Option<(&[u8], &[u8])> {
    if headers.first() != Some(&LACED) {
        return headers.split_at_checked(IDENTIFICATION_LEN);
    }
    let (identification, rest) = laced_len(&headers[1..])?;
    let (comments, rest) = laced_len(rest)?;
    let (identification, rest) = rest.split_at_checked(identification)?;
    Some((identification, rest.get(comments..)?))
}

/// A length, stored as bytes to add up, of which only the last one is below 255; and the bytes
/// behind it.
fn laced_len(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == u8::MAX).count();
    let last = usize::from(*bytes.get(full)?);
    Some((full * usize::from(u8::MAX) + last, &bytes[full + 1..]))
}
