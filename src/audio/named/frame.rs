//! Heads of frames in streams of sound, which tell more than the tables of their containers.
//!
//! Sources: ETSI TS 102 366, sections 5.3.2 and E.1.2.2 (AC-3, E-AC-3); ETSI TS 102 114, section
//! 5.3.1 (DTS).

use crate::audio::container::{SoundTrack, mpeg_track};

/// Bytes of a frame that tell its format.
pub(super) const DEPTH: usize = 16;

/// Rates of AC-3 by their code, and channels by theirs.
pub(super) const AC3_RATES: [u32; 3] = [48_000, 44_100, 32_000];
const AC3_CHANNELS: [usize; 8] = [2, 1, 2, 3, 3, 4, 4, 5];

/// The same of DTS; a rate of zero is reserved.
const DTS_RATES: [u32; 16] = [
    0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 96_000,
    192_000,
];
const DTS_CHANNELS: [usize; 16] = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 8];

/// Describes a stream by its first frame; `codec` is what the tables call it.
pub(super) fn describe(frame: &[u8], codec: Option<&str>) -> SoundTrack {
    let track = match frame {
        [0x0b, 0x77, ..] => ac3(frame),
        [0x7f, 0xfe, 0x80, 0x01, ..] => dts(frame),
        [0x56, second, ..] if second & 0xe0 == 0xe0 => Some(SoundTrack::of_codec(Some("aac_latm"))),
        // Its frames tell the rate of the core only.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some(SoundTrack::of_codec(Some("aac"))),
        _ => mpeg_track(frame),
    };
    // Other codecs may begin with any bytes.
    let is_possible = |track: &SoundTrack| {
        let groups: [&[&str]; 4] =
            [&["mp1", "mp2", "mp3"], &["ac3", "eac3"], &["aac", "aac_latm"], &["dts"]];
        let group = groups.iter().find(|group| codec.is_some_and(|codec| group.contains(&codec)));
        let found = track.codec.as_deref().unwrap_or_default();
        group.map_or(codec.is_none(), |group| group.contains(&found))
    };
    track.filter(is_possible).unwrap_or_else(|| SoundTrack::of_codec(codec))
}

fn ac3(frame: &[u8]) -> Option<SoundTrack> {
    let [.., fifth, sixth, seventh, eighth] = *frame.first_chunk::<8>()?;
    let (is_enhanced, code) = (sixth >> 3 > 10, usize::from(fifth >> 6));
    if is_enhanced {
        let rate = match AC3_RATES.get(code) {
            Some(rate) => *rate,
            None => AC3_RATES.get(usize::from(fifth >> 4 & 3))? / 2,
        };
        let channels = AC3_CHANNELS[usize::from(fifth >> 1 & 7)] + usize::from(fifth & 1);
        return Some(of_values("eac3", rate, channels));
    }
    let mode = usize::from(seventh >> 5);
    // The bit for the low frequencies is behind those of the mix, which depend on the mode.
    let mix = u32::from(mode & 1 != 0 && mode != 1) * 2
        + u32::from(mode & 4 != 0) * 2
        + u32::from(mode == 2) * 2;
    let low = u16::from_be_bytes([seventh, eighth]) >> (12 - mix) & 1;
    Some(of_values("ac3", *AC3_RATES.get(code)?, AC3_CHANNELS[mode] + usize::from(low)))
}

fn dts(frame: &[u8]) -> Option<SoundTrack> {
    let bits = u128::from_be_bytes(*frame.first_chunk()?);
    let field = |at: u32, len: u32| {
        usize::try_from(bits >> (128 - at - len) & ((1 << len) - 1)).unwrap_or_default()
    };
    let channels = DTS_CHANNELS.get(field(60, 6))? + usize::from(field(85, 2) != 0);
    Some(of_values("dts", DTS_RATES[field(66, 4)], channels))
}

fn of_values(codec: &str, rate: u32, channels: usize) -> SoundTrack {
    let mut track = SoundTrack::of_codec(Some(codec));
    (track.rate, track.channels) = (Some(rate).filter(|rate| *rate > 0), Some(channels));
    track
}
