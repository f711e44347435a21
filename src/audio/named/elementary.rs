//! Heads of formats with one stream of sound.
//!
//! Sources: ETSI TS 102 366 (AC-3, E-AC-3), ETSI TS 102 114 (DTS), ISO/IEC 14496-3 (LATM), the
//! specifications of DSF, DFF, TTA, Musepack, Monkey's Audio, and the readers of `libavformat`.

use super::bytes::Bytes;
use super::frame;
use crate::audio::container::SoundTrack;

/// Kilobits a second of AC-3 by their code.
const AC3_BIT_RATES: [u64; 19] =
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

/// Rates of Musepack by their index.
const MUSEPACK_RATES: [u32; 4] = [44_100, 48_000, 37_800, 32_000];

/// Consecutive frames that are no accident.
const MIN_FRAMES: u64 = 3;

/// Codecs in the words of ffprobe where they are not the name of the container.
const CODECS: [(&str, &str); 12] = [
    ("8svx", "pcm_s8_planar"),
    ("adx", "adpcm_adx"),
    ("ape", "ape"),
    ("dff", "dsd_msbf"),
    ("dsf", "dsd_lsbf_planar"),
    ("latm", "aac_latm"),
    ("shn", "shorten"),
    ("thd", "truehd"),
    ("vag", "adpcm_psx"),
    ("vqf", "twinvq"),
    ("hca", "hca"),
    ("qcp", "qcelp"),
];

/// Formats whose codec has the name of the container.
const NAMESAKES: [&str; 7] = ["ac3", "eac3", "ac4", "dts", "mlp", "tak", "tta"];

/// Reads codec, rate, channels and length, as far as the head of a format tells them.
pub(super) fn describe(bytes: &Bytes<'_>, container: &str) -> SoundTrack {
    let codec = CODECS.iter().find(|(known, _)| *known == container).map(|(_, codec)| *codec);
    let codec = codec.or_else(|| NAMESAKES.into_iter().find(|name| *name == container));
    let mut track = SoundTrack::of_codec(codec);
    let read = match container {
        "ac3" | "eac3" | "dts" => return frame::describe(&bytes.start(frame::DEPTH), codec),
        "mpc" => musepack(bytes, &mut track),
        "dsf" => dsf(bytes, &mut track),
        "tta" => tta(bytes, &mut track),
        "ape" => monkeys_audio(bytes, &mut track),
        "voc" => voc(bytes, &mut track),
        "sph" => sphere(bytes, &mut track),
        _ => None,
    };
    // A head that is too short tells less.
    read.unwrap_or_default();
    track
}

fn fill(track: &mut SoundTrack, rate: u32, channels: usize, frames: Option<u64>) {
    track.rate = Some(rate).filter(|rate| *rate > 0);
    track.channels = Some(channels).filter(|channels| *channels > 0);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = frames.map(|frames| frames as f64 / f64::from(rate.max(1)));
    track.seconds = seconds.filter(|seconds| *seconds > 0.0);
}

/// True if frames of AC-3 or E-AC-3 follow each other, as far as the file has them.
pub(super) fn is_ac3(bytes: &Bytes<'_>) -> bool {
    // Swapped bytes are not followed.
    if bytes.has(0, b"\x77\x0b") {
        return bytes.byte(4).is_some();
    }
    let mut at = 0;
    for _ in 0..MIN_FRAMES {
        if at + 6 > bytes.len() {
            return at > 0;
        }
        let Some(len) = ac3_frame(bytes, at) else { return false };
        at += len;
    }
    true
}

/// Length of a frame.
fn ac3_frame(bytes: &Bytes<'_>, at: u64) -> Option<u64> {
    let header = bytes.array::<6>(at).filter(|header| header.starts_with(b"\x0b\x77"))?;
    if header[5] >> 3 > 10 {
        return Some(2 * (u64::from(u16::from_be_bytes([header[2] & 7, header[3]])) + 1));
    }
    let (rate, code) = (usize::from(header[4] >> 6), u64::from(header[4] & 0x3f));
    let bit_rate = AC3_BIT_RATES.get(usize::try_from(code / 2).ok()?)?;
    let rate = frame::AC3_RATES.get(rate)?;
    let words = bit_rate * 96_000 / u64::from(*rate);
    // At 44.1 kHz every other code has one word more.
    Some(2 * (words + if *rate == 44_100 { code % 2 } else { 0 }))
}

/// True for E-AC-3, which begins like AC-3.
pub(super) fn is_enhanced(bytes: &Bytes<'_>) -> bool {
    bytes.byte(5).is_some_and(|byte| byte >> 3 > 10)
}

/// True if frames of LATM follow each other.
pub(super) fn is_latm(bytes: &Bytes<'_>) -> bool {
    let mut at = 0;
    for _ in 0..MIN_FRAMES {
        match bytes.array::<3>(at) {
            Some([0x56, second, third]) if second & 0xe0 == 0xe0 => {
                at += 3 + u64::from(u16::from_be_bytes([second & 0x1f, third]));
            }
            _ => return false,
        }
    }
    true
}

/// True for ADX of CRI, whose mark is behind its head.
pub(super) fn is_adx(bytes: &Bytes<'_>) -> bool {
    let Some(offset) = bytes.short(2).filter(|_| bytes.has(0, b"\x80\0")) else { return false };
    offset >= 2 && bytes.has(offset - 2, b"(c)CRI")
}

fn musepack(bytes: &Bytes<'_>, track: &mut SoundTrack) -> Option<()> {
    if bytes.has(0, b"MP+") {
        track.codec = Some("musepack7".to_owned());
        let rate = MUSEPACK_RATES[usize::from(bytes.byte(10)? & 3)];
        fill(track, rate, 2, Some(u64::from(bytes.long_le(4)?) * 1152));
        return Some(());
    }
    track.codec = Some("musepack8".to_owned());
    let mut at = 4;
    // Packets of a key and a length, up to that of the stream's header.
    for _ in 0..8 {
        let key = bytes.array::<2>(at)?;
        let (len, width) = musepack_number(bytes, at + 2)?;
        if key == *b"SH" {
            let (frames, width) = musepack_number(bytes, at + 2 + width + 5)
                .map(|(frames, used)| (frames, width + used))?;
            let (_, skipped) = musepack_number(bytes, at + 2 + width + 5)?;
            let [first, second] = bytes.array(at + 2 + width + 5 + skipped)?;
            let rate = *MUSEPACK_RATES.get(usize::from(first >> 5))?;
            fill(track, rate, usize::from(second >> 4) + 1, Some(frames));
            return Some(());
        }
        at += len;
    }
    None
}

/// Number of seven bits a byte, and the number of its bytes.
fn musepack_number(bytes: &Bytes<'_>, at: u64) -> Option<(u64, u64)> {
    let mut number = 0;
    for width in 0..9 {
        let byte = bytes.byte(at + width)?;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, width + 1));
        }
    }
    None
}

fn dsf(bytes: &Bytes<'_>, track: &mut SoundTrack) -> Option<()> {
    // Bits, of which ffprobe counts eight as a sample.
    let rate = bytes.long_le(56)? / 8;
    let frames = bytes.array(64).map(u64::from_le_bytes)? / 8;
    fill(track, rate, usize::try_from(bytes.long_le(52)?).ok()?, Some(frames));
    Some(())
}

fn tta(bytes: &Bytes<'_>, track: &mut SoundTrack) -> Option<()> {
    let frames = u64::from(bytes.long_le(14)?);
    fill(track, bytes.long_le(10)?, bytes.short_le(6)?.into(), Some(frames));
    Some(())
}

fn monkeys_audio(bytes: &Bytes<'_>, track: &mut SoundTrack) -> Option<()> {
    // Older versions have another head.
    if bytes.short_le(4)? < 3980 {
        return None;
    }
    let head = u64::from(bytes.long_le(8)?);
    let per_frame = u64::from(bytes.long_le(head + 4)?);
    let last = u64::from(bytes.long_le(head + 8)?);
    let count = u64::from(bytes.long_le(head + 12)?);
    let frames = per_frame.checked_mul(count.saturating_sub(1))?.checked_add(last);
    fill(track, bytes.long_le(head + 20)?, bytes.short_le(head + 18)?.into(), frames);
    Some(())
}

fn voc(bytes: &Bytes<'_>, track: &mut SoundTrack) -> Option<()> {
    let block = u64::from(bytes.short_le(20)?);
    match bytes.byte(block)? {
        1 => {
            let divisor = 256 - u32::from(bytes.byte(block + 4)?);
            track.codec = (bytes.byte(block + 5)? == 0).then(|| "pcm_u8".to_owned());
            fill(track, 1_000_000 / divisor, 1, None);
        }
        9 => {
            let channels = usize::from(bytes.byte(block + 9)?);
            let codec = match bytes.short_le(block + 10)? {
                0 => Some("pcm_u8"),
                4 => Some("pcm_s16le"),
                6 => Some("pcm_alaw"),
                7 => Some("pcm_mulaw"),
                _ => None,
            };
            track.codec = codec.map(str::to_owned);
            fill(track, bytes.long_le(block + 4)?, channels, None);
        }
        _ => {}
    }
    Some(())
}

fn sphere(bytes: &Bytes<'_>, track: &mut SoundTrack) -> Option<()> {
    let head = String::from_utf8_lossy(&bytes.start(1024)).into_owned();
    let field = |name: &str| {
        let line = head.lines().find(|line| line.split(' ').next() == Some(name))?;
        line.split(' ').nth(2)?.trim().parse::<u32>().ok()
    };
    let channels = usize::try_from(field("channel_count").unwrap_or(1)).ok()?;
    fill(track, field("sample_rate")?, channels, field("sample_count").map(u64::from));
    Some(())
}
