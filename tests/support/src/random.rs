//! Random cases for tests: always the same ones, and more of them where `CAPTION_CASES` says so.

use fastrand::Rng;

/// As many as take no noticeable time.
const CASES: u64 = 64;

/// Runs a test on one case after another, and tells the number of the one that failed.
pub fn cases(mut test: impl FnMut(&mut Rng)) {
    let count = std::env::var("CAPTION_CASES").ok().and_then(|count| count.parse().ok());
    for number in 0..count.unwrap_or(CASES) {
        let _told = Told(number);
        test(&mut Rng::with_seed(number));
    }
}

/// One of these.
pub fn one_of<'a, T: ?Sized>(random: &mut Rng, choices: &[&'a T]) -> &'a T {
    choices[random.usize(..choices.len())]
}

/// Up to so many of these in a row, and some bytes of any kind.
pub fn soup(random: &mut Rng, most: usize, words: &[&str]) -> Vec<u8> {
    let mut soup = Vec::new();
    for _ in 0..random.usize(..=most) {
        match random.u8(..10) {
            0 => soup.push(random.u8(..)),
            1 => soup.extend(random.char(..).to_string().bytes()),
            _ => soup.extend(one_of(random, words).bytes()),
        }
    }
    soup
}

/// The same bytes with a few of them changed, left out, or there twice.
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

struct Told(u64);

impl Drop for Told {
    #[expect(clippy::print_stderr, reason = "to find the case again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("case {}", self.0);
        }
    }
}
