//! Tag of iTunes with the delay of an encoder. Without an edit list, nothing else in an MP4 file says
//! where the audio begins.
//!
//! Source: the tag as iTunes and fdkaac write it: hexadecimal numbers, of which the second one is the
//! delay, in ticks of the track.

use super::layout::Walker;

/// Name of the tag, and of the box with its value.
const NAME: &[u8] = b"iTunSMPB";
const VALUE: &[u8] = b"data";

/// Type and language before a value.
const VALUE_HEADER: usize = 8;

/// Characters of a value up to the end of the second number.
const NUMBERS: usize = 18;

/// The longest delay that an encoder has; that of HE-AAC has some 5,000 ticks.
const MAX_DELAY: u64 = 16_384;

/// Bytes of metadata that are searched.
const MAX_SEARCHED: u64 = 64 << 10;

/// Delay that the tag declares in the metadata of a movie.
pub(super) fn delay(walker: &mut Walker, content: u64, end: u64) -> Option<u64> {
    let len = end.min(walker.len()).checked_sub(content)?.min(MAX_SEARCHED);
    let bytes = walker.bytes_at(content, usize::try_from(len).ok()?)?;
    let tag = behind(&bytes, NAME)?;
    let value = str::from_utf8(behind(tag, VALUE)?.get(VALUE_HEADER..)?.get(..NUMBERS)?).ok()?;
    let delay = u64::from_str_radix(value.split_whitespace().nth(1)?, 16).ok()?;
    (delay <= MAX_DELAY).then_some(delay)
}

/// The bytes behind the first occurrence of others.
fn behind<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some(&bytes[at + mark.len()..])
}
