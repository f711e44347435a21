//! Layer II of MPEG audio. The decoder of symphonia refuses frames of one channel with a high bit
//! rate, which ffmpeg writes by default, and of two with a low one: they are written anew as frames
//! of the same sound that it takes.
//!
//! Source: ISO/IEC 11172-3, sections 2.4.1.6 and 2.4.2.3, tables 3-B.2; ISO/IEC 13818-3.

use symphonia::core::audio::{Audio, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP2;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;
use symphonia::default::codecs::MpaDecoder;

use super::adapter::{Codec, trim};

const INFO: CodecInfo =
    CodecInfo { short_name: "mp2", long_name: "MPEG audio, layer II", profiles: &[] };

/// Samples of a frame.
const SAMPLES: usize = 1152;

/// Indexes of bit rates that are refused: of one channel, and of two in MPEG-1 and MPEG-2.
const REFUSED_MONO: [u8; 4] = [11, 12, 13, 14];
const REFUSED_STEREO: [[u8; 4]; 2] = [[1, 2, 3, 5], [4, 6, 7, 9]];

/// Indexes of a bit rate that is taken and has the same table, and its bits a second.
const TAKEN_STEREO: [(u8, usize); 2] = [(6, 96_000), (14, 160_000)];

/// Samples a second by their index, of MPEG-1 and MPEG-2.
const RATES: [[usize; 3]; 2] = [[44_100, 48_000, 32_000], [22_050, 24_000, 16_000]];

/// Two channels of 32 kHz with 384 kbit/s have the largest frames, and the table of all subbands.
const WIDE_HEADER: [u8; 4] = [0xff, 0xfd, 0xe8, 0];
const WIDE_LEN: usize = 1728;

/// Bits of the allocation of each subband, by their number, in the table for high bit rates; at
/// 48 kHz the last three subbands are missing.
const ALLOCATIONS: [(usize, usize); 3] = [(11, 4), (12, 3), (7, 2)];
const MISSING_AT_48: usize = 3;

pub(super) struct Layer2 {
    parameters: AudioCodecParameters,
    decoder: MpaDecoder,
    /// True if the decoder was given frames of two channels for one.
    is_wide: bool,
}

impl Codec for Layer2 {
    const SUPPORTED: &'static [SupportedAudioCodec] =
        &[SupportedAudioCodec { id: CODEC_ID_MP2, info: INFO }];

    fn open(parameters: &AudioCodecParameters) -> Result<(Self, AudioSpec, usize)> {
        let decoder = decoder(parameters)?;
        let layer = Self { parameters: parameters.clone(), decoder, is_wide: false };
        match (parameters.sample_rate, parameters.channels.clone()) {
            (Some(rate), Some(channels)) => Ok((layer, AudioSpec::new(rate, channels), SAMPLES)),
            _ => unsupported_error("mp2: an unknown format"),
        }
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let (frame, is_wide) = match rewritten(packet.data) {
            Some((frame, is_wide)) => (Some(frame), is_wide),
            None => (None, false),
        };
        if is_wide != self.is_wide {
            (self.decoder, self.is_wide) = (decoder(&self.parameters)?, is_wide);
        }
        let data = frame.as_deref().unwrap_or(packet.data);
        let packet_of_all = PacketRef::new(packet.track_id, packet.pts, packet.dur, data);
        let GenericAudioBufferRef::F32(decoded) = self.decoder.decode_ref(&packet_of_all)? else {
            return decode_error("mp2: samples of another kind");
        };
        let channels = if is_wide { 1 } else { decoded.num_planes() };
        if channels != buffer.num_planes() {
            return decode_error("mp2: another number of channels");
        }
        buffer.render_uninit(Some(decoded.frames()));
        for (target, source) in buffer.iter_planes_mut().zip(decoded.iter_planes()) {
            target.copy_from_slice(source);
        }
        trim(buffer, 0, packet);
        Ok(())
    }

    fn reset(&mut self) {
        self.decoder.reset();
    }
}

fn decoder(parameters: &AudioCodecParameters) -> Result<MpaDecoder> {
    MpaDecoder::try_new(parameters, &AudioDecoderOptions::default())
}

/// A frame that is refused as it is, and true if it has a second channel then, which is silent.
fn rewritten(frame: &[u8]) -> Option<(Vec<u8>, bool)> {
    let [0xff, second, third, fourth, ..] = *frame else { return None };
    let version = match second >> 3 & 3 {
        3 => 0,
        2 => 1,
        _ => return None,
    };
    let (bit_rate, rate, is_mono) = (third >> 4, usize::from(third >> 2 & 3), fourth >> 6 == 3);
    if is_mono {
        let is_refused = version == 0 && REFUSED_MONO.contains(&bit_rate);
        return is_refused.then(|| (widened(frame, rate == 1), true));
    }
    if !REFUSED_STEREO[version].contains(&bit_rate) {
        return None;
    }
    let (index, bits) = TAKEN_STEREO[version];
    let mut frame = frame.to_vec();
    frame[2] = index << 4 | third & 0x0d;
    frame.resize(144 * bits / RATES[version].get(rate)?, 0);
    Some((frame, false))
}

/// A frame of one channel with a second one, to which no bits are allocated.
fn widened(frame: &[u8], is_48: bool) -> Vec<u8> {
    let has_checksum = frame[1] & 1 == 0;
    let content = frame.get(if has_checksum { 6 } else { 4 }..).unwrap_or_default();
    let mut source = content.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let mut bits = Vec::with_capacity(8 * WIDE_LEN);
    let widths = ALLOCATIONS.into_iter().flat_map(|(count, bits)| [bits].repeat(count));
    let subbands = ALLOCATIONS.iter().map(|(count, _)| count).sum::<usize>();
    for (subband, width) in widths.enumerate() {
        let is_missing = is_48 && subband >= subbands - MISSING_AT_48;
        let present = if is_missing { 0 } else { width };
        bits.extend(source.by_ref().take(present));
        bits.extend(std::iter::repeat_n(0, 2 * width - present));
    }
    bits.extend(source);
    let bytes =
        bits.chunks(8).map(|byte| (0..8).fold(0, |all, n| all << 1 | byte.get(n).unwrap_or(&0)));
    let mut wide: Vec<u8> = WIDE_HEADER.into_iter().chain(bytes).collect();
    wide.resize(WIDE_LEN, 0);
    wide
}
