//! Random test cases: the same ones in every run, more of them with `CAPTION_CASES=N`, and
//! reduced to a small one if a test fails.
//!
//! `arbtest` turns a seed into bytes, repeats a failure with `ARBTEST_SEED` and looks for a smaller
//! failing seed. [`Rng`] spends those bytes.

use std::ops::{Bound, RangeBounds};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arbtest::arbitrary::Unstructured;
use arbtest::arbtest;

/// Cases of a test by default: they take no noticeable time.
const DEFAULT_CASES: u32 = 64;
/// Bytes of randomness of the smallest and of the largest cases.
const SIZES: [u32; 8] = [64, 128, 256, 512, 1024, 2048, 4096, 8192];
/// Time spent on a smaller failing case, in milliseconds.
const MINIMIZE_MS: u64 = 2_000;

/// Runs a test on one random case after another: 64, or `CAPTION_CASES`.
///
/// A failure prints its seed, then is reduced: the panic that ends the test is the one of the
/// smallest failing case. `ARBTEST_SEED=0x... cargo test NAME` repeats a single case.
pub fn cases(test: impl FnMut(&mut Rng)) {
    run_cases(DEFAULT_CASES, test);
}

/// Runs a test that is slow as [`cases`] does, with another default number of cases.
pub fn run_cases(default: u32, mut test: impl FnMut(&mut Rng)) {
    let mut property = |bytes: &mut Unstructured<'_>| {
        test(&mut Rng::new(bytes));
        Ok(())
    };
    if std::env::var_os("ARBTEST_SEED").is_some() {
        return arbtest(property).run();
    }
    let count = std::env::var("CAPTION_CASES").ok().and_then(|count| count.parse().ok());
    for seed in (0..count.unwrap_or(default)).map(seed) {
        let case = arbtest(&mut property).seed(seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case.run())) {
            fail_smallest(seed, &mut test);
            resume_unwind(panic);
        }
    }
}

/// Reduces a failing case and runs the test on the smallest case found.
fn fail_smallest(seed: u64, test: &mut impl FnMut(&mut Rng)) {
    let mut smallest: Option<Vec<u8>> = None;
    let reduce = arbtest(|bytes| {
        let mut random = Rng::new(bytes);
        let result = catch_unwind(AssertUnwindSafe(|| test(&mut random)));
        if let Err(panic) = result {
            smallest = bytes.peek_bytes(bytes.len()).map(<[u8]>::to_vec);
            resume_unwind(panic);
        }
        Ok(())
    });
    reduce.seed(seed).minimize().budget_ms(MINIMIZE_MS).run();
    if let Some(bytes) = smallest {
        test(&mut Rng::new(&Unstructured::new(&bytes)));
    }
}

/// The seed of a case: arbtest takes the lower half as the number of bytes.
fn seed(number: u32) -> u64 {
    let size = SIZES[number as usize % SIZES.len()];
    let random = (number + 1).wrapping_mul(0x9e37_79b9);
    u64::from(random) << u32::BITS | u64::from(size)
}

/// Source of random values. It returns the smallest values once its bytes are used up, so that
/// fewer bytes make a smaller case.
#[derive(Debug)]
pub struct Rng {
    bytes: Vec<u8>,
    used: usize,
}

/// A method for each integer type, with any range of it.
macro_rules! integers {
    ($($kind:ident)*) => { $(
        #[doc = concat!("Returns a `", stringify!($kind), "` in the range.")]
        pub fn $kind(&mut self, range: impl RangeBounds<$kind>) -> $kind {
            let start = match range.start_bound() {
                Bound::Included(start) => *start,
                Bound::Excluded(start) => *start + 1,
                Bound::Unbounded => $kind::MIN,
            };
            let end = match range.end_bound() {
                Bound::Included(end) => *end,
                Bound::Excluded(end) => *end - 1,
                Bound::Unbounded => $kind::MAX,
            };
            self.take(|bytes| bytes.int_in_range(start..=end))
        }
    )* };
}

impl Rng {
    fn new(bytes: &Unstructured<'_>) -> Self {
        Self { bytes: bytes.peek_bytes(bytes.len()).unwrap_or_default().to_vec(), used: 0 }
    }

    fn take<T>(
        &mut self,
        read: impl FnOnce(&mut Unstructured<'_>) -> arbtest::arbitrary::Result<T>,
    ) -> T {
        let mut bytes = Unstructured::new(&self.bytes[self.used..]);
        let value = read(&mut bytes).expect("missing bytes count as zeros");
        self.used = self.bytes.len() - bytes.len();
        value
    }

    integers!(u8 u16 u32 u64 usize i64);

    /// Returns true or false.
    pub fn bool(&mut self) -> bool {
        self.u8(0..=1) == 1
    }

    /// Returns a number from 0 to 1.
    pub fn f64(&mut self) -> f64 {
        f64::from(self.u32(..)) / f64::from(u32::MAX)
    }

    /// Returns any character.
    pub fn char(&mut self) -> char {
        char::from_u32(self.u32(..=0x10_ffff)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// Returns one of the choices.
pub fn one_of<'a, T: ?Sized>(random: &mut Rng, choices: &[&'a T]) -> &'a T {
    choices[random.usize(..choices.len())]
}

/// Returns at most `max` of the words in a row, mixed with random bytes and characters.
pub fn soup(random: &mut Rng, max: usize, words: &[&str]) -> Vec<u8> {
    let mut soup = Vec::new();
    for _ in 0..random.usize(..=max) {
        match random.u8(..10) {
            0 => soup.push(random.u8(..)),
            1 => soup.extend(random.char().to_string().bytes()),
            _ => soup.extend(one_of(random, words).bytes()),
        }
    }
    soup
}

/// Returns the bytes with a few of them changed, removed or duplicated.
pub fn mutated(random: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.usize(..4) {
        if bytes.is_empty() {
            return bytes;
        }
        let (one, other) = (random.usize(..bytes.len()), random.usize(..bytes.len()));
        let span = one.min(other)..one.max(other);
        match random.u8(..4) {
            0 => bytes[one] = random.u8(..),
            1 => bytes.truncate(one),
            2 => drop(bytes.drain(span)),
            _ => {
                let copy = bytes[span].to_vec();
                bytes.splice(one..one, copy);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_are_always_the_same() {
        let run = || {
            let mut values = Vec::new();
            cases(|random| values.push((random.u64(..), random.usize(3..9), random.char())));
            values
        };
        let values = run();
        assert_eq!(values, run());
        assert!(values.iter().all(|(_, small, _)| (3..9).contains(small)));
        let different: std::collections::HashSet<_> = values.iter().collect();
        assert!(different.len() > values.len() / 2);
    }

    #[test]
    fn a_failure_is_reduced() {
        let test = |random: &mut Rng| {
            let bytes: Vec<_> = (0..random.usize(..1000)).map(|_| random.u8(..)).collect();
            let large = bytes.iter().filter(|byte| **byte > 128).count();
            assert!(large < 3, "{large}");
        };
        let panic = catch_unwind(|| cases(test)).expect_err("some case has three large bytes");
        let large: usize = panic.downcast_ref::<String>().unwrap().parse().unwrap();
        // The first failure has dozens. The search for a smaller one has a time limit.
        assert!((3..10).contains(&large), "{large}");
    }
}
