//! Pattern that a caption must or must not have.

use regex::{Regex, RegexBuilder};

use crate::error::{Error, Setting};
use crate::text::one_line;

/// A pattern and whether it is wanted.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    /// What the compiled pattern takes at most, in bytes.
    pub(super) size: usize,
    is_wanted: bool,
}

/// What is wrong with a caption.
pub(super) struct Violation {
    pub(super) message: String,
    pub(super) matched: Option<String>,
    pub(super) sentence: Option<String>,
}

/// What is longer is cut off, in characters.
const LONGEST_QUOTE: usize = 100;
const LONGEST_SENTENCE: usize = 400;

/// What compiled patterns may take, in bytes: words, classes of letters, repeated ones, and the
/// largest of all.
const SIZES: [usize; 4] = [8 << 10, 64 << 10, 512 << 10, 4 << 20];

impl Pattern {
    pub(super) fn deny(pattern: &str) -> Result<Self, Error> {
        Self::new(pattern, false)
    }

    pub(super) fn require(pattern: &str) -> Result<Self, Error> {
        Self::new(pattern, true)
    }

    fn new(pattern: &str, is_wanted: bool) -> Result<Self, Error> {
        let (regex, size) = compile(pattern)?;
        Ok(Self { regex, size, is_wanted })
    }

    pub(super) fn violation(&self, caption: &str) -> Option<Violation> {
        match self.regex.find(caption) {
            Some(found) if !self.is_wanted => Some(Violation {
                message: format!("says \"{}\"", one_line(found.as_str(), LONGEST_QUOTE)),
                matched: Some(one_line(found.as_str(), LONGEST_QUOTE)),
                sentence: Some({
                    one_line(sentence(caption, found.start(), found.end()), LONGEST_SENTENCE)
                }),
            }),
            None if self.is_wanted => Some(Violation {
                message: format!("does not say {}", self.regex),
                matched: None,
                sentence: None,
            }),
            _ => None,
        }
    }
}

/// The pattern and the first size that is enough.
fn compile(pattern: &str) -> Result<(Regex, usize), Error> {
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(true);
    let mut build = |size| builder.size_limit(size).build().map(|regex| (regex, size));
    let [first, rest @ ..] = SIZES;
    let regex = rest.into_iter().fold(build(first), |result, size| match result {
        Err(regex::Error::CompiledTooBig(_)) => build(size),
        result => result,
    });
    regex.map_err(|e| {
        // The last line is the reason; those above point into the pattern.
        let text = e.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Error::invalid(Setting::Regex, pattern, reason)
    })
}

/// The sentence around a match, or the sentences where it goes over several.
fn sentence(caption: &str, start: usize, end: usize) -> &str {
    let ends_one = |(at, c): (usize, char)| {
        let next = caption[at + c.len_utf8()..].chars().next();
        let ends = matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace);
        (ends || c == '\n').then_some(at + c.len_utf8())
    };
    let from = caption[..start].char_indices().rev().find_map(ends_one).unwrap_or(0);
    // A match may hold the end of its sentence.
    let last = caption[..end].char_indices().next_back().map_or(0, |(at, _)| at.max(start));
    let to = caption[last..].char_indices().find_map(|(at, c)| ends_one((last + at, c)));
    caption[from..to.unwrap_or(caption.len()).max(end)].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_quoted_in_its_sentence() {
        let caption = "Rain at 3.5 dB. A man says \"Stop!\" twice. Then silence";
        for (word, expected) in [
            ("rain", "Rain at 3.5 dB."),
            ("3.5", "Rain at 3.5 dB."),
            ("man", "A man says \"Stop!\" twice."),
            ("twice.", "A man says \"Stop!\" twice."),
            ("silence", "Then silence"),
            ("dB. A", "Rain at 3.5 dB. A man says \"Stop!\" twice."),
        ] {
            let violation = Pattern::deny(word).unwrap().violation(caption).unwrap();
            assert_eq!(violation.sentence.as_deref(), Some(expected), "{word}");
        }
    }
}
