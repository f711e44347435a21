//! HE-AAC. Its core, which is AAC-LC at half the rate, is decoded: what it lacks lies above what the
//! model hears.
//!
//! Source: ISO/IEC 14496-3, sections 1.6.2.1 and 1.6.5.

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::io::{BitReaderLtr, FiniteBitStream, ReadBitsLtr};

/// Object types: AAC-LC, spectral band replication, and parametric stereo on top of it.
const LC: u32 = 2;
const SBR: u32 = 5;
const PS: u32 = 29;

/// Object type that is followed by a larger one.
const ESCAPE: u32 = 31;

/// Index of a rate that is written out.
const EXPLICIT_RATE: u32 = 15;

/// Mark of an extension behind the configuration.
const EXTENSION: u32 = 0x2b7;
const PS_EXTENSION: u32 = 0x548;

const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// What a configuration says about spectral band replication.
#[derive(Debug, PartialEq)]
struct Config {
    /// Rate and channels of the core.
    core_rate: u32,
    core_channels: u32,
    /// Rate of the whole.
    rate: u32,
    has_parametric_stereo: bool,
}

impl Config {
    /// Reads the configuration of HE-AAC; `None` for any other.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bits = BitReaderLtr::new(bytes);
        let mut object = read_object(&mut bits)?;
        let core_rate = read_rate(&mut bits)?;
        let core_channels = bits.read_bits_leq32(4).ok()?;
        let mut has_parametric_stereo = object == PS;
        let mut rate = None;
        if object == SBR || object == PS {
            rate = Some(read_rate(&mut bits)?);
            object = read_object(&mut bits)?;
        }
        // Length of the frames, dependence on another coder, extension: all usual.
        if object != LC || bits.read_bits_leq32(3).ok()? != 0 {
            return None;
        }
        if rate.is_none() && bits.bits_left() >= 16 && bits.read_bits_leq32(11).ok()? == EXTENSION {
            let is_present = read_object(&mut bits)? == SBR && bits.read_bool().ok()?;
            rate = is_present.then(|| read_rate(&mut bits)).flatten();
            has_parametric_stereo = bits.bits_left() >= 12
                && bits.read_bits_leq32(11).ok()? == PS_EXTENSION
                && bits.read_bool().ok()?;
        }
        Some(Self { core_rate, core_channels, rate: rate?, has_parametric_stereo })
    }

    fn of(parameters: &AudioCodecParameters) -> Option<Self> {
        let is_aac = parameters.codec == CODEC_ID_AAC;
        Self::read(parameters.extra_data.as_deref().filter(|_| is_aac)?)
    }

    fn channels(&self) -> Option<Channels> {
        plain_channels(self.core_channels)
    }
}

/// Rate of the output that a configuration declares: of HE-AAC, that of the whole.
pub(in crate::audio) fn rate_of(config: &[u8]) -> Option<u32> {
    if let Some(config) = Config::read(config) {
        return Some(config.rate);
    }
    let mut bits = BitReaderLtr::new(config);
    let object = read_object(&mut bits)?;
    let core = read_rate(&mut bits)?;
    let _channels = bits.read_bits_leq32(4).ok()?;
    if [SBR, PS].contains(&object) { read_rate(&mut bits) } else { Some(core) }
}

fn read_object(bits: &mut BitReaderLtr<'_>) -> Option<u32> {
    match bits.read_bits_leq32(5).ok()? {
        ESCAPE => Some(32 + bits.read_bits_leq32(6).ok()?),
        object => Some(object),
    }
}

fn read_rate(bits: &mut BitReaderLtr<'_>) -> Option<u32> {
    match bits.read_bits_leq32(4).ok()? {
        EXPLICIT_RATE => bits.read_bits_leq32(24).ok().filter(|rate| *rate > 0),
        index => RATES.get(index as usize).copied(),
    }
}

/// Frames by which the core of HE-AAC is ahead of the whole, which delays it by 962 frames at twice
/// the rate. Found by comparison with the decoder of ffmpeg.
const LEAD: usize = 481;

/// Frames by which the samples of a decoder are ahead of those of a whole one.
pub(in crate::audio) fn lead(parameters: &AudioCodecParameters) -> usize {
    Config::of(parameters).map_or(0, |_| LEAD)
}

/// The parameters of the core of HE-AAC, and of AAC-LC whose configuration has a reserved rate: the
/// rate of the container stands for it.
pub(super) fn core_of(parameters: &AudioCodecParameters) -> Option<AudioCodecParameters> {
    let (rate, channels) = match Config::of(parameters) {
        Some(config) => (config.core_rate, config.channels()?),
        None => (parameters.sample_rate?, channels_at_reserved_rate(parameters)?),
    };
    let mut core = parameters.clone();
    // Without a configuration, the decoder takes AAC-LC of these parameters.
    core.extra_data = None;
    core.with_sample_rate(rate).with_channels(channels);
    Some(core)
}

/// Channels of AAC-LC whose configuration has a reserved index in the place of a rate.
fn channels_at_reserved_rate(parameters: &AudioCodecParameters) -> Option<Channels> {
    let is_aac = parameters.codec == CODEC_ID_AAC;
    let mut bits = BitReaderLtr::new(parameters.extra_data.as_deref().filter(|_| is_aac)?);
    let object = read_object(&mut bits)?;
    let index = bits.read_bits_leq32(4).ok()? as usize;
    let channels = bits.read_bits_leq32(4).ok()?;
    let is_reserved = object == LC && (RATES.len()..EXPLICIT_RATE as usize).contains(&index);
    plain_channels(channels).filter(|_| is_reserved)
}

/// Channels of a configuration; `None` if there are more than the decoder can have.
fn plain_channels(number: u32) -> Option<Channels> {
    match number {
        1 => Some(CHANNEL_LAYOUT_MONO),
        2 => Some(CHANNEL_LAYOUT_STEREO),
        _ => None,
    }
}

/// The parameters with the rate and the channels of the whole, of which a container may declare
/// those of the core.
pub(in crate::audio) fn with_extension(
    parameters: &AudioCodecParameters,
) -> Option<AudioCodecParameters> {
    let config = Config::of(parameters)?;
    let mut whole = parameters.clone();
    whole.with_sample_rate(config.rate);
    whole.with_channels(match config.channels()? {
        _ if config.has_parametric_stereo => CHANNEL_LAYOUT_STEREO,
        channels => channels,
    });
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_output() {
        // LC at 44.1 kHz; LC at 96 kHz; HE-AAC at 24 kHz over 12 kHz; LC at an odd rate.
        assert_eq!(rate_of(&[0x12, 0x10]), Some(44_100));
        assert_eq!(rate_of(&[0x10, 0x10]), Some(96_000));
        assert_eq!(rate_of(&[0x2c, 0x93, 0x08, 0x00]), Some(24_000));
        assert_eq!(rate_of(&[0x17, 0x80, 0x27, 0x10, 0x10]), Some(20_000));
        assert_eq!(rate_of(&[0x17]), None);
    }

    #[test]
    fn every_form_of_signalling_is_read() {
        let config = |core_channels, has_parametric_stereo| {
            Some(Config { core_rate: 24_000, core_channels, rate: 48_000, has_parametric_stereo })
        };
        // Hierarchical: object type 5, index 6, two channels, index 3, object type 2.
        assert_eq!(Config::read(&[0x2b, 0x11, 0x88, 0x00]), config(2, false));
        assert_eq!(Config::read(&[0xeb, 0x09, 0x88, 0x00]), config(1, true));
        // Behind the configuration of the core.
        assert_eq!(Config::read(&[0x13, 0x10, 0x56, 0xe5, 0x98]), config(2, false));
        assert_eq!(Config::read(&[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80]), config(1, true));
        // None.
        assert_eq!(Config::read(&[0x13, 0x10]), None);
    }
}
