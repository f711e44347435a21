//! Description of an AAC stream, in MP4 and Matroska.
//!
//! Source: ISO/IEC 14496-3, section 1.6.2.1.

use symphonia::core::io::{BitReaderLtr, ReadBitsLtr};

/// Sampling rates by their index.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Index that says that the rate follows.
const OTHER_RATE: usize = 15;

/// Object types of HE-AAC, with and without parametric stereo.
const SBR: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;

/// What the description tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Config {
    /// Sampling rate of the output, in Hz.
    pub(super) rate: u32,
}

/// Reads a description; `None` if it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Config> {
    let mut bits = BitReaderLtr::new(bytes);
    let object = read_object(&mut bits)?;
    let core = read_rate(&mut bits)?;
    let _channels = bits.read_bits_leq32(4).ok()?;
    // HE-AAC declares the rate of its core, then that of its output.
    let rate = match object {
        SBR | PARAMETRIC_STEREO => read_rate(&mut bits)?,
        _ => core,
    };
    Some(Config { rate })
}

fn read_object(bits: &mut BitReaderLtr<'_>) -> Option<u32> {
    match bits.read_bits_leq32(5).ok()? {
        31 => Some(32 + bits.read_bits_leq32(6).ok()?),
        object => Some(object),
    }
}

fn read_rate(bits: &mut BitReaderLtr<'_>) -> Option<u32> {
    let index = usize::try_from(bits.read_bits_leq32(4).ok()?).ok()?;
    if index == OTHER_RATE {
        return bits.read_bits_leq32(24).ok().filter(|rate| *rate > 0);
    }
    RATES.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_output() {
        let rate = |bytes: &[u8]| read(bytes).map(|config| config.rate);
        // LC at 44.1 kHz; LC at 96 kHz; HE-AAC at 24 kHz over 12 kHz; LC at an odd rate.
        assert_eq!(rate(&[0x12, 0x10]), Some(44_100));
        assert_eq!(rate(&[0x10, 0x10]), Some(96_000));
        assert_eq!(rate(&[0x2c, 0x93, 0x08, 0x00]), Some(24_000));
        assert_eq!(rate(&[0x17, 0x80, 0x27, 0x10, 0x10]), Some(20_000));
        assert_eq!(rate(&[0x17]), None);
    }
}
