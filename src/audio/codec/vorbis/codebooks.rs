//! Size of the codebooks of Vorbis, whose decoder unpacks them into memory: a setup of some
//! kilobytes may declare gigabytes.
//!
//! Source: "Vorbis I specification", section 3.2.1.

use symphonia::core::errors::{Result, limit_error};
use symphonia::core::io::{BitReaderRtl, ReadBitsRtl};

/// Numbers in all codebooks together, several times those of any encoder.
const MAX_NUMBERS: u64 = 1 << 20;

/// Numbers that the decoder needs for an entry at least.
const MIN_ENTRY: u64 = 4;

/// Bytes of a setup header before its codebooks: its type and signature.
const SIGNATURE_LEN: usize = 7;

/// Fails if the codebooks of a setup header take too much memory.
pub(super) fn check(setup: &[u8]) -> Result<()> {
    let mut bits = BitReaderRtl::new(setup.get(SIGNATURE_LEN..).unwrap_or_default());
    let codebooks = bits.read_bits_leq32(8)? + 1;
    let mut numbers = 0;
    for _ in 0..codebooks {
        // Behind the synchronization word.
        bits.ignore_bits(24)?;
        let (dimensions, entries) = (bits.read_bits_leq32(16)?, bits.read_bits_leq32(24)?);
        numbers += u64::from(entries) * u64::from(dimensions).max(MIN_ENTRY);
        if numbers > MAX_NUMBERS {
            return limit_error("vorbis: codebooks of that size");
        }
        skip_lengths(&mut bits, entries)?;
        skip_lookup(&mut bits, dimensions, entries)?;
    }
    Ok(())
}

/// Skips the lengths of the codewords.
fn skip_lengths(bits: &mut BitReaderRtl<'_>, entries: u32) -> Result<()> {
    let is_ordered = bits.read_bool()?;
    if is_ordered {
        // Ordered: the number of entries of each length, up to the longest.
        bits.ignore_bits(5)?;
        let mut left = entries;
        while left > 0 {
            let of_length = bits.read_bits_leq32(u32::BITS - left.leading_zeros())?;
            left = left.saturating_sub(of_length);
        }
        return Ok(());
    }
    let is_sparse = bits.read_bool()?;
    if is_sparse {
        for _ in 0..entries {
            if bits.read_bool()? {
                bits.ignore_bits(5)?;
            }
        }
    } else {
        bits.ignore_bits(5 * entries)?;
    }
    Ok(())
}

/// Skips the numbers that entries are made of.
fn skip_lookup(bits: &mut BitReaderRtl<'_>, dimensions: u32, entries: u32) -> Result<()> {
    let numbers = match bits.read_bits_leq32(4)? {
        0 => return Ok(()),
        1 => root(entries, dimensions),
        _ => entries * dimensions,
    };
    bits.ignore_bits(64)?;
    let width = bits.read_bits_leq32(4)? + 1;
    bits.ignore_bits(1)?;
    bits.ignore_bits(numbers * width).map_err(Into::into)
}

/// Largest number whose power is at most `entries`.
fn root(entries: u32, dimensions: u32) -> u32 {
    let fits = |number: &u32| number.checked_pow(dimensions).is_some_and(|power| power <= entries);
    (1..=entries).take_while(fits).last().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_root_is_rounded_down() {
        let roots = [(1, 1), (8, 2), (9, 2), (625, 4), (131_072, 32)].map(|(n, d)| root(n, d));
        assert_eq!(roots, [1, 2, 3, 5, 1]);
    }
}
